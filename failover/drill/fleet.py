"""The sites behind one host, as Route 53 has them. Pure: `failover.drill.discover` reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from failover.routing.answers import RecordSet, Sight, Zone
from failover.routing.spread import spread

TAG_ID, TAG_EXPIRES = "drill:id", "drill:expires-at"
TAG_UNDO = "drill:undo"
TAG_DRAINED_BY = "drain:by"
TAG_CAPACITY, TAG_DIGEST = "outlast:capacity-rps", "outlast:model-digest"
TAG_CLIENTS = "outlast:client-kinds"
TAG_WORKLOAD, TAG_FLAG = "outlast:workload", "outlast:fault-flag"


@dataclass(frozen=True)
class HealthCheck:
    """A health check's settings that matter to a drill; `version` is Route 53's optimistic lock.

    `switches` are the checks beside it, below the same calculated one, that look for a drain switch.
    """

    id: str
    version: int
    interval_seconds: int
    failure_threshold: int
    disabled: bool = False
    inverted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    switches: tuple[str, ...] = ()

    @property
    def drill_id(self) -> str | None:
        """The drill that holds this check, if one does."""
        return self.tags.get(TAG_ID)

    @property
    def expires_at(self) -> str:
        """When that drill should have given it back, as its tag says."""
        return self.tags.get(TAG_EXPIRES, "")

    def is_expired(self, now: datetime) -> bool:
        """Whether the drill that holds this check should have given it back."""
        return is_past(self.expires_at, now)


@dataclass(frozen=True)
class FleetSite:
    """A site: its name is the SetIdentifier of its records.

    `weight` is that of its record; where records are not weighted, its share of the answers in percent.
    """

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
    """All sites behind `host`, in the order of their names; `ttl_seconds` is that of their records.

    `records` are the host's and those of the groups that it leads to, where they are not one weighted group.
    """

    host: str
    zone_id: str
    ttl_seconds: int
    sites: tuple[FleetSite, ...]
    records: tuple[RecordSet, ...] = ()

    def shares(self, lost: str | None = None) -> dict[str, float]:
        """With what probability DNS answers with each site, all of them healthy but the lost one.

        To a client whose place nobody knows, as a drill's own clients are.
        """
        return share_sites(self.records or self._weighted(), self.host, {lost} if lost else set())

    def _weighted(self) -> tuple[RecordSet, ...]:
        return tuple(RecordSet(self.host, "CNAME", set_identifier=site.name, weight=site.weight) for site in self.sites)

    def site(self, name: str) -> FleetSite:
        """The site of that name; KeyError when there is none."""
        return {site.name: site for site in self.sites}[name]


def is_past(iso: str, now: datetime) -> bool:
    """Whether a tag's time has passed; one that is missing or cannot be read has."""
    try:
        return datetime.fromisoformat(iso).astimezone(UTC) <= now
    except ValueError:
        return True


def share_sites(records: Sequence[RecordSet], host: str, lost: Collection[str]) -> dict[str, float]:
    """The share of each site among the answers for `host`, by its name; those that are lost are unhealthy."""
    checked = (r if r.alias else replace(r, health_check_id=r.set_identifier) for r in records)
    zone = Zone(host, tuple(checked))
    sight = Sight([zone], lambda check_id: check_id not in lost)
    found = {str(record.set_identifier): 0.0 for record in records if not record.alias}
    for record, share in spread(sight, zone.group(host, "CNAME")).items():
        found[str(record.set_identifier)] += share
    return found
