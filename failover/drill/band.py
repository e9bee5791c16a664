"""Where nine of ten drills like this one are predicted to fall: before it, at level 1 also from its journal. Pure.

The band of a plan allows requests any length that the plan allows them, and the switch what is assumed of it. At level
1 nothing but the switch is left to find out before clients ask anew, and of it Route 53 documents only a worst case. So
the band of a journal takes it as it was measured, and the lengths of the requests from before the change: what it says
is about everything else, and sharp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from failover.drill.samples import CLIENT, Sample
from failover.drill.waits import CONNECTION_SECONDS
from failover.recovery.distribution import (
    Between,
    Delay,
    Detection,
    Fixed,
    OneAfterTheOther,
    Scenario,
    Watchers,
    assume_switch,
    predict_drill,
    predict_recovery,
)
from failover.recovery.kinds import find_kind
from failover.routing.predict import Check, Fault, Pace, effective_ttl_seconds

HEAD_START_WALL_SECONDS = 0.02  # between the last client's priming and the change: a line of the journal, synced
MOST_REQUESTS = 400  # of those before the change that are drawn from
LENGTHS = 20  # of requests whose lengths nobody knows yet
KIND_DRAWS = 1000

Band = tuple[float, float]


def predict_planned(
    check: Check,
    *,
    ttl_seconds: int,
    share: float,
    level: int,
    fault: Fault,
    pace: Pace,
    effect: tuple[float, float, float] | None = None,
) -> Band:
    """The band of a drill that has not begun; `effect`: best, mean and worst time until the loss is felt at all."""
    delays: list[Delay] = [Between(*effect)] if effect and level > 1 else []
    delays += [Detection(check, fault, pace.speed)] if level > 1 else []
    delays.append(assume_switch(level, simulated=False))
    longest = pace.request_wall_seconds * pace.speed
    watchers = Watchers(
        pace.clients,
        pace.period_wall_seconds * pace.speed,
        tuple(longest * n / LENGTHS for n in range(1, LENGTHS + 1)),
        HEAD_START_WALL_SECONDS * pace.speed,
    )
    return _band(tuple(delays), ttl_seconds, pace.speed, share, watchers)


def predict_kinds(
    names: Sequence[str],
    check: Check,
    *,
    ttl_seconds: int,
    share: float,
    level: int,
    fault: Fault,
    breaks: bool,
    pace: Pace,
    effect: tuple[float, float, float],
) -> dict[str, Band]:
    """Where nine of ten clients of each kind fall: from the change to their first right answer from elsewhere.

    `breaks`: connections to the site break. Where they do not, only a health check notices, and who keeps a connection
    keeps it until it is old.
    """
    delays: list[Delay] = [Between(*effect)] if level > 1 else []
    delays += [Detection(check, fault, pace.speed)] if level > 1 and not breaks else []
    scenario = Scenario(
        check,
        effective_ttl_seconds(ttl_seconds, pace.speed),
        level=2 if breaks else 1,
        fault=fault,
        share=share,
        switch=OneAfterTheOther((*delays, assume_switch(level, simulated=False))),
        period_seconds=pace.period_wall_seconds * pace.speed,
        connection_seconds=CONNECTION_SECONDS,
        speed=pace.speed,
    )
    kinds = tuple(find_kind(name) for name in names)
    found = predict_recovery(scenario, draws=KIND_DRAWS, kinds=kinds).kinds
    # Who goes to another site by itself waits for nobody else to notice, but stays while the site still serves.
    served = {kind.name: effect if kind.tries_others and level > 1 else (0.0,) for kind in kinds}
    return {
        name: (round(found[name].p5 + served[name][0], 3), round(found[name].p95 + served[name][-1], 3))
        for name in names
    }


def predict_journaled(
    plan: Mapping[str, Any], periods: Mapping[str, float], samples: Sequence[Sample], begin: float, moved: float
) -> Band | None:
    """The band of a drill from what its journal says of the time before; None where it says too little.

    `periods` are the observers' beats in real seconds; `begin` and `moved` are the stamps `change_requested` and
    `dns_moved`, in real seconds since the drill began.
    """
    if int(plan.get("level", 1)) > 1:
        planned = plan.get("failover_band")
        return (float(planned[0]), float(planned[1])) if planned else None
    beats = [period for name, period in periods.items() if name.startswith(CLIENT)]
    before = [s.ms for s in samples if s.by.startswith(CLIENT) and s.right and s.at < begin]
    if not beats or not before or not {"sites", "ttl_seconds"} <= plan.keys():  # a journal of an older release
        return None
    speed = int(plan["speed"])
    share = next(float(site["share"]) for site in plan["sites"] if site["name"] == plan["lose"])
    requests = tuple(ms / 1000 * speed for ms in before[-MOST_REQUESTS:])
    watchers = Watchers(len(beats), max(beats) * speed, requests, HEAD_START_WALL_SECONDS * speed)
    return _band((Fixed((moved - begin) * speed),), int(plan["ttl_seconds"]), speed, share, watchers)


def _band(delays: tuple[Delay, ...], ttl_seconds: int, speed: int, share: float, watchers: Watchers) -> Band:
    low, high = predict_drill(delays, effective_ttl_seconds(ttl_seconds, speed), share, watchers).band
    return round(low, 3), round(high, 3)
