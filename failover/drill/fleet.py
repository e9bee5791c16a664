"""The sites behind one host, as Route 53 has them. Pure: `failover.drill.discover` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

TAG_ID, TAG_EXPIRES = "drill:id", "drill:expires-at"
TAG_UNDO = "drill:undo"
TAG_CAPACITY, TAG_DIGEST = "outlast:capacity-rps", "outlast:model-digest"
TAG_WORKLOAD, TAG_FLAG = "outlast:workload", "outlast:fault-flag"


@dataclass(frozen=True)
class HealthCheck:
    """A health check's settings that matter to a drill; `version` is Route 53's optimistic lock."""

    id: str
    version: int
    interval_seconds: int
    failure_threshold: int
    disabled: bool = False
    inverted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def drill_id(self) -> str | None:
        """The drill that holds this check, if one does."""
        return self.tags.get(TAG_ID)

    @property
    def expires_at(self) -> str:
        """When that drill should have given it back, as its tag says."""
        return self.tags.get(TAG_EXPIRES, "")

    def is_expired(self, now: datetime) -> bool:
        """Whether the drill that holds this check should have given it back; an unreadable time counts as expired."""
        try:
            return datetime.fromisoformat(self.tags[TAG_EXPIRES]).astimezone(UTC) <= now
        except (KeyError, ValueError):
            return True


@dataclass(frozen=True)
class FleetSite:
    """One weighted record: the site's name is its SetIdentifier."""

    name: str
    origin_host: str
    weight: int
    check: HealthCheck

    @property
    def capacity_rps(self) -> float | None:
        """Requests per second that the site says it can bear; None when it does not say, or not as a number."""
        try:
            capacity = float(self.check.tags[TAG_CAPACITY])
        except (KeyError, ValueError):
            return None
        return capacity if capacity > 0 else None

    @property
    def model_digest(self) -> str | None:
        """The digest of the model that the site says it serves."""
        return self.check.tags.get(TAG_DIGEST)

    @property
    def workload(self) -> str:
        """What runs the site, by the id that its own cloud gives it; empty when the site does not say."""
        return self.check.tags.get(TAG_WORKLOAD, "")

    @property
    def fault_flag(self) -> str:
        """The address at which the site's replicas look for a fault; empty when the site does not say."""
        return self.check.tags.get(TAG_FLAG, "")


@dataclass(frozen=True)
class Fleet:
    """All sites behind `host`, in the order of their names; `ttl_seconds` is that of the weighted records."""

    host: str
    zone_id: str
    ttl_seconds: int
    sites: tuple[FleetSite, ...]

    def site(self, name: str) -> FleetSite:
        """The site of that name; KeyError when there is none."""
        return {site.name: site for site in self.sites}[name]
