"""What was found out about the sites, as plain data: guards judge it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from failover.drill.fleet import FleetSite
from failover.drill.plan import DrillPlan
from failover.routing.predict import HEALTHY_SHARE


@dataclass(frozen=True)
class CheckerView:
    """What Route 53's checkers saw of one site: how many of them report success."""

    succeeding: int
    total: int
    failure: str = ""
    """What one of those that fail reports."""
    regions: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What a checker of each region that fails reports; "" of a region where none does."""

    @property
    def healthy(self) -> bool:
        """Route 53's own rule; no report at all is not health."""
        return self.total > 0 and self.succeeding / self.total > HEALTHY_SHARE


def is_failure(report: str) -> bool:
    """Whether what a checker reports is no success."""
    return not report.startswith("Success")


def by_region(reports: Iterable[tuple[str, str]]) -> dict[str, str]:
    """(region, report) of each checker -> what one that fails reports, by region; "" of a region where none does."""
    found: dict[str, str] = {}
    for region, report in reports:
        if region:  # not every observer says where it is
            found[region] = found.get(region, "") or (report if is_failure(report) else "")
    return found


@dataclass(frozen=True)
class Answer:
    """One inference request's outcome: `error` when no answer came, `wrong` when it is not the golden one."""

    served_by: str | None
    seconds: float
    error: str = ""
    wrong: str = ""

    @property
    def right(self) -> bool:
        """An answer came and it was the expected one."""
        return not self.error and not self.wrong


@dataclass(frozen=True)
class SiteProbe:
    """What a pinned probe found at one site; `certificate_ends` is None when no valid certificate was served."""

    site: str
    address: str | None
    answer: Answer
    certificate_ends: datetime | None
    certificate_error: str = ""
    digest: str = ""
    """Of the model that the site says it serves; empty where it does not say."""


@dataclass(frozen=True)
class Facts:
    """What was found just now. `views` and `probes` are by site; `dns_ttl_seconds` is the host's TTL as DNS gave it."""

    plan: DrillPlan
    sites: tuple[FleetSite, ...]
    views: Mapping[str, CheckerView]
    probes: Mapping[str, SiteProbe]
    dns_ttl_seconds: int
    now: datetime
    own_drill: str = ""

    @property
    def lost(self) -> FleetSite:
        """The site to lose."""
        return next(site for site in self.sites if site.name == self.plan.lose)

    @property
    def survivors(self) -> tuple[FleetSite, ...]:
        """All other sites."""
        return tuple(site for site in self.sites if site.name != self.plan.lose)

    @property
    def digests(self) -> dict[str, str]:
        """The digest of the model that each site says it serves."""
        return {name: probe.digest for name, probe in sorted(self.probes.items())}

    def find_problem(self, name: str) -> str:
        """Why Route 53 or a golden row says that this site does not serve; empty when both say that it does."""
        view, probe = self.views.get(name), self.probes.get(name)
        if view is None or probe is None:
            return "was not looked at"
        if not view.total:
            return "has not been looked at by Route 53 yet (its checkers begin within an interval: wait a little)"
        if not view.healthy:
            why = f": {view.failure}" if view.failure else ""
            return f"is unhealthy to Route 53 ({view.succeeding} of {view.total} checkers succeed{why})"
        if not probe.answer.right:
            return f"does not answer right: {probe.answer.error or probe.answer.wrong}"
        return f"has no valid certificate: {probe.certificate_error}" if probe.certificate_ends is None else ""
