"""The plan of a drill: plain data with a hash over all of it. Pure: it decides, and nothing else.

The hash covers what is read from Route 53 (records, versions of the health checks, capacities), what was asked for, and
the golden rows: approve a plan, and if any of it has changed when it is run, the run is refused. What moves by itself,
such as latencies and observations, is no part of it; guards look at that just before acting.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from failover.drill.band import Band, predict_kinds, predict_planned
from failover.drill.changes import describe_change, plan_switch_off
from failover.drill.fleet import Fleet, FleetSite
from failover.drill.samples import Pace
from failover.drill.waits import Waits, choose_kinds, describe_waits, find_declared, plan_waits
from failover.levers.change import SWITCH_OFF, Change, State
from failover.levers.levels import DNS, SAID, Delay, Way, choose_way
from failover.routing import predict
from failover.routing.predict import Check, Prediction, Term, predict_failback, predict_failover
from service.bundle.golden import Golden
from service.errors import InvalidInput, Mistake, Refused

SCHEMA = 1
HASH_LENGTH = 16
REQUEST_WALL_SECONDS = 0.25
BUSY_REQUEST_WALL_SECONDS = 0.5  # with a simulated clock, all clouds and all clients share one machine


@dataclass(frozen=True)
class PlannedSite:
    """A site as the plan found it; `share` and `share_during` are probabilities of being answered by DNS.

    `switches` are the health checks beside its own that look for its drain switch.
    """

    name: str
    origin_host: str
    weight: int
    share: float
    share_during: float
    capacity_rps: float | None
    model_digest: str | None
    check_id: str
    check_version: int
    switches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What a drill keeps to. Durations in simulated seconds; `error_budget`: share of clients' latest requests."""

    max_duration_seconds: float = 600.0
    error_budget: float = 0.05
    survivor_failures: int = 5


@dataclass(frozen=True)
class DrillPlan:
    """What would be done, to what, and what is expected of it."""

    host: str
    lose: str
    zone_id: str
    ttl_seconds: int
    speed: int
    sites: tuple[PlannedSite, ...]
    change: Change
    failover: Prediction
    failback: Prediction
    golden_digest: str
    peak_rps: float | None
    limits: Limits
    overrides: tuple[str, ...]
    level: int = DNS
    kind: str = ""
    breaks_requests: bool = False
    lock: str = ""
    blackouts: tuple[str, ...] = ()
    failover_band: Band | None = None
    """Where nine of ten drills like this one fall, from the change to the last client's right answer."""
    waits: Waits = field(default_factory=Waits)
    kinds: Mapping[str, Band] = field(default_factory=dict)
    """The kinds of clients that are played beside those that honour the TTL, and where nine of ten of each fall."""
    schema: int = SCHEMA

    @property
    def hash(self) -> str:
        """The content hash by which a plan is approved."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]

    @property
    def origins(self) -> dict[str, str]:
        """Origin host by site."""
        return {site.name: site.origin_host for site in self.sites}

    def to_data(self) -> dict[str, Any]:
        """The plan as JSON data, with its hash."""
        return {"hash": self.hash, **asdict(self)}


def plan_drill(
    fleet: Fleet,
    lose: str,
    *,
    golden: Golden,
    speed: int,
    pace: Pace,
    peak_rps: float | None = None,
    limits: Limits | None = None,
    overrides: Sequence[str] = (),
    way: Way | None = None,
    found: State | None = None,
    lock: str = "",
    blackouts: Sequence[str] = (),
    wait_for: Sequence[str] = (),
) -> DrillPlan:
    """The plan to lose one site of `fleet`: by its health check, or another `way` whose target is as `found` says.

    Raises:
        Refused: more than one site is to be lost.
        InvalidInput: there is no such site.
    """
    site = find_lost_site(fleet, lose)
    way = way or Way(DNS, SWITCH_OFF, "")
    check = Check(site.check.interval_seconds, site.check.failure_threshold)
    request = REQUEST_WALL_SECONDS if speed == 1 else BUSY_REQUEST_WALL_SECONDS
    watched = predict.Pace(speed, pace.clients, 1 / pace.client_hz, request)
    before, during = fleet.shares(), fleet.shares(lost=site.name)
    declared = find_declared(wait_for, site.check.tags)
    return DrillPlan(
        host=fleet.host,
        lose=site.name,
        zone_id=fleet.zone_id,
        ttl_seconds=fleet.ttl_seconds,
        speed=speed,
        sites=tuple(_plan_site(each, before[each.name], during[each.name]) for each in fleet.sites),
        change=plan_loss(site, way, found),
        failover=predict_loss(site, way, fleet.ttl_seconds, watched),
        failback=_notice(
            predict_failback(check, ttl_seconds=fleet.ttl_seconds, level=way.level, fault=way.fault, pace=watched),
            way.back,
            speed,
        ),
        golden_digest=golden.digest,
        peak_rps=peak_rps,
        limits=limits or Limits(),
        overrides=tuple(overrides),
        level=way.level,
        kind=way.kind,
        breaks_requests=way.breaks_requests,
        lock=lock,
        blackouts=tuple(blackouts),
        waits=plan_waits(declared, ttl_seconds=fleet.ttl_seconds, level=way.level),
        failover_band=_band(check, fleet.ttl_seconds, before[site.name], way, watched),
        kinds=_predict_kinds(declared, check, fleet.ttl_seconds, before[site.name], way, pace, speed),
    )


def _band(check: Check, ttl_seconds: int, share: float, way: Way, pace: predict.Pace) -> Band:
    """Where nine of ten such drills fall."""
    effect = way.effect.seconds(pace.speed)
    return predict_planned(
        check, ttl_seconds=ttl_seconds, share=share, level=way.level, fault=way.fault, pace=pace, effect=effect
    )


def _predict_kinds(
    declared: Sequence[str], check: Check, ttl_seconds: int, share: float, way: Way, pace: Pace, speed: int
) -> dict[str, Band]:
    """The kinds that are played, each with where nine of ten fall."""
    return predict_kinds(
        choose_kinds(declared, breaks_requests=way.breaks_requests),
        check,
        ttl_seconds=ttl_seconds,
        share=share,
        level=way.level,
        fault=way.fault,
        breaks=way.breaks_requests,
        pace=predict.Pace(speed, 1, 1 / pace.kind_hz),
        effect=way.effect.seconds(speed),
    )


def way_to_lose(fleet: Fleet, lose: str, level: int, kind: str) -> tuple[FleetSite, Way]:
    """The site to lose, and how a drill of this level takes it away."""
    site = find_lost_site(fleet, lose)
    return site, choose_way(level, kind, site=site.name, workload=site.workload, flag=site.fault_flag)


def plan_loss(site: FleetSite, way: Way, found: State | None = None) -> Change:
    """The change that takes the site away."""
    if way.action == SWITCH_OFF:
        return plan_switch_off(site.check)
    before = found or {}
    return Change(way.action, site.check.id, site.check.version, before, way.after(before), way.target)


def predict_loss(site: FleetSite, way: Way, ttl_seconds: int, pace: predict.Pace) -> Prediction:
    """From the moment at which the site is taken away to the last client's right answer from elsewhere."""
    check = Check(site.check.interval_seconds, site.check.failure_threshold)
    predicted = predict_failover(check, ttl_seconds=ttl_seconds, level=way.level, fault=way.fault, pace=pace)
    return _notice(predicted, way.effect, pace.speed)


def _notice(predicted: Prediction, delay: Delay, speed: int) -> Prediction:
    """With what is found out by itself, the first terms as one: observers of DNS see where it ends, not its parts."""
    *first, caches, client = predicted.terms
    if len(first) == 1:  # level 1: nothing has to be noticed
        return predicted
    parts = [Term("effect", *delay.seconds(speed), delay.why), *first]
    best, typical, worst = (
        sum(getattr(part, f"{name}_seconds") for part in parts) for name in ("best", "typical", "worst")
    )
    why = "; ".join(f"{part.name} up to {part.worst_seconds:.0f} s: {part.why}" for part in parts)
    return Prediction((Term("notice", best, typical, worst, why), caches, client))


def find_lost_site(fleet: Fleet, lose: str) -> FleetSite:
    """The one site that `lose` names; two are refused, whatever their state."""
    names = lose.replace(",", " ").split()
    known = ", ".join(site.name for site in fleet.sites)
    if len(names) > 1:
        raise Refused(
            f"a drill loses one site at a time, not {len(names)} ({', '.join(names)}): nothing was changed",
            hint=f"name one of {known}",
        )
    if not names or names[0] not in {site.name for site in fleet.sites}:
        mistake = Mistake("--lose", f"{lose!r} is no site behind {fleet.host}", f"one of: {known}")
        raise InvalidInput("there is no such site", [mistake])
    return fleet.site(names[0])


def _plan_site(site: FleetSite, share: float, share_during: float) -> PlannedSite:
    return PlannedSite(
        name=site.name,
        origin_host=site.origin_host,
        weight=site.weight,
        share=round(share, 6),
        share_during=round(share_during, 6),
        capacity_rps=site.capacity_rps,
        model_digest=site.model_digest,
        check_id=site.check.id,
        check_version=site.check.version,
        switches=site.check.switches,
    )


def render_plan(plan: DrillPlan) -> str:
    """The plan as text for a person; the last line says how to run it."""
    lines = [
        f"Plan {plan.hash}: lose {plan.lose} of {plan.host}",
        f"  clock      {plan.speed} times real time" if plan.speed != 1 else "  clock      real time",
        f"  action     {describe_change(plan.change)} (level {plan.level}: {SAID[plan.level]})",
        "  undo       back to what it was: in any case, at the latest after "
        f"{plan.limits.max_duration_seconds:g} s (simulated)",
        "",
        f"  {'site':<10}{'answered by DNS':>18}{'during the drill':>18}{'bears':>12}",
    ]
    for site in plan.sites:
        capacity = "unknown" if site.capacity_rps is None else f"{site.capacity_rps:g} rps"
        lines.append(f"  {site.name:<10}{site.share:>17.0%} {site.share_during:>17.0%} {capacity:>12}")
    peak = "not known" if plan.peak_rps is None else f"{plan.peak_rps:g} rps"
    lines += ["", f"  peak load  {peak}", *(f"  clients    {line}" for line in describe_waits(plan.waits))]
    if plan.kinds:
        lines.append(f"  played     {', '.join(plan.kinds)}: clients that hold on for longer than a TTL, one of each")
    for title, predicted in (("failover", plan.failover), ("failback", plan.failback)):
        lines += ["", f"  predicted {title}, in simulated seconds: best, typical, worst"]
        lines += [_render_term(term) for term in (*predicted.terms, total(predicted))]
        if predicted is plan.failover and plan.failover_band is not None:
            lines.append(
                f"    nine of ten drills like this: {plan.failover_band[0]:.1f} to {plan.failover_band[1]:.1f}"
            )
    if plan.overrides:
        lines += ["", f"  overridden guards: {', '.join(plan.overrides)}"]
    return "\n".join(lines)


def total(predicted: Prediction) -> Term:
    """All terms one after the other, as one."""
    sums = predicted.best_seconds, predicted.typical_seconds, predicted.worst_seconds
    return Term("total", *sums, "one after the other")


def _render_term(term: Term) -> str:
    times = (term.best_seconds, term.typical_seconds, term.worst_seconds)
    return f"    {term.name:<12}" + "".join(f"{seconds:>7.1f}" for seconds in times) + f"  {term.why}"
