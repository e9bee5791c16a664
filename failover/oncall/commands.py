"""The commands of somebody on call: `status --host`, `lint`, `drain`, `undrain`. Only here clients are built."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from failover.dial import Dial
from failover.drill.commands import build_default_levers
from failover.drill.discover import find_zone, read_checks, read_zone
from failover.drill.restore import sweep_check
from failover.drill.route53 import build_client, translate_errors
from failover.oncall import drain as draining
from failover.oncall.facts import describe_site
from failover.oncall.look import read_standing
from failover.oncall.notes import find_notes
from failover.oncall.render import render_standing, to_document
from failover.oncall.standing import HostStanding, SiteStanding
from failover.oncall.watch import Watcher
from failover.person import name_person
from failover.routing.lint_rules import LintFinding
from failover.routing.lint_sites import Promises, lint_sites
from failover.routing.lint_zone import lint_zone, list_reached
from failover.routing.predict import Check, predict_failover
from service.command_line import Command, json_option, print_json, say, working
from service.errors import Deviated, InvalidInput, Mistake, OutlastError

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

_DRILLS = Path("drills")


@dataclass(frozen=True)
class _Edge:
    """What a command works with."""

    route53: Route53Client
    dial: Dial
    host: str

    @classmethod
    def open(cls, host: str) -> _Edge:
        if not host:
            raise InvalidInput("no host: whose sites are meant?", hint="name it with --host or in $OUTLAST_HOST")
        return cls(build_client(), Dial.from_environment(os.environ), host)

    def look(self, drills: Path = _DRILLS) -> HostStanding:
        deadline, now = self.dial.deadline_seconds, datetime.now(UTC)
        return read_standing(self.route53, self.dial, self.host, now=now, deadline_seconds=deadline, drills=drills)

    def look_told(self, drills: Path = _DRILLS) -> HostStanding:
        """The same, told where it lasts: a site that does not answer takes its deadline."""
        with working(f"looking at {self.host}"):
            return self.look(drills)

    def sweep(self, site: SiteStanding, now: datetime) -> list[str]:
        """Undo what an expired drill left at the site, and say it; of any other nothing."""
        if site.endpoint is None or not draining.is_expired(site, now):
            return []
        check = read_checks(self.route53, [site.endpoint.id])[site.endpoint.id]
        undone = sweep_check(self.route53, check, build_default_levers(self.dial.speed))
        return [f"drill {each.drill_id}, which had expired: {each.change}: {each.found}" for each in undone]


def host_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--host`: the public host that is meant."""
    return click.option("--host", envvar="OUTLAST_HOST", default="", help="The public host. [env: OUTLAST_HOST]")(
        command
    )


def show_status(host: str, *, drills: Path = _DRILLS, as_json: bool = False) -> None:
    """Print how the host stands. Changes nothing."""
    standing = _Edge.open(host).look_told(drills)
    notes = find_notes(standing)
    if as_json:
        print_json(to_document(standing, notes))
    else:
        click.echo(render_standing(standing, notes))


@click.command(cls=Command)
@host_option
@click.option("--goal", type=click.FloatRange(min=1.0), help="The recovery time that was promised, in seconds.")
@click.option("--peak-rps", type=click.FloatRange(min=0.1), help="Requests a second at the peak, which survivors bear.")
@click.option("--next-drill", type=click.IntRange(min=0), default=30, show_default=True, help="Days until then.")
@json_option
def lint(host: str, goal: float | None, peak_rps: float | None, next_drill: int, as_json: bool) -> None:
    """Find what in a host's records and health checks would hurt on the day a site is lost. Changes nothing."""
    edge = _Edge.open(host)
    standing, checks = edge.look_told(), _read_configs(edge.route53)
    with translate_errors(f"read the zone of {host}"):
        zone = read_zone(edge.route53, find_zone(edge.route53, standing.host), standing.host)
    reached = list_reached(zone, standing.host)
    promises = Promises(peak_rps, next_drill=standing.now + timedelta(days=next_drill), reached=reached)
    findings = (
        *lint_zone(zone, standing.host, checks, goal_seconds=goal),
        *lint_sites([describe_site(site) for site in standing.sites], promises),
    )
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        click.echo("\n".join(map(str, findings)) or "nothing found")
    _raise_errors(findings)


@click.command(cls=Command)
@click.argument("site")
@host_option
@click.option("--why", default="", help="A reason, for whoever looks later.")
@click.option(
    "--by",
    default="",
    help="Who you are; your name on this machine where it is left out, in a health check's tag alone.",
)
@click.option("--last", default="", metavar="SITE", help="The site once more, where no healthy one would be left.")
@json_option
def drain(site: str, host: str, why: str, by: str, last: str, as_json: bool) -> None:
    """Take a site out of DNS until `undrain`; its running requests are served on."""
    edge = _Edge.open(host)
    standing = edge.look_told()
    found = draining.find_site(standing, site)
    outage = found.find_outage()
    if outage and not outage.by_drill:
        _tell(
            as_json, found, f"{site} is out already: {outage.by or 'somebody'} took it out {outage.since}".rstrip(), {}
        )
        return
    draining.check_drain(standing, found, last=last)
    reason = draining.Reason(by or name_person(), standing.now.isoformat(timespec="seconds"), why)
    done = draining.HealthCheckWay(edge.route53).drain(found, reason)
    try:
        done = "\n".join((done, *edge.sweep(found, standing.now)))
    except OutlastError as error:
        say(f"warning: {site} is drained, but what drill {found.drill_id} left is not undone: {error.what}")
        say("  hint: outlast drill sweep, before the site is undrained")
    _tell(as_json, found, f"{done}\n{_expect(standing, found, without=site)}", standing.shares(without=site))


@click.command(cls=Command)
@click.argument("site")
@host_option
@click.option("--anyway", is_flag=True, help="Also where the site does not answer right.")
@json_option
def undrain(site: str, host: str, anyway: bool, as_json: bool) -> None:
    """Put a drained site back, once it answers right."""
    edge = _Edge.open(host)
    standing = edge.look_told()
    found = draining.find_site(standing, site)
    if not draining.is_out(found):
        draining.refuse_switched(found)
        _tell(as_json, found, f"{site} is not drained: there is nothing to do", standing.shares())
        return
    draining.check_undrain(found, standing.now, anyway=anyway)
    done = _sweep_before(edge, found, standing.now)
    if done:  # what an expired drill left is gone: is anything left to undo?
        found = draining.find_site(edge.look(), site)
    if draining.is_out(found):
        done.append(draining.HealthCheckWay(edge.route53).undrain(found))
    if found.look.problem:
        say(f"warning: {site} {found.look.problem}: it gets traffic until its checkers have looked")
    _tell(as_json, found, "\n".join(done), edge.look_told().shares())


def _sweep_before(edge: _Edge, site: SiteStanding, now: datetime) -> list[str]:
    """Undo what an expired drill left. Where that fails the site is put back all the same, and it is said."""
    try:
        return edge.sweep(site, now)
    except OutlastError as error:
        say(f"warning: what drill {site.drill_id} left at {site.name} is not undone: {error.what}")
        say("  hint: outlast drill sweep, once that is mended")
        return []


@click.command(cls=Command)
@host_option
@click.option("--every", type=click.FloatRange(min=1.0), default=10.0, show_default=True, help="Seconds between looks.")
@click.option("--looks", type=click.IntRange(min=1), help="End after so many, with an error where an alarm stands.")
@click.option("--drain", "drains", is_flag=True, help="Drain a site with an alarm: never the last healthy one.")
@json_option
def watch(host: str, every: float, looks: int | None, drains: bool, as_json: bool) -> None:
    """Raise an alarm for what Route 53 does not see: invalid certificates, lost requests."""
    edge = _Edge.open(host)
    way = draining.HealthCheckWay(edge.route53) if drains else None
    watcher = Watcher(edge.look, by=f"watch of {name_person()}", way=way)
    for number in count(1):
        for said in watcher.step(datetime.now(UTC).isoformat(timespec="seconds")):
            click.echo(json.dumps(asdict(said)) if as_json else str(said))
        if number == looks:
            break
        time.sleep(every / edge.dial.speed)
    if watcher.standing:
        told = "; ".join(f"{alarm.site}: {alarm.what}" for alarm in watcher.standing)
        raise Deviated(f"alarms stand: {told}", hint=f"outlast status --host {host}")


# -- inside ------------------------------------------------------------------------------------------------------------


def _expect(standing: HostStanding, site: SiteStanding, *, without: str) -> str:
    """What happens next, and when, for a client that honours the TTL."""
    asked = site.endpoint
    check = Check(asked.interval_seconds, asked.failure_threshold) if asked else Check()
    predicted = predict_failover(check, ttl_seconds=standing.ttl_seconds, level=1)
    shares = draining.describe_shares(standing.shares(without=without))
    return (
        f"clients that honour the TTL leave it after about {predicted.typical_seconds:.0f} s, at the latest "
        f"{predicted.worst_seconds:.0f} s; then DNS answers {shares}\n"
        f"to put it back: outlast undrain {site.name} --host {standing.host}"
    )


def _tell(as_json: bool, site: SiteStanding, what: str, shares: dict[str, float]) -> None:
    if as_json:
        document: dict[str, Any] = {"site": site.name, "done": what.splitlines(), "shares": shares}
        print_json(document)
    else:
        click.echo(what)


def _read_configs(route53: Route53Client) -> dict[str, dict[str, Any]]:
    """The settings of every health check of the account, by id."""
    with translate_errors("list the health checks"):
        pages = route53.get_paginator("list_health_checks").paginate()
        return {check["Id"]: dict(check["HealthCheckConfig"]) for page in pages for check in page["HealthChecks"]}


def _raise_errors(findings: tuple[LintFinding, ...]) -> None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        told = "\n".join(f"- {Mistake(f.place, f'{f.what} (rule {f.rule})')}" for f in errors)
        raise Deviated(f"this routing would not survive the loss of a site\n{told}", hint="docs/concepts/routing.md")


COMMANDS = {"lint": lint, "drain": drain, "undrain": undrain, "watch": watch}
