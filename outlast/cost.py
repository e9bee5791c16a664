"""`outlast cost`: what the sites of the stack files cost a month, per 1,000 predictions, and for their redundancy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from infra.cost.budget import reckon
from infra.cost.estimate import Estimate
from infra.cost.prices import CHECKED, HOURS
from infra.cost.report import Costs, bars, describe_load, list_warnings, render_text, to_data
from infra.judged import judge
from infra.models import ROOT
from infra.settings.kinds import TrafficSettings
from infra.settings.reader import as_text
from outlast.cost_training import Training
from sandbox import stack_files
from sandbox.layout import Layout
from service.bundle.writing import write_whole
from service.command_line import Command, json_option, print_json, say
from service.errors import InvalidInput, Mistake
from service.pages.page import Table, render

TEMPLATES = Path(__file__).parent / "templates"


@click.command("cost", cls=Command)
@click.option("--stacks", metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`.")
@click.option(
    "--rps",
    type=click.FloatRange(0.0, 1e6),
    help="Predictions a second, on average over the month; without it outlast:averageRps of the traffic stack.",
)
@click.option(
    "--training",
    "minutes",
    type=click.IntRange(1, 7 * 24 * 60),
    default=60,
    show_default=True,
    metavar="MINUTES",
    help="The longest time of one training job, which is added for each cloud.",
)
@click.option("--lines", is_flag=True, help="Line by line, and what is assumed.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with a bar chart as well.")
@click.option("--strict", is_flag=True, help="Refuse what is only warned of else: old prices, a site of unknown cost.")
@json_option
def cost(
    stacks: str | None, rps: float | None, minutes: int, lines: bool, html: Path | None, strict: bool, as_json: bool
) -> None:
    """What the sites cost a month, from a dated table of list prices, and what the same would cost otherwise.

    Asks no cloud.
    """
    costs = reckon(load_traffic(stacks), rps=rps)
    training = Training.of(minutes)
    warn([*list_warnings(costs), *training.warnings(costs.today)], strict=strict)
    if html:
        write_whole(html, render_page(costs, training))
        say(f"wrote {html}")
    if as_json:
        print_json({**to_data(costs), "training": training.to_data()})
    else:
        click.echo(f"{render_text(costs, lines=lines)}\n\n{training.render_text()}")


def warn(warnings: Sequence[str], *, strict: bool) -> None:
    """Say what a reader must know before the figures; raises InvalidInput for it where that is asked for."""
    if strict and warnings:
        what = "these figures cannot be relied on"
        mistakes = [Mistake("", warning) for warning in warnings]
        raise InvalidInput(what, mistakes, hint="mend each, or leave --strict out: then the same is a warning")
    for warning in warnings:
        say(f"warning: {warning}")


def load_traffic(stacks: str | None, root: Path = ROOT) -> TrafficSettings:
    """The settings of the traffic stack of a set; without a name of what the sandbox was brought up with."""
    chosen = stack_files.find(root, stacks) if stacks else stack_files.load(Layout.of(root))
    return read_traffic(chosen.traffic, root)


def read_traffic(stack: str, root: Path = ROOT) -> TrafficSettings:
    """The settings of a traffic stack by its name, from its file."""
    config = {key: as_text(value) for key, value in stack_files.read_config(root, stack).items()}
    settings = judge(stack, config, ())
    if not isinstance(settings, TrafficSettings):
        place = stack_files.place_of(stack, "outlast:kind")
        raise InvalidInput(f"{place} is {settings.kind}", hint="write traffic")
    return settings


def render_page(costs: Costs, training: Training) -> str:
    """The report as one page that needs no other file."""
    found = costs.estimate
    places = {where: _only(found, where) for where in found.places}
    return render(
        TEMPLATES,
        "cost.html",
        title="What it costs",
        prices_of=CHECKED.isoformat(),
        hours=f"{HOURS:g}",
        load=describe_load(found),
        total=f"{found.usd:,.2f}",
        total_usd=found.usd,
        per_thousand=found.usd_per_thousand,
        budget=costs.budget_usd,
        warnings=list_warnings(costs),
        charts={
            "Where it goes": bars(places),
            "The same load otherwise": bars({variant.name: variant.estimate for variant in costs.variants}),
        },
        notes=[f"{variant.name}: {variant.note}" for variant in costs.variants if variant.note],
        table=_table(found),
        assumptions=costs.assumptions,
        training=training.render_text().splitlines(),
    )


def _only(found: Estimate, where: str) -> Estimate:
    return Estimate(tuple(line for line in found.lines if line.where == where), found.load)


def _table(found: Estimate) -> Table:
    rows = [
        (
            line.where,
            line.what,
            line.formula,
            f"{line.price} per {line.price.unit}",
            f"{line.usd:,.2f}",
            f"{line.price.source}{' (assumed)' if line.price.assumed else ''}",
        )
        for line in found.lines
    ]
    heads = ("place", "what", "amount", "each", "USD a month", "source")
    return Table("Line by line", heads, rows, prose=(1, 2, 3, 5))


COMMANDS = {"cost": cost}
