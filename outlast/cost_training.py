"""What one training job costs on each cloud, for `outlast cost`, once; and a month its stack without a job. Pure."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.cost.beside import registry
from infra.cost.prices import PRICES
from jobs.cost import Cost, price
from jobs.machines import CHECKED, MACHINES, age_days, is_stale

CPU, MEMORY_GIB = 2, 8.0
"""What `outlast model train --on` asks for where nothing else is said."""


@dataclass(frozen=True)
class Training:
    """The most that one job of so many minutes costs, by cloud."""

    minutes: int
    costs: Mapping[str, Cost]

    @classmethod
    def of(cls, minutes: int) -> Training:
        """A job of the usual size on every cloud."""
        return cls(minutes, {cloud: price(cloud, CPU, MEMORY_GIB, minutes * 60) for cloud in MACHINES})

    def warnings(self, today: datetime.date) -> list[str]:
        """That the prices are old, where they are."""
        if not is_stale(today):
            return []
        return [f"the prices of training are {age_days(today)} days old (of {CHECKED}): jobs/machines.py"]

    def render_text(self) -> str:
        """A line for each cloud."""
        head = f"one training job of {self.minutes} minutes at most, in USD, prices of {CHECKED} (* assumed):"
        rows = [
            f"  {cloud:<8} {cost.usd:>9,.3f}* {cost.machine}; its stack {standing_usd(cloud):.2f} a month without a job"
            for cloud, cost in self.costs.items()
        ]
        return "\n".join([head, *rows])

    def to_data(self) -> dict[str, Any]:
        """The same for programs."""
        each = {
            cloud: {"machine": cost.machine, "usd": round(cost.usd, 4), "stack_month": round(standing_usd(cloud), 2)}
            for cloud, cost in self.costs.items()
        }
        return {"minutes": self.minutes, "prices_of": CHECKED.isoformat(), "assumed": True, "clouds": each}


def standing_usd(cloud: str) -> float:
    """A month of a training stack without a job: its registry. What jobs leave in its store nobody knows here.

    What is free is the sites', whose registries are in the same account.
    """
    rows = registry(cloud).values()
    return sum(PRICES[key].usd * math.prod(number for number, _ in factors) for key, factors in rows)
