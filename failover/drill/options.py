"""What is typed after every command that plans a drill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from failover.drill.guards import GUARDS
from failover.drill.plan import Limits
from failover.drill.samples import Pace
from failover.drill.waits import NAMES
from failover.levers.levels import FLAG_KINDS, SANDBOX_KINDS
from service.command_line import json_option, model_option

DEFAULT_DRILLS = Path("drills")
OVERRIDABLE = ", ".join(guard.name for guard in GUARDS if guard.overridable)


@dataclass(frozen=True)
class Options:
    """What was typed."""

    lose: str
    host: str
    model: str | None
    golden: Path | None
    drills: Path
    peak_rps: float | None
    override: tuple[str, ...]
    max_duration: float
    clients: int
    level: int
    kind: str
    lock: str
    blackout: tuple[str, ...]
    as_json: bool
    approved_by: str = ""
    wait_for: tuple[str, ...] = ()


LOSE_OPTIONS = [
    click.option("--lose", metavar="SITE", required=True, help="The site to lose, by its name in DNS."),
    click.option("--host", envvar="OUTLAST_HOST", default="", help="The public host. [env: OUTLAST_HOST]"),
    model_option,
    click.option(
        "--golden",
        type=click.Path(path_type=Path),
        help="Rows whose right answer is known, instead of those of a model that is released here.",
    ),
    click.option(
        "--drills", type=click.Path(path_type=Path), default=DEFAULT_DRILLS, help="Where journals and reports go."
    ),
    click.option(
        "--peak-rps",
        type=click.FloatRange(min=0.0, min_open=True),
        help="Requests per second of your users at their peak, for the guard `capacity`. Where the name server is "
        "on loopback nobody else can be a user, and it is what the drill itself sends.",
    ),
    click.option("--override", multiple=True, metavar="GUARD", help=f"Accept what a guard finds: {OVERRIDABLE}."),
    click.option(
        "--max-duration",
        type=click.FloatRange(min=60.0),
        default=Limits.max_duration_seconds,
        help="Abort and undo after so many simulated seconds.",
    ),
    click.option(
        "--level",
        type=click.IntRange(1, 4),
        default=1,
        help="1: DNS is switched; 2: the service misbehaves; 3: its cloud takes it away; 4: the sandbox breaks it.",
    ),
    click.option(
        "--kind",
        default="",
        help=f"How it misbehaves. Level 2: {', '.join(FLAG_KINDS)}. Level 4: {', '.join(SANDBOX_KINDS)}.",
    ),
    click.option(
        "--lock",
        envvar="OUTLAST_DRILL_LOCK",
        default="",
        help="An object or DynamoDB item that keeps drills of other machines away. [env: OUTLAST_DRILL_LOCK]",
    ),
    click.option("--blackout", multiple=True, metavar="WINDOW", help="When nobody drills, as FROM/TO."),
    click.option(
        "--wait-for",
        multiple=True,
        metavar="KIND",
        help=f"A kind of client to wait for before the site is given back, instead of those that the stack declares: "
        f"{', '.join(NAMES)}.",
    ),
    click.option("--clients", type=click.IntRange(1, 50), default=Pace.clients, help="How many clients to be."),
    click.option(
        "--approved-by",
        metavar="NAME",
        envvar="OUTLAST_APPROVED_BY",
        default="",
        help="Who approved the plan, for the report. [env: OUTLAST_APPROVED_BY]",
    ),
    json_option,
]


def lose_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that plans a drill; the command gets them as one `Options`."""

    def with_options(**typed: Any) -> None:
        own = {key: typed.pop(key) for key in ("approved",) if key in typed}
        command(Options(**typed), **own)

    with_options.__doc__ = command.__doc__
    with_options.__name__ = command.__name__
    decorated: Callable[..., None] = with_options
    for decorate in reversed(LOSE_OPTIONS):
        decorated = decorate(decorated)
    return decorated
