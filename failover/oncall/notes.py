"""What somebody on call has to know about a host, most urgent first: what is so, and what to type. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from failover.drill.fleet import is_past
from failover.oncall.standing import HostStanding, SiteStanding, same_problem

Urgency = Literal["alarm", "warning", "note"]
_ORDER: dict[Urgency, int] = {"alarm": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Note:
    """One thing to know: `rule` never changes its name; `place` is a site, or the host."""

    rule: str
    urgency: Urgency
    place: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.urgency}: {self.place}: {self.what}\n  hint: {self.hint}"


def find_notes(standing: HostStanding) -> list[Note]:
    """Everything that is not as on a quiet day."""
    found = [*_about_host(standing), *(note for site in standing.sites for note in _about_site(standing, site))]
    return sorted(found, key=lambda note: _ORDER[note.urgency])


def _about_host(standing: HostStanding) -> Iterator[Note]:
    if standing.nobody_is_healthy:
        right = [site.name for site in standing.sites if not site.look.problem]
        serving = f"asked directly, {', '.join(right)} answers right" if right else "asked directly, none answers right"
        hint = "mend one site, or put one back that was taken out: outlast undrain SITE --anyway"
        yield Note(
            "fail-open", "alarm", standing.host, f"no site is healthy: DNS answers as if all were; {serving}", hint
        )
    if same_problem(standing.sites):
        what = "no site answers right, asked directly from here: the cause may be this machine's own network"
        yield Note("all-fail", "alarm", standing.host, what, "ask from another network before you change anything")
    for journal in standing.unfinished:
        yield Note("killed-drill", "alarm", standing.host, f"a killed drill left {journal}", "outlast drill restore")
    digests = {site.name: site.look.digests for site in standing.sites if site.look.digests}
    if len(set(digests.values())) > 1:
        told = "; ".join(f"{name} {', '.join(digest[:19] for digest in each)}" for name, each in digests.items())
        yield Note(
            "mixed-models", "warning", standing.host, f"sites serve different models ({told})", "finish the release"
        )


def _about_site(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    for rule in _RULES:
        yield from rule(standing, site)


def _find_outage(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    outage = site.find_outage()
    if outage is None or outage.by_drill:
        return
    back = f"outlast undrain {site.name} --host {standing.host}"
    if not outage.by:
        what = "its health check is disabled and inverted, and no tag says by whom: somebody took it out by hand"
        who = "aws cloudtrail lookup-events --region us-east-1 --lookup-attributes "
        hint = f"{who}AttributeKey=EventName,AttributeValue=UpdateHealthCheck tells who; to put it back: {back}"
        yield Note("taken-out", "warning", site.name, what, hint)
        return
    why = f" ({outage.why})" if outage.why else ""
    state = site.look.problem or "answers right, asked directly"
    since = f" since {outage.since}{_age(outage.since, standing.now)}" if outage.since else ""
    what = f"drained by {outage.by}{since}{why}; it {state}"
    yield Note("drained", "note" if site.look.problem else "warning", site.name, what, f"to put it back: {back}")


def _find_drill(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    if not site.drill_id:
        return
    if is_past(site.drill_expires, standing.now):
        what = f"drill {site.drill_id} should have given it back at {site.drill_expires or 'a time that no tag tells'}"
        hint = "outlast drill restore, or without its journal: outlast drill sweep"
        yield Note("expired-drill", "alarm", site.name, what, hint)
    else:
        what = f"drill {site.drill_id} holds it until {site.drill_expires}"
        yield Note(
            "drill", "note", site.name, what, "it gives it back by itself; if it was killed: outlast drill restore"
        )


def _find_half_switched(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    check = site.endpoint
    if check is None or check.disabled == check.inverted:
        return
    mend = f"aws route53 update-health-check --health-check-id {check.id}"
    if check.disabled:
        what = "its health check is disabled: Route 53 takes it for healthy, whatever happens to it"
        yield Note("disabled", "alarm", site.name, what, f"{mend} --no-disabled")
    else:
        what = "its health check is inverted: it is left out while it serves, and gets traffic once it is dead"
        yield Note("inverted", "alarm", site.name, what, f"{mend} --no-inverted")


def _find_unhealthy(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    check = site.endpoint
    if check is None or check.disabled or check.sees_success:
        return
    told = check.view.failure if check.view else ""
    asked = site.look.problem or "answers right, asked directly from here"
    what = f"is unhealthy to Route 53{f': {told}' if told else ''}; it {asked}"
    yield Note("unhealthy", "warning", site.name, what, "DNS has left it by itself and returns to it by itself")


def _find_unseen(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    """What Route 53's checkers do not see: certificates, lost connections, a path from where the users are."""
    if not site.look.problem or not site.is_healthy or same_problem(standing.sites):
        return
    share = standing.shares()[site.name]
    what = f"Route 53 takes it for healthy and sends {share:.0%} there, yet asked directly it {site.look.problem}"
    hint = f"look again in half a minute; if it stays: outlast drain {site.name} --host {standing.host}"
    yield Note("unseen", "alarm", site.name, what, hint)


def _find_left_tags(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    if site.is_tagged_drained and site.check is not None and not site.check.is_switched_off and not site.drill_id:
        what = "its health check carries the tags of a drain and is not switched off: a drain or undrain was cut short"
        hint = f"outlast undrain {site.name} --host {standing.host} removes them; outlast drain … finishes it"
        yield Note("left-tags", "warning", site.name, what, hint)


def _find_unchecked(standing: HostStanding, site: SiteStanding) -> Iterator[Note]:
    if site.check is None and len(standing.sites) > 1:
        hint = "give its record a health check: outlast lint says how the rest of the routing stands"
        yield Note("unchecked", "alarm", site.name, "its record has no health check: DNS never leaves it", hint)


_RULES: tuple[Callable[[HostStanding, SiteStanding], Iterator[Note]], ...] = (
    _find_unseen,
    _find_half_switched,
    _find_unhealthy,
    _find_outage,
    _find_drill,
    _find_left_tags,
    _find_unchecked,
)


def _age(since: str, now: datetime) -> str:
    try:
        minutes = (now - datetime.fromisoformat(since).astimezone(UTC)).total_seconds() / 60
    except ValueError:
        return ""
    return f", {minutes:.0f} min ago" if minutes < 120 else f", {minutes / 60:.0f} h ago"
