"""The commands of `outlast drill`: the only place that reads the environment and builds clients."""

from __future__ import annotations

import ipaddress
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from failover.dial import Dial
from failover.drill.aborts import Stop
from failover.drill.actions import look_before
from failover.drill.blackout import check_blackouts
from failover.drill.clock import SystemClock
from failover.drill.context import DrillContext
from failover.drill.discover import read_fleet, refuse_drained
from failover.drill.finish import finish_drill
from failover.drill.guards import check_guards, check_overrides, refuse
from failover.drill.journal import find_journal, find_unfinished
from failover.drill.options import DEFAULT_DRILLS, Options, lose_options
from failover.drill.plan import DrillPlan, Limits, plan_drill, render_plan, way_to_lose
from failover.drill.preflight import find_authorities, preflight
from failover.drill.restore import Undone, restore_all, sweep
from failover.drill.retype import retype
from failover.drill.route53 import build_client
from failover.drill.run import run_drill
from failover.drill.samples import Pace
from failover.drill.waits import choose_kinds, find_declared
from failover.levers.clouds import Clouds
from failover.levers.lever import Lever
from failover.levers.registry import build_levers
from failover.levers.replica_counter import ReplicaCounter
from failover.person import name_person
from service.bundle.folder import choose_released, load_golden
from service.command_line import Group, json_option, print_json, say, say_error, working
from service.errors import InvalidInput, Refused

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.group(cls=Group)
def drill() -> None:
    """Lose one site on purpose, measure how traffic moves, and take it back.

    At level 1 a drill disables and inverts the site's health check at Route 53: DNS stops naming the site, and no
    request is expected to fail. At level 2 the service misbehaves, at level 3 its cloud takes it away, and the health
    checks have to notice. `plan` only looks. `run` does what a plan says, and undoes it in any case.
    """


@drill.command()
@lose_options
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
@lose_options
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
@lose_options
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
    undone, failed = restore_all(paths, build_client(), SystemClock(), build_default_levers())
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
    undone = sweep(build_client(), SystemClock(), say, build_default_levers())
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
    fleet, levers = read_fleet(route53, options.host), build_default_levers(dial.speed)
    refuse_drained(route53, fleet)
    site, way = way_to_lose(fleet, options.lose, options.level, options.kind)
    played = choose_kinds(find_declared(options.wait_for, site.check.tags), breaks_requests=way.breaks_requests)
    planned = plan_drill(
        fleet,
        options.lose,
        golden=golden,
        speed=dial.speed,
        pace=pace,
        peak_rps=options.peak_rps or _own_peak(dial, pace.requests_per_second(len(played))),
        limits=Limits(max_duration_seconds=options.max_duration),
        overrides=overrides,
        way=way,
        found=look_before(way.action, way.target, site.check, levers),
        lock=options.lock,
        blackouts=check_blackouts(options.blackout, SystemClock().utc()),
        wait_for=options.wait_for,
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
        run_by=name_person(),
        levers=levers,
        count_replicas=ReplicaCounter(Clouds(os.environ), SystemClock().utc),
    )
    return planned, context


def build_default_levers(speed: int = 1) -> Mapping[str, Lever]:
    """Every lever, with the clients and tokens that this process's environment gives."""
    clock = SystemClock()
    return build_levers(Clouds(os.environ), now=clock.utc, pause=clock.sleep, speed=speed)


def _own_peak(dial: Dial, sent: float) -> float | None:
    """What the drill itself sends, where nobody else can send anything: names are served on this machine only."""
    alone = dial.nameserver is not None and ipaddress.ip_address(dial.nameserver).is_loopback
    return sent if alone else None


def _run(planned: DrillPlan, context: DrillContext, options: Options) -> None:
    stop = Stop()
    with _signals_ask(stop), working(f"drill of {planned.lose}"):
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
