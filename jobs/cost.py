"""What a job may cost at most before it starts, and what it cost afterwards. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.machines import DISK_USD_HOUR, STALE_DAYS, age_days, choose, is_stale
from jobs.service import JobState
from jobs.spec import TrainingSpec
from service.errors import Refused


@dataclass(frozen=True)
class Cost:
    """USD for `seconds` of a machine; `exact` where the service itself said how many it charges for."""

    machine: str
    seconds: int
    usd: float
    exact: bool = False


def estimate(spec: TrainingSpec, cloud: str) -> Cost:
    """The most that the job costs: all its time at the list price. What spot saves is promised by nobody."""
    return price(cloud, spec.cpu, spec.memory_gib, spec.max_seconds)


def spent(spec: TrainingSpec, cloud: str, state: JobState) -> Cost | None:
    """What a job cost that is over: None where nothing says how long it ran.

    SageMaker says the seconds that it charges for, spot's saving taken off. Elsewhere the time between start and end is
    taken at the list price, which is an upper limit.
    """
    if state.billable_seconds is not None:
        return price(cloud, spec.cpu, spec.memory_gib, state.billable_seconds, exact=True)
    if not (state.started and state.ended):
        return None
    ran = datetime.datetime.fromisoformat(state.ended) - datetime.datetime.fromisoformat(state.started)
    return price(cloud, spec.cpu, spec.memory_gib, max(0, round(ran.total_seconds())))


def refuse_above(costs: Mapping[str, Cost], max_usd: float, today: datetime.date) -> None:
    """Raise Refused where the jobs of all clouds together may cost more, or where the prices are too old to say so."""
    if is_stale(today):
        raise Refused(
            f"the table of prices is {age_days(today)} days old, more than {STALE_DAYS}: it holds no limit of cost",
            hint="date it anew in jobs/machines.py, or leave out --max-cost",
        )
    total = sum(cost.usd for cost in costs.values())
    if total > max_usd:
        each = ", ".join(f"{cloud} {cost.usd:.2f} ({cost.machine})" for cloud, cost in costs.items())
        raise Refused(
            f"training may cost {total:.2f} USD, more than {max_usd:.2f}: {each}",
            hint="a shorter --time-limit, fewer clouds, or a higher --max-cost",
        )


def price(cloud: str, cpu: int, memory_gib: float, seconds: int, *, exact: bool = False) -> Cost:
    """So many seconds of the machine that such a job gets, with its disk."""
    machine = choose(cloud, cpu, memory_gib)
    return Cost(machine.name, seconds, seconds / 3600 * (machine.usd_hour + DISK_USD_HOUR[cloud]), exact)
