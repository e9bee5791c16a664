"""What a site costs an hour, as `outlast cost` reckons it."""

from __future__ import annotations

from infra.cost.budget import reckon
from infra.cost.prices import HOURS
from outlast.cost import load_traffic
from service.errors import OutlastError


def usd_per_hour(stacks: str | None) -> dict[str, float]:
    """What each place of a set costs, by the dated table of list prices; none where it cannot be told."""
    try:
        found = reckon(load_traffic(stacks)).estimate
    except OutlastError:
        return {}
    return {where: sum(line.usd for line in found.lines if line.where == where) / HOURS for where in found.places}
