"""What stacks cost a month as they are asked now: `outlast cost` of each file, at the load of the last minutes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from infra.cost.estimate import Checks, Load, estimate
from infra.cost.stacks import read_deployment
from sandbox.alarms.counts import Counts

_LOOK_BACK = 600.0
"""Simulated seconds whose answers are the load."""


def price_stacks(folder: Path, counts: Counts, now: float, stacks: Collection[str]) -> Mapping[str, float]:
    """USD a month of each stack whose file in `folder` is that of a site; of the others nothing is known."""
    checks = Checks()
    found = {}
    for site in read_deployment(folder, dict.fromkeys(sorted(stacks), 1)).sites:
        answers = counts.measure("answers", site.name, "count", now - _LOOK_BACK, now) or 0.0
        load = Load(rps=max(0.0, answers / _LOOK_BACK - checks.rps))
        found[site.name] = estimate([replace(site, share=1.0)], checks, load).by_place[site.name]
    return found
