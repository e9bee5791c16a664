"""Whether an alarm is on, from what was counted: each cloud's way to look at periods of time. Pure.

CloudWatch: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html. Azure Monitor, over after
three looks: learn.microsoft.com/azure/azure-monitor/alerts/alerts-metric-overview. Cloud Monitoring, every point of the
duration: cloud.google.com/monitoring/alerts/concepts-indepth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.alarms.counts import Counts
from sandbox.alarms.expression import compute
from sandbox.alarms.rule import AlarmRule, Condition, State

LOOK_SECONDS = 60
"""How often each cloud looks, in simulated seconds."""


@dataclass(frozen=True)
class Standing:
    """How an alarm stands: since when, the value last seen, and how many looks in a row found no violation."""

    state: State = State.INSUFFICIENT_DATA
    since: float = 0.0
    value: float | None = None
    calm: int = 0


def evaluate(rule: AlarmRule, counts: Counts, before: Standing, now: float) -> Standing:
    """The standing at the look of `now`, which is a multiple of LOOK_SECONDS."""
    seen = [_points(condition, counts, now) for condition in rule.conditions]
    states = [judge(c, points, before.state) for c, points in zip(rule.conditions, seen, strict=True)]
    state = _together(rule, states)
    calm = 0 if state is State.ALARM else before.calm + 1
    if before.state is State.ALARM and calm < max(c.clears_after for c in rule.conditions):
        state = State.ALARM
    value = next((points[-1] for points in seen if points and points[-1] is not None), None)
    return Standing(state, before.since if state is before.state else now, value, calm)


def judge(condition: Condition, points: Sequence[float | None], before: State) -> State:
    """One condition over the points that it looks at, the newest last."""
    if all(point is None for point in points) and condition.missing in ("missing", "ignore"):
        return before if condition.missing == "ignore" else State.INSUFFICIENT_DATA
    empty = condition.missing == "breaching"
    beyond = [empty if point is None else condition.is_beyond(point) for point in points]
    return State.ALARM if sum(beyond) >= condition.breaching else State.OK


def _together(rule: AlarmRule, states: Sequence[State]) -> State:
    alarming = [state is State.ALARM for state in states]
    if all(alarming) if rule.every else any(alarming):
        return State.ALARM
    return State.OK if State.OK in states or State.ALARM in states else State.INSUFFICIENT_DATA


def _points(condition: Condition, counts: Counts, now: float) -> list[float | None]:
    """The values of the periods that the condition looks at, the newest last."""
    end = now if condition.sliding else now // condition.period * condition.period
    ends = [end - condition.period * back for back in reversed(range(condition.points))]
    return [_point(condition, counts, one) for one in ends]


def _point(condition: Condition, counts: Counts, end: float) -> float | None:
    values = dict[str, float | None]()
    for name, measure in condition.measures:
        found = counts.measure(measure.series, measure.of, measure.statistic, end - condition.period, end)
        values[name] = None if found is None else found * measure.scale
    if all(value is None for value in values.values()):
        return None
    return compute(condition.expression, values)
