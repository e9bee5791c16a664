"""A deployment's cost as text, as data and as the bars of a chart. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.cost.estimate import Estimate, Line
from infra.cost.prices import CHECKED, age_days, is_stale
from infra.cost.variants import Variant


@dataclass(frozen=True)
class Costs:
    """All that a report says. `unknown` maps a site whose cost could not be reckoned to why."""

    estimate: Estimate
    variants: Sequence[Variant]
    assumptions: Sequence[str]
    unknown: Mapping[str, str]
    today: datetime.date
    budget_usd: float | None = None


def list_warnings(costs: Costs) -> list[str]:
    """What a reader must know before the figures: prices that are old, sites that are not in them."""
    warnings = [f"{site} is not in these figures: {why}" for site, why in costs.unknown.items()]
    if is_stale(costs.today):
        days = age_days(costs.today)
        warnings.append(f"the prices are {days} days old (of {CHECKED}): look them up anew in infra/cost/prices.py")
    return warnings


def render_summary(costs: Costs) -> str:
    """A line for each place and one for all: what a preview prints."""
    found = costs.estimate
    head = f"cost a month in USD, {describe_load(found)}, prices of {CHECKED}:"
    rows = [f"  {where:<10} {usd:>10,.2f}" for where, usd in found.by_place.items()]
    return "\n".join([head, *rows, f"  {'in all':<10} {found.usd:>10,.2f}{_beside(costs)}"])


def describe_load(found: Estimate) -> str:
    """The load that an estimate is for."""
    return f"at {found.load.rps:g} predictions a second" if found.load.rps else "without a caller"


def _beside(costs: Costs) -> str:
    thousand = costs.estimate.usd_per_thousand
    parts = [f"{thousand:.4f} per 1,000 predictions"] if thousand is not None else []
    parts += [f"budget {costs.budget_usd:,.2f}"] if costs.budget_usd is not None else []
    return f"  ({'; '.join(parts)})" if parts else ""


def render_text(costs: Costs, *, lines: bool = False) -> str:
    """The whole and the price of redundancy; with `lines` how each amount came about, and what is assumed."""
    cheapest = min((v.estimate.usd for v in costs.variants), default=0.0)
    variants = [_variant(variant, cheapest) for variant in costs.variants]
    otherwise = ["the same load otherwise (a month, above the cheapest):", *variants]
    if not lines:
        return "\n".join([render_summary(costs), "", *otherwise])
    amounts = ["line by line (amount at price, * assumed):", *map(_row, costs.estimate.lines)]
    notes = ["assumed:", *(f"  - {assumption}" for assumption in costs.assumptions)]
    return "\n".join([render_summary(costs), "", *amounts, "", *otherwise, "", *notes])


def _row(line: Line) -> str:
    mark = "*" if line.price.assumed else " "
    return f"  {line.where:<8} {line.usd:>9,.2f}{mark} {line.what}: {line.formula} at {line.price}"


def _variant(variant: Variant, cheapest: float) -> str:
    found = variant.estimate
    thousand = f"  {found.usd_per_thousand:.4f} per 1,000" if found.usd_per_thousand is not None else ""
    note = f" ({variant.note})" if variant.note else ""
    return f"  {found.usd:>9,.2f}  {found.usd - cheapest:>+9,.2f}{thousand}  {variant.name}{note}"


def to_data(costs: Costs) -> dict[str, Any]:
    """Everything, for programs."""
    found = costs.estimate
    return {
        "currency": "USD",
        "prices_of": CHECKED.isoformat(),
        "rps": found.load.rps,
        "month": _round(found.usd),
        "month_without_requests": _round(found.standing_usd),
        "per_1000_predictions": _round(found.usd_per_thousand, 6),
        "budget": costs.budget_usd,
        "places": {where: _round(usd) for where, usd in found.by_place.items()},
        "lines": [_line_data(line) for line in found.lines],
        "variants": [_variant_data(variant) for variant in costs.variants],
        "assumptions": list(costs.assumptions),
        "warnings": list_warnings(costs),
    }


def _line_data(line: Line) -> dict[str, Any]:
    return {
        "place": line.where,
        "what": line.what,
        "amount": _round(line.amount, 6),
        "formula": line.formula,
        "unit": line.price.unit,
        "usd_per_unit": line.price.usd,
        "month": _round(line.usd),
        "standing": line.standing,
        "assumed": line.price.assumed,
        "source": line.price.source,
    }


def _variant_data(variant: Variant) -> dict[str, Any]:
    found = variant.estimate
    thousand = _round(found.usd_per_thousand, 6)
    return {"name": variant.name, "month": _round(found.usd), "per_1000_predictions": thousand, "note": variant.note}


def _round(usd: float | None, digits: int = 2) -> float | None:
    return None if usd is None else round(usd, digits)


@dataclass(frozen=True)
class Bar:
    """One bar of the chart: where it begins and how long it is, in parts of the longest, and what it says."""

    name: str
    standing: float
    requests: float
    text: str


def bars(estimates: Mapping[str, Estimate]) -> list[Bar]:
    """For each name what is due without a request and, behind it, what requests add."""
    longest = max((one.usd for one in estimates.values()), default=0.0) or 1.0
    return [
        Bar(name, one.standing_usd / longest, (one.usd - one.standing_usd) / longest, f"{one.usd:,.2f}")
        for name, one in estimates.items()
    ]
