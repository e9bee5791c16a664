"""`outlast predict-recovery`: how long a lost site is felt, by kind of client, and what drills measured of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import click

from failover.drill.options import DEFAULT_DRILLS
from failover.drill.report import DEVIATED, PASSED
from failover.evidence.shelf import list_drills
from failover.recovery.distribution import Recovery, Scenario, Spread, Switch, assume_switch, predict_recovery
from failover.recovery.kinds import KINDS
from failover.recovery.picture import Point, render_picture, show
from failover.routing.predict import CHECKERS, Check, Fault
from infra.contract import CONNECTION_SECONDS
from infra.settings.kinds import TrafficSettings
from outlast.cost import load_traffic, read_traffic
from service.bundle.writing import write_whole
from service.command_line import Command, json_option, print_json, say, working
from service.errors import InvalidInput, Mistake
from service.pages.page import Table, render

TEMPLATES = Path(__file__).parent / "templates"
HEADS = ("client", "1 in 20 by", "half by", "19 in 20 by", "99 in 100 by", "why")


@click.command("predict-recovery", cls=Command)
@click.option("--stack", metavar="NAME", help="The traffic stack; else the one that the sandbox was brought up with.")
@click.option("--lose", metavar="SITE", help="The site that is lost; else the one that takes most traffic.")
@click.option("--level", type=click.IntRange(1, 3), default=2, help="1: its health check is switched; 2, 3: it fails.")
@click.option("--fault", type=click.Choice(get_args(Fault)), default="refused", help="How it fails.")
@click.option(
    "--connection-seconds",
    type=click.FloatRange(min=0.0),
    default=CONNECTION_SECONDS,
    show_default=True,
    help="The greatest age of a connection at the site, as OUTLAST_CONNECTION_SECONDS or an ALB's client_keep_alive "
    "gives it; 0 where nobody ends it, as at the load balancers of Azure and Google Cloud.",
)
@click.option("--drills", type=click.Path(path_type=Path), default=DEFAULT_DRILLS, help="Where journals are.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with a picture as well.")
@click.option("--seed", type=int, default=0, help="Of the draws: the same seed, the same figures.")
@json_option
def predict(html: Path | None, as_json: bool, **asked: Any) -> None:
    """How long each kind of client feels the loss of a site, from the settings of the traffic stack.

    Drawn at random, many times. What drills under --drills measured at the same level stands beside it.
    """
    stack, drills, seed = asked.pop("stack"), asked.pop("drills"), asked.pop("seed")
    settings = read_traffic(stack) if stack else load_traffic(None)
    asked["connection_seconds"] = asked["connection_seconds"] or None
    scenario = build_scenario(settings, **asked)
    with working("drawing losses of a site"):
        recovery = predict_recovery(scenario, seed=seed)
    points = read_points(drills, recovery.scenario.level)
    if html:
        write_whole(html, render_page(settings, recovery, points))
        say(f"wrote {html}")
    if as_json:
        print_json(to_data(recovery, points))
    else:
        click.echo("\n".join(describe(recovery, points)))


def build_scenario(
    settings: TrafficSettings, *, lose: str | None, level: int, fault: Fault, connection_seconds: float | None
) -> Scenario:
    """The loss of one site of a traffic stack. Raises InvalidInput for a site that takes no traffic."""
    weights = {name: weight for name, weight in settings.weights.items() if weight > 0}
    lost = lose or max(weights, key=lambda name: weights[name], default="")
    if lost not in weights:
        mistake = Mistake("--lose", f"{lost!r} takes no traffic by {settings.name}", f"one of {', '.join(weights)}")
        raise InvalidInput("there is no such site", [mistake])
    return Scenario(
        Check(settings.interval_seconds, settings.failure_threshold, len(settings.checker_regions) or CHECKERS),
        settings.ttl_seconds,
        level=level,
        fault=fault,
        share=weights[lost] / sum(weights.values()),
        switch=assume_switch(level, simulated=False),
        connection_seconds=connection_seconds,
    )


def read_points(drills: Path, level: int) -> tuple[Point, ...]:
    """What every finished drill of that level measured; those whose times are invalid, or missing, are left out."""
    return tuple(
        Point(filed.drill_id, filed.lost, filed.recovery_seconds, filed.band)
        for filed in list_drills(drills)
        if filed.level == level and filed.recovery_seconds is not None and filed.verdict in (PASSED, DEVIATED)
    )


def describe(recovery: Recovery, points: Sequence[Point]) -> list[str]:
    """The prediction as text for a person."""
    scenario = recovery.scenario
    lines = [
        f"  {'in simulated seconds':<38}{'1 in 20 by':>11}{'half by':>9}{'19 in 20 by':>13}{'99 in 100 by':>14}",
        _line("DNS has moved", recovery.moved),
        *(_line(kind.says, recovery.kinds[kind.name]) for kind in KINDS),
        "",
        f"  {say_switch(scenario)}",
    ]
    if points:
        inside = sum(point.inside for point in points)
        times = sorted(point.seconds for point in points)
        lines.append(
            f"  {len(points)} drills of level {scenario.level} measured {times[0]:.1f} to {times[-1]:.1f} s; "
            f"{inside} of {len(points)} fell into the band in which nine of ten were predicted"
        )
    return lines


def say_switch(scenario: Scenario) -> str:
    """What is assumed of the switch, which nobody documents but for its end."""
    switch = scenario.switch
    if not isinstance(switch, Switch):
        return "the switch takes no time here"
    documented = "documents" if scenario.level == 1 else "documents nothing; assumed are"
    return (
        f"the switch to other answers is drawn with a mean of {switch.mean_seconds:g} s; Route 53 {documented} "
        f"{switch.documented_seconds:g} s at most, and no figure here is that bound"
    )


def _line(label: str, spread: Spread) -> str:
    p5, p50, p95, p99 = map(show, (spread.p5, spread.p50, spread.p95, spread.p99))
    return f"  {label:<38}{p5:>11}{p50:>9}{p95:>13}{p99:>14}"


def to_data(recovery: Recovery, points: Sequence[Point]) -> dict[str, Any]:
    """Everything as JSON data; a kind that never leaves has null."""
    scenario = asdict(recovery.scenario)
    return {
        "scenario": scenario,
        "moved": _spread(recovery.moved),
        "kinds": {name: _spread(spread) for name, spread in recovery.kinds.items()},
        "drills": [{**asdict(point), "inside": point.inside} for point in points],
    }


def _spread(spread: Spread) -> dict[str, float | None]:
    return {name: round(seconds, 2) if seconds < math.inf else None for name, seconds in asdict(spread).items()}


def render_page(settings: TrafficSettings, recovery: Recovery, points: Sequence[Point]) -> str:
    """The prediction as one HTML file that needs nothing else."""
    rows = [("DNS has moved", *_cells(recovery.moved), "detection and switch together")]
    rows += [(kind.says, *_cells(recovery.kinds[kind.name]), kind.why) for kind in KINDS]
    return render(
        TEMPLATES,
        "recovery.html",
        title=f"Recovery by {settings.name}, predicted",
        notes=[line.strip() for line in describe(recovery, points)[len(KINDS) + 3 :]],
        picture=render_picture(recovery, points),
        measured=bool(points),
        table=Table("Predicted, in simulated seconds", HEADS, rows, prose=(5,)),
    )


def _cells(spread: Spread) -> tuple[str, str, str, str]:
    return show(spread.p5), show(spread.p50), show(spread.p95), show(spread.p99)


COMMANDS = {"predict-recovery": predict}
