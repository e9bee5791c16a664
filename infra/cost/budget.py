"""What the traffic stack's preview says of cost, and refuses: a deployment above its budget."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pulumi

from infra.cost.estimate import Checks, Load, estimate, list_assumptions
from infra.cost.report import Costs, list_warnings, render_summary
from infra.cost.stacks import count_regions, read_deployment
from infra.cost.variants import compare
from infra.models import STACKS
from infra.settings.exceptions import OVER_BUDGET
from infra.settings.kinds import TrafficSettings
from service.errors import Mistake, Refused


def reckon(settings: TrafficSettings, *, rps: float | None = None, stacks: Path = STACKS) -> Costs:
    """What the sites of a stack of traffic cost at `rps` predictions a second; None: at those that its file names."""
    regions = count_regions(settings.checker_regions)
    checks = Checks(settings.interval_seconds, regions, alarms=bool(settings.alert_email))
    load = Load(rps=settings.average_rps if rps is None else rps)
    found = read_deployment(stacks, _shares(settings))
    sites = [replace(site, switched=site.name in settings.drain_switches) for site in found.sites]
    return Costs(
        estimate=estimate(sites, checks, load),
        variants=compare(sites, checks, load),
        assumptions=list_assumptions(sites, load),
        unknown=found.unknown,
        today=datetime.datetime.now(datetime.UTC).date(),
        budget_usd=settings.budget_usd,
    )


def _shares(settings: TrafficSettings) -> dict[str, int]:
    """Site -> weight while all are healthy: of sites that stand by in order, the first gets everything."""
    if settings.policy.name != "active-passive":
        return dict(settings.weights)
    first = next(iter(settings.weights))
    return {site: int(site == first) for site in settings.weights}


def judge_cost(settings: TrafficSettings) -> None:
    """Say what it costs. Raises Refused above the budget, unless the stack file excuses it."""
    costs = reckon(settings)
    pulumi.log.info(render_summary(costs))
    for warning in list_warnings(costs):
        pulumi.log.warn(warning)
    if costs.budget_usd is None:
        pulumi.log.warn("no budget is set\nhint: write outlast:monthlyBudgetUsd into the stack's file")
    elif costs.estimate.usd > costs.budget_usd:
        _refuse(settings, costs)


def _refuse(settings: TrafficSettings, costs: Costs) -> None:
    what = f"{costs.estimate.usd:,.2f} USD a month is above the budget of {costs.budget_usd:,.2f}"
    if excuse := settings.exceptions.get(OVER_BUDGET):
        pulumi.log.warn(f"{what} ({excuse})")
        return
    dearest = max(costs.estimate.lines, key=lambda line: line.usd)
    place = f"stacks/Pulumi.{settings.name}.yaml: outlast:monthlyBudgetUsd"
    mistake = Mistake(place, f"{what}; the dearest line is {dearest.where}, {dearest.what}: {dearest.usd:,.2f}")
    raise Refused(
        "this deployment costs more than its budget",
        [mistake],
        hint="`outlast cost --lines` shows every amount; raise the budget, or excuse "
        f"'{OVER_BUDGET}' in outlast:exceptions, with a reason and an end",
    )
