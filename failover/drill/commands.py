"""The commands of `outlast drill`: the only place that reads the environment and builds clients."""

from __future__ import annotations

import getpass
import ipaddress
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from failover.dial import Dial
from failover.drill.aborts import Stop
from failover.drill.clock import SystemClock
from failover.drill.context import DrillContext
from failover.drill.discover import read_fleet
from failover.drill.finish import finish_drill
from failover.drill.guards import GUARDS, check_guards, check_overrides, refuse
from failover.drill.journal import find_journal, find_unfinished
from failover.drill.plan import DrillPlan, Limits, plan_drill, render_plan
from failover.drill.preflight import find_authorities, preflight
from failover.drill.restore import Undone, restore_all, sweep
from failover.drill.retype import retype
from failover.drill.route53 import build_client
from failover.drill.run import run_drill
from failover.drill.samples import Pace
from service.bundle.folder import choose_released, load_golden
from service.command_line import Group, json_option, model_option, print_json, say, say_error
from service.errors import InvalidInput, Refused

DEFAULT_DRILLS = Path("drills")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
    as_json: bool
    approved_by: str = ""


@click.group(cls=Group)
def drill() -> None:
    """Lose one site on purpose, measure how traffic moves, and take it back.

    A drill disables and inverts the site's health check at Route 53: DNS stops naming the site, and no request is
    expected to fail. `plan` only looks. `run` does what a plan says, and undoes it in any case.
    """


def _lose_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that plans a drill; the command gets them as one `Options`."""

    def with_options(**typed: Any) -> None:
        own = {key: typed.pop(key) for key in ("approved",) if key in typed}
        command(Options(**typed), **own)

    with_options.__doc__ = command.__doc__
    with_options.__name__ = command.__name__
    decorators = [
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
    decorated: Callable[..., None] = with_options
    for decorate in reversed(decorators):
        decorated = decorate(decorated)
    return decorated


@drill.command()
@_lose_options
def plan(options: Options) -> None:
    """Print the plan and its hash. Changes nothing."""
    planned, context = prepare_drill(options)
    findings = check_guards(preflight(context, planned))
    if options.as_json:
        print_json({"plan": planned.to_data(), "findings": [_finding_data(finding) for finding in findings]})
    else:
        click.echo(render_plan(planned))
        for finding in findings:
            click.echo(f"  guard {finding}")
    refuse(findings, f"run would refuse to lose {planned.lose}")
    say(f"to run it: {retype(click.get_current_context(), 'run', '--plan', planned.hash)}")


@drill.command()
@click.option("--plan", "approved", metavar="HASH", required=True, help="The hash that `plan` printed.")
@_lose_options
def run(options: Options, approved: str) -> None:
    """Run an approved plan; refuse if anything in it has changed since."""
    planned, context = prepare_drill(options)
    if planned.hash != approved:
        raise Refused(
            f"the plan has changed: it is {planned.hash} now, {approved} was approved; nothing was changed",
            hint=f"look at it again: {retype(click.get_current_context(), 'plan')}",
        )
    _run(planned, context, options)


@drill.command()
@_lose_options
def now(options: Options) -> None:
    """Print the plan and run it at once."""
    planned, context = prepare_drill(options)
    say(render_plan(planned) + "\n")
    _run(planned, context, options)


@drill.command()
@click.option(
    "--journal", type=click.Path(path_type=Path), help="A drill's folder, or its journal; default: all unfinished."
)
@click.option(
    "--drills", type=click.Path(path_type=Path), default=DEFAULT_DRILLS, help="Where journals are looked for."
)
@json_option
def restore(journal: Path | None, drills: Path, as_json: bool) -> None:
    """Undo whatever a killed drill left. Needs the journal and boto3; doing it again changes nothing."""
    paths = [find_journal(journal)] if journal else find_unfinished(drills)
    route53 = build_client()
    undone, failed = restore_all(paths, route53, SystemClock())
    if undone or not failed:
        _print_undone(undone, as_json, nothing=f"nothing to restore: {len(paths)} journals, nothing pending")
    for error in failed[1:]:
        say_error(error)
    if failed:
        raise failed[0]


@drill.command(name="sweep")
@json_option
def sweep_command(as_json: bool) -> None:
    """Undo every drill of this AWS account whose tags say that it has expired. Needs no journal."""
    undone = sweep(build_client(), SystemClock(), say)
    _print_undone(undone, as_json, nothing="nothing to sweep: no drill has expired")


@drill.command()
@click.argument("journal", type=click.Path(path_type=Path))
@json_option
def report(journal: Path, as_json: bool) -> None:
    """Write the report of a drill again, from its journal alone."""
    finish_drill(find_journal(journal), as_json)


# -- inside ------------------------------------------------------------------------------------------------------------


def prepare_drill(options: Options) -> tuple[DrillPlan, DrillContext]:
    """The plan of what was asked for, and everything outside that running it needs. Changes nothing."""
    if not options.host:
        raise InvalidInput("no host: whose site is to be lost?", hint="name it with --host or in $OUTLAST_HOST")
    overrides = check_overrides(options.override)
    dial = Dial.from_environment(os.environ)
    golden, route53 = load_golden(options.golden or choose_released(options.model)), build_client()
    pace = Pace(clients=options.clients)
    fleet = read_fleet(route53, options.host)
    planned = plan_drill(
        fleet,
        options.lose,
        golden=golden,
        speed=dial.speed,
        pace=pace,
        peak_rps=options.peak_rps or _own_peak(dial, pace),
        limits=Limits(max_duration_seconds=options.max_duration),
        overrides=overrides,
    )
    context = DrillContext(
        route53=route53,
        dial=dial,
        authorities=find_authorities(route53, dial, fleet.zone_id),
        golden=golden,
        clock=SystemClock(),
        drills=options.drills,
        pace=pace,
        api_key=os.environ.get("OUTLAST_API_KEY", ""),
        approved_by=options.approved_by,
        run_by=_name_runner(),
    )
    return planned, context


def _name_runner() -> str:
    """Who runs this, and where, as the system knows it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        user = f"user {os.getuid()}"
    return f"{user} on {socket.gethostname()}"


def _own_peak(dial: Dial, pace: Pace) -> float | None:
    """What the drill itself sends, where nobody else can send anything: names are served on this machine only."""
    alone = dial.nameserver is not None and ipaddress.ip_address(dial.nameserver).is_loopback
    return pace.requests_per_second if alone else None


def _run(planned: DrillPlan, context: DrillContext, options: Options) -> None:
    stop = Stop()
    with _signals_ask(stop):
        journal = run_drill(planned, context, say=say, stop=stop)
    finish_drill(journal, options.as_json, stop)


@contextmanager
def _signals_ask(stop: Stop) -> Iterator[None]:
    """Turn signals into a request: the drill ends at its next tick, undone, instead of in the middle of a change."""
    before = {
        number: signal.signal(number, lambda n, _: stop.request(signal.Signals(n).name, signal=n)) for number in SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finding_data(finding: Any) -> dict[str, Any]:
    return {"guard": finding.guard.name, "what": finding.what, "overridden": finding.overridden}


def _print_undone(undone: Sequence[Undone], as_json: bool, *, nothing: str) -> None:
    if as_json:
        print_json([asdict(each) for each in undone])
    else:
        click.echo("\n".join(f"{each.drill_id}: {each.change}: {each.found}" for each in undone) or nothing)


COMMANDS = {"drill": drill}
