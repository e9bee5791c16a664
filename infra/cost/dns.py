"""What DNS costs: the zone, the health checks and their options, drain switches, alarms, queries. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from infra.cost.beside import Factor, Rows
from infra.cost.prices import SECONDS
from infra.switch import CHECKER_REGIONS, INTERVAL_SECONDS

CHECKERS_PER_REGION = 2
"""Of Route 53 that ask one endpoint, from each region: about sixteen in all (seen from their addresses)."""

_MILLION = 1e6
_NAMES = {"aws": "AWS's endpoints", "elsewhere": "endpoints elsewhere"}


def standing(endpoints: Mapping[str, int], *, options: int, switched: int, alarms: int) -> Rows:
    """Due without a request. `endpoints` counts those of `aws` and those `elsewhere`, each with so many `options`."""
    rows: dict[str, tuple[str, tuple[Factor, ...]]] = {"the zone": ("zone", ((1, ""),))}
    for side, count in endpoints.items():
        if count:
            rows[f"health checks of {_NAMES[side]}"] = (f"check-{side}", ((count, ""),))
            rows[f"health checks of {_NAMES[side]}, options"] = (
                f"check-option-{side}",
                ((count, ""), (options, "options")),
            )
    if alarms:
        rows["alarms, one a site, less what is free"] = ("aws-alarm", ((alarms, ""),))
    return {**rows, **(_switches(switched) if switched else {})}


def _switches(count: int) -> Rows:
    """A check that looks for the switch, another that joins it to the site's own, and what the store is read."""
    # What joins others costs as a check of AWS's endpoints; the options are HTTPS and an interval below 30 s.
    looks: tuple[Factor, ...] = ((count, ""), (2, "options"))
    reads = CHECKERS_PER_REGION * len(CHECKER_REGIONS) / INTERVAL_SECONDS * SECONDS / _MILLION
    return {
        "health checks that join a drain switch": ("check-aws", ((count, ""),)),
        "health checks of drain switches": ("check-elsewhere", ((count, ""),)),
        "health checks of drain switches, options": ("check-option-elsewhere", looks),
        "drain switches, read in their stores": ("switch-read", ((count, ""), (reads, "million"))),
    }


def caused(rps: float, predictions_per_query: int) -> Rows:
    """By the predictions: clients and resolvers keep an answer for many of them."""
    return {"queries": ("queries", ((rps * SECONDS / predictions_per_query / _MILLION, "million"),))}
