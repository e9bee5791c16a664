"""Guards: what must hold before a drill changes anything. Pure: facts in, findings out; a missing fact is a refusal.

A guard that may be overridden is overridden by its name (`--override capacity`), and the plan, its hash and the report
say so. Those that protect the last healthy site, or another drill, cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from failover.drill.blackout import is_inside
from failover.drill.facts import Facts
from service.errors import InvalidInput, Mistake, Refused

CAPACITY_MARGIN = 1.2
MIN_CERTIFICATE_DAYS = 7


@dataclass(frozen=True)
class Guard:
    """`find` tells every reason to refuse; none means that the guard is content."""

    name: str
    why: str
    find: Callable[[Facts], Iterable[str]]
    overridable: bool = False


@dataclass(frozen=True)
class GuardFinding:
    """A reason to refuse, and whether the plan overrides it."""

    guard: Guard
    what: str
    overridden: bool

    def __str__(self) -> str:
        return f"{self.guard.name}: {self.what}" + (" (overridden)" if self.overridden else "")


def _find_other_drill(facts: Facts) -> Iterable[str]:
    for site in facts.sites:
        owner = site.check.drill_id
        if owner and owner != facts.own_drill:
            expired = " and has expired" if site.check.is_expired(facts.now) else ""
            yield f"drill {owner} holds {site.name}{expired}"


def _find_last_site(facts: Facts) -> Iterable[str]:
    problems = {site.name: facts.find_problem(site.name) for site in facts.survivors}
    if not any(problem == "" for problem in problems.values()):
        rest = "; ".join(f"{name} {problem}" for name, problem in problems.items()) or "there is no other site"
        yield f"nobody would serve without {facts.plan.lose}: {rest}"


def _find_unsteady(facts: Facts) -> Iterable[str]:
    for site in facts.sites:
        if problem := facts.find_problem(site.name):
            yield f"{site.name} {problem}"


def _find_switched(facts: Facts) -> Iterable[str]:
    for site in facts.sites:
        on = [word for word, flag in (("disabled", site.check.disabled), ("inverted", site.check.inverted)) if flag]
        if on and not site.check.drill_id:
            yield f"the health check of {site.name} is {' and '.join(on)} already"


def _find_idle(facts: Facts) -> Iterable[str]:
    if facts.lost.weight == 0:
        yield f"{facts.plan.lose} has weight 0: it gets no traffic, so nothing would move"


def _find_certificate(facts: Facts) -> Iterable[str]:
    for site in facts.survivors:
        probe = facts.probes.get(site.name)
        ends = probe.certificate_ends if probe else None
        if ends is not None and ends - facts.now <= timedelta(days=MIN_CERTIFICATE_DAYS):
            yield f"the certificate of {site.name} ends in {(ends - facts.now).days} days, on {ends:%Y-%m-%d}"


def _find_capacity(facts: Facts) -> Iterable[str]:
    unknown = [site.name for site in facts.survivors if site.capacity_rps is None]
    if unknown:
        yield f"nobody says what {', '.join(unknown)} can bear (tag outlast:capacity-rps)"
        return
    if facts.plan.peak_rps is None:
        yield "nobody says what the users send at their peak (--peak-rps)"
        return
    capacity = sum(site.capacity_rps or 0.0 for site in facts.survivors)
    needed = CAPACITY_MARGIN * facts.plan.peak_rps
    if capacity < needed:
        yield f"the others bear {capacity:g} requests/s; {facts.plan.peak_rps:g} at peak and a fifth more is {needed:g}"


def _find_speed(facts: Facts) -> Iterable[str]:
    if facts.dns_ttl_seconds * facts.plan.speed != facts.plan.ttl_seconds:
        yield (
            f"DNS gives a TTL of {facts.dns_ttl_seconds} s, the record says {facts.plan.ttl_seconds} s: "
            f"that does not fit the speed {facts.plan.speed} ($OUTLAST_SPEED)"
        )


def _find_blackout(facts: Facts) -> Iterable[str]:
    for window in facts.plan.blackouts:
        if is_inside(window, facts.now):
            yield f"now, {facts.now:%Y-%m-%d %H:%M} UTC, nobody drills: {window}"


GUARDS: Sequence[Guard] = (
    Guard("no-other-drill", "two drills at once could take away two sites", _find_other_drill),
    Guard("last-healthy-site", "with none healthy Route 53 answers with all, dead or alive", _find_last_site),
    Guard("nothing-switched", "a switched check is somebody's emergency", _find_switched),
    Guard("carries-traffic", "a site without traffic cannot be lost", _find_idle),
    Guard("speed", "times would be converted wrongly", _find_speed),
    Guard("blackout", "a drill must not meet what the window protects", _find_blackout, overridable=True),
    Guard("steady-state", "no drill starts unsteady", _find_unsteady, overridable=True),
    Guard("certificate", "the survivors will have to serve longer than a certificate lasts", _find_certificate, True),
    Guard("capacity", "the others must bear all the load", _find_capacity, overridable=True),
)


def check_guards(facts: Facts, guards: Sequence[Guard] = GUARDS) -> list[GuardFinding]:
    """Every reason to refuse that any guard finds, overridden ones included."""
    return [
        GuardFinding(guard, what, overridden=guard.name in facts.plan.overrides)
        for guard in guards
        for what in guard.find(facts)
    ]


def refuse(findings: Sequence[GuardFinding], what: str) -> None:
    """Raise `Refused` when a finding is not overridden, naming all of them."""
    standing = [finding for finding in findings if not finding.overridden]
    if not standing:
        return
    lines = "\n".join(f"- {finding}" for finding in standing)
    raise Refused(f"{what}: nothing was changed\n{lines}", hint=_hint(standing))


def _hint(standing: Sequence[GuardFinding]) -> str:
    names = {finding.guard.name for finding in standing}
    if "no-other-drill" in names:
        return "wait for it; what a dead one left: outlast drill restore (or sweep, once expired)"
    if all(finding.guard.overridable for finding in standing):
        return "mend it, or accept it by name: " + " ".join(f"--override {name}" for name in sorted(names))
    return "mend the above first; outlast drill plan --lose SITE looks again and changes nothing"


def check_overrides(names: Sequence[str], guards: Sequence[Guard] = GUARDS) -> tuple[str, ...]:
    """The overrides, in order and once each; `InvalidInput` names those that are no guard or may not be overridden."""
    allowed = [guard.name for guard in guards if guard.overridable]
    known = {guard.name: guard for guard in guards}
    mistakes = []
    for name in names:
        if name not in known:
            mistakes.append(Mistake("--override", f"there is no guard {name!r}"))
        elif not known[name].overridable:
            mistakes.append(Mistake("--override", f"{name} cannot be overridden: {known[name].why}"))
    if mistakes:
        raise InvalidInput("these overrides cannot be used", mistakes, hint=f"overridable are {', '.join(allowed)}")
    return tuple(sorted(set(names)))
