"""How a host stands right now, as plain data: each site's record, health check and own answer. Pure.

`failover.oncall.look` reads it, `failover.oncall.notes` says what of it somebody on call has to know. Health is Route
53's: a disabled check counts as healthy, an inverted one as the opposite of what its checkers see, a calculated one as
healthy while enough of its children are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from failover.drill.facts import CheckerView
from failover.drill.fleet import TAG_DRAINED_BY, TAG_EXPIRES, TAG_ID, share_sites
from failover.oncall.switch_note import SwitchNote
from failover.routing.answers import RecordSet, shares

TAG_BY, TAG_SINCE, TAG_WHY = TAG_DRAINED_BY, "drain:since", "drain:why"
BY_SWITCH = "its drain switch"
DRAIN_TAGS = (TAG_BY, TAG_SINCE, TAG_WHY)
_DRILL_TIME = "%Y-%m-%dT%H-%M-%SZ"  # how the id of a drill begins


@dataclass(frozen=True)
class CheckStanding:
    """A health check as it is set, and what its checkers report; `view` is None where no checker connects anywhere.

    `note` is what the drain switch says that it sees.
    """

    id: str
    version: int
    kind: str = "HTTPS_STR_MATCH"
    path: str = "/health"
    interval_seconds: int = 10
    failure_threshold: int = 3
    disabled: bool = False
    inverted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    view: CheckerView | None = None
    children: tuple[CheckStanding, ...] = ()
    children_needed: int = 0
    note: SwitchNote = field(default_factory=SwitchNote)

    @property
    def is_healthy(self) -> bool:
        """What Route 53 makes of it; what is not known counts as healthy, as with Route 53."""
        return (self.disabled or self.sees_success) != self.inverted

    @property
    def sees_success(self) -> bool:
        """What its checkers, or its children, say, whatever the check is set to."""
        if self.children:
            return sum(child.is_healthy for child in self.children) >= self.children_needed
        return self.view is None or not self.view.total or self.view.healthy

    @property
    def endpoint(self) -> CheckStanding:
        """The check that asks the site itself: this one, or of a calculated one the child that looks for no switch."""
        inside = [child.endpoint for child in self.children if child.disabled or not child.inverted]
        return inside[0] if inside else self

    @property
    def sees_switch(self) -> bool:
        """Whether it looks for a drain switch, and sees it: such a check is inverted, and enabled."""
        return self.inverted and not self.disabled and not self.is_healthy

    @property
    def thrown_switch(self) -> CheckStanding | None:
        """The one of its children that sees a drain switch."""
        return next((child for child in self.children if child.sees_switch), None)

    @property
    def is_switched_off(self) -> bool:
        """Disabled and inverted: unhealthy whatever the site does, as drills and drains leave it."""
        return self.disabled and self.inverted


@dataclass(frozen=True)
class SiteLook:
    """What a site said when it was asked at its own address, as the public host, by its health check's path."""

    address: str | None = None
    status: int | None = None
    reasons: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    seconds: float = 0.0
    certificate_ends: datetime | None = None
    bad_certificate: bool = False
    error: str = ""

    @property
    def problem(self) -> str:
        """Why it does not serve; empty when it does."""
        if self.error:
            return self.error
        if self.status != 200:
            return f"answers {self.status}" + "".join(f", {reason}" for reason in self.reasons[:1])
        return "" if self.certificate_ends else "has no valid certificate"


@dataclass(frozen=True)
class Outage:
    """Who took a site out of DNS, since when and why, as the tags of its health check tell; "" where they do not."""

    by: str
    since: str
    why: str
    by_drill: bool = False


@dataclass(frozen=True)
class SiteStanding:
    """One record that answers for the host: its name is its SetIdentifier."""

    name: str
    record: RecordSet
    origin_host: str
    check: CheckStanding | None = None
    look: SiteLook = field(default_factory=SiteLook)

    @property
    def endpoint(self) -> CheckStanding | None:
        """The check that asks the site itself, and that drills and drains switch; None where there is none."""
        return self.check.endpoint if self.check else None

    @property
    def is_healthy(self) -> bool:
        """Whether Route 53 takes it for healthy; without a check it always does."""
        return self.check is None or self.check.is_healthy

    @property
    def drill_id(self) -> str:
        """The drill that holds it; "" for none."""
        return self._tags.get(TAG_ID, "")

    @property
    def drill_expires(self) -> str:
        """When that drill should have given it back, as its tag says."""
        return self._tags.get(TAG_EXPIRES, "")

    @property
    def is_tagged_drained(self) -> bool:
        """Whether a drain left its tags."""
        return any(tag in self._tags for tag in DRAIN_TAGS)

    def find_outage(self) -> Outage | None:
        """Who switched its check off, or threw its drain switch; None where nobody did."""
        if self.check is not None and self.check.thrown_switch:
            note = self.check.thrown_switch.note
            return Outage(f"{note.by}, with {BY_SWITCH}" if note.by else BY_SWITCH, note.since, note.why)
        if self.endpoint is None or not self.endpoint.is_switched_off:
            return None
        if self.drill_id:
            return Outage(f"drill {self.drill_id}", _begin_of(self.drill_id), "", by_drill=True)
        tags = self._tags
        return Outage(tags.get(TAG_BY, ""), tags.get(TAG_SINCE, ""), tags.get(TAG_WHY, ""))

    @property
    def _tags(self) -> Mapping[str, str]:
        return self.endpoint.tags if self.endpoint else {}


@dataclass(frozen=True)
class HostStanding:
    """Everything about one host at one moment. `unfinished` are journals that killed drills left on this machine.

    `records` are all that lead to the sites, where they are not one weighted group: shares are then those of a client
    whose place nobody knows.
    """

    host: str
    ttl_seconds: int
    sites: tuple[SiteStanding, ...]
    now: datetime
    unfinished: tuple[str, ...] = ()
    records: tuple[RecordSet, ...] = ()

    def find(self, name: str) -> SiteStanding | None:
        """The site of that name."""
        return next((site for site in self.sites if site.name == name), None)

    @property
    def nobody_is_healthy(self) -> bool:
        """Route 53 then answers as if all were (API reference, ResourceRecordSet.HealthCheckId)."""
        return not any(site.is_healthy for site in self.sites if site.record.weight != 0)

    def shares(self, *, without: str = "", all_healthy: bool = False) -> dict[str, float]:
        """With what probability DNS answers with each site: now, without one of them, or were all healthy."""
        healthy = {site.name: all_healthy or (site.is_healthy and site.name != without) for site in self.sites}
        if self.records:
            return share_sites(self.records, self.host, {name for name, is_up in healthy.items() if not is_up})
        # Each record stands for its own check here, so that a record without one can be left out as well.
        records = [replace(site.record, health_check_id=site.name) for site in self.sites]
        return shares(records, healthy=lambda name: healthy[name])

    def find_survivors(self, without: str) -> list[SiteStanding]:
        """The other sites that serve: to Route 53, and when they are asked themselves."""
        others = [site for site in self.sites if site.name != without]
        return [site for site in others if site.is_healthy and not site.look.problem and site.record.weight != 0]


def same_problem(sites: Sequence[SiteStanding]) -> bool:
    """Whether every site has one: then the cause may be the path from here, or what all of them share."""
    return bool(sites) and all(site.look.problem for site in sites)


def _begin_of(drill_id: str) -> str:
    try:
        began = datetime.strptime(drill_id.rpartition("-")[0], _DRILL_TIME).replace(tzinfo=UTC)
    except ValueError:
        return ""
    return began.isoformat(timespec="seconds")
