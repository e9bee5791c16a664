"""Taking a site out of DNS and putting it back, by hand and for as long as it takes; never the last one unasked.

A drain switches the site's health check off (disabled *and* inverted, as a drill of level 1 does) and tags it with who
did it, when and why. It stays until `undrain`: no `pulumi up` ends it, and a drill refuses while it lasts. Each write
names the version of the check that was looked at, so that two people at once do not overwrite each other unseen.

This way needs Route 53's control plane. `failover.oncall.switch` is the one that does not, where a site has a switch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from failover.drill.fleet import is_past
from failover.drill.route53 import translate_errors
from failover.oncall.standing import DRAIN_TAGS, TAG_BY, TAG_SINCE, TAG_WHY, CheckStanding, HostStanding, SiteStanding
from service.errors import InvalidInput, Mistake, Refused

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

_UNTAGGABLE = re.compile(r"[^\w .:/=+@-]", re.ASCII)
_TAG_LENGTH = 256


@dataclass(frozen=True)
class Reason:
    """What a drain writes down: who, since when (ISO, UTC), and why."""

    by: str
    since: str
    why: str

    def to_tags(self) -> dict[str, str]:
        """Tags as Route 53 takes them: 256 characters, and few beside letters and digits."""
        told = {TAG_BY: self.by, TAG_SINCE: self.since, TAG_WHY: self.why}
        return {key: _UNTAGGABLE.sub("_", value)[:_TAG_LENGTH] for key, value in told.items()}


class Way(Protocol):
    """A way of taking one site out of DNS and putting it back; both answer what was done."""

    def drain(self, site: SiteStanding, reason: Reason) -> str: ...
    def undrain(self, site: SiteStanding) -> str: ...


class HealthCheckWay:
    """By the health check of the site's record, through Route 53's control plane."""

    def __init__(self, route53: Route53Client) -> None:
        self._route53 = route53

    def drain(self, site: SiteStanding, reason: Reason) -> str:
        """Tag first: whatever happens between the two calls, it shows who was at work."""
        check = _require_check(site)
        self._tag(check, reason.to_tags())
        self._switch(check, off=True)
        return f"health check {check.id} is disabled and inverted: Route 53 takes {site.name} for unhealthy"

    def undrain(self, site: SiteStanding) -> str:
        """Switch first, for the same reason."""
        check = _require_check(site)
        if check.disabled or check.inverted:
            self._switch(check, off=False)
        with translate_errors(f"untag health check {check.id}"):
            self._route53.change_tags_for_resource(
                ResourceType="healthcheck", ResourceId=check.id, RemoveTagKeys=list(DRAIN_TAGS)
            )
        return f"health check {check.id} is as before: what its checkers see of {site.name} counts again"

    def _tag(self, check: CheckStanding, tags: dict[str, str]) -> None:
        with translate_errors(f"tag health check {check.id}"):
            self._route53.change_tags_for_resource(
                ResourceType="healthcheck",
                ResourceId=check.id,
                AddTags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )

    def _switch(self, check: CheckStanding, *, off: bool) -> None:
        with translate_errors(f"switch health check {check.id} {'off' if off else 'on'}"):
            self._route53.update_health_check(
                HealthCheckId=check.id, HealthCheckVersion=check.version, Disabled=off, Inverted=off
            )


def find_site(standing: HostStanding, name: str) -> SiteStanding:
    """The site of that name. Raises InvalidInput with the names that there are."""
    site = standing.find(name)
    if site is None:
        known = ", ".join(each.name for each in standing.sites)
        mistake = Mistake("SITE", f"{name!r} is no site behind {standing.host}", f"one of: {known}")
        raise InvalidInput("there is no such site", [mistake])
    return site


def check_drain(standing: HostStanding, site: SiteStanding, *, last: str = "") -> None:
    """Raise Refused where a drain would leave nobody, unless `last` names this very site; or where a drill has it."""
    if site.drill_id and not is_expired(site, standing.now):
        raise Refused(
            f"drill {site.drill_id} holds {site.name} until {site.drill_expires}; nothing was changed",
            hint="end it (Ctrl-C, or kill -TERM, undoes it; a killed one: outlast drill restore), then drain",
        )
    check_last(site.name, last)
    if last or standing.find_survivors(site.name):
        return
    others = [each for each in standing.sites if each.name != site.name]
    mistakes = [Mistake(each.name, _why_no_survivor(each)) for each in others]
    raise Refused(
        f"without {site.name} no healthy site would be left, and DNS would answer with all of them; nothing was "
        "changed",
        mistakes or [Mistake(standing.host, "has no other site")],
        hint=f"mend one of them first; or, knowing that: outlast drain {site.name} --last {site.name}",
    )


def check_last(site: str, last: str) -> None:
    """Raise InvalidInput where `--last` names another site than the one that is drained."""
    if last and last != site:
        mistake = Mistake("--last", f"names {last}, and {site} is to be drained", "name one")
        raise InvalidInput("these two do not fit", [mistake])


def check_undrain(site: SiteStanding, now: datetime, *, anyway: bool = False) -> None:
    """Raise Refused where a drill has the site, or where it would be given back although it does not answer right."""
    if site.drill_id and not is_expired(site, now):
        raise Refused(
            f"drill {site.drill_id} took {site.name} out, not a drain; nothing was changed",
            hint="it gives it back by itself; if it was killed: outlast drill restore",
        )
    if site.look.problem and not anyway:
        raise Refused(
            f"{site.name} is not given back: asked directly it {site.look.problem}, and a check that is switched on "
            "again counts as healthy until its checkers have looked; nothing was changed",
            hint=f"mend it first; or, knowing that: outlast undrain {site.name} --anyway",
        )


def is_expired(site: SiteStanding, now: datetime) -> bool:
    """Whether a drill has the site that should have given it back."""
    return bool(site.drill_id) and is_past(site.drill_expires, now)


def is_out(site: SiteStanding) -> bool:
    """Whether an undrain has anything to do."""
    return site.is_tagged_drained or (site.endpoint is not None and (site.endpoint.disabled or site.endpoint.inverted))


def refuse_switched(site: SiteStanding) -> None:
    """Raise Refused where a site's drain switch holds it out, which its health check cannot take back."""
    if site.check is not None and site.check.thrown_switch:
        raise Refused(
            f"{site.name} is drained by its drain switch, and not by its health check; nothing was changed",
            hint="outlast undrain where the stack files are, with credentials of the store's cloud; by hand: "
            "docs/guides/empty-a-cloud.md",
        )


def _why_no_survivor(site: SiteStanding) -> str:
    if not site.is_healthy:
        outage = site.find_outage()
        return f"is taken out by {outage.by or 'somebody'}" if outage else "is unhealthy to Route 53"
    return f"asked directly, it {site.look.problem}" if site.look.problem else "has weight 0"


def _require_check(site: SiteStanding) -> CheckStanding:
    if site.endpoint is None:
        raise Refused(
            f"the record of {site.name} has no health check by which DNS could leave it; nothing was changed",
            hint="give it one in the stack `traffic`; until then only its record can be removed",
        )
    return site.endpoint


def describe_shares(shares: dict[str, float]) -> str:
    """`azure 60 %, gcp 40 %`: who answers, the largest share first."""
    found = sorted(((share, name) for name, share in shares.items() if share), key=lambda pair: (-pair[0], pair[1]))
    return ", ".join(f"{name} {share:.0%}" for share, name in found)
