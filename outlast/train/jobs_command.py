"""`outlast model jobs`: the training jobs of every cloud; to come back to one, or to stop it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from jobs.spec import SCHEMES
from service.command_line import Command, Group, json_option, print_json, say, say_error
from service.errors import InvalidInput, OutlastError, Unavailable

_MOST_SHOWN = 20


def _on(command: Any) -> Any:
    stacks = click.option("--stacks", metavar="SET", help="Of real accounts: stacks/Pulumi.SET-training-*.yaml.")
    return click.option("--on", type=click.Choice([*SCHEMES]), help="Ask this cloud alone.")(stacks(command))


@click.group("jobs", cls=Group)
def jobs() -> None:
    """The training jobs on the clouds: the services themselves are asked, so any machine can."""


@jobs.command("list", cls=Command)
@_on
@json_option
def list_jobs(on: str | None, stacks: str | None, as_json: bool) -> None:
    """Every job that Outlast started, the newest first, with its state and why it ended; 20 a cloud."""
    rows = [row for cloud, site in _open(on, stacks) for row in _list(cloud, site)]
    if as_json:
        print_json({"jobs": rows})
        return
    for row in rows:
        click.echo("  ".join(filter(None, (row["job"], row["cloud"], row["state"], row["started"], row["reason"]))))
    if not rows:
        say("no job was started yet: outlast model train --on aws")


@jobs.command("attach", cls=Command)
@click.argument("name")
@_on
@click.option("--accept-draft", is_flag=True, help="Release although nobody has set costs and floors.")
@click.option("--stop-on-interrupt", is_flag=True, help="Ctrl-C stops the job; without it it goes on.")
@json_option
def attach(
    name: str, on: str | None, stacks: str | None, accept_draft: bool, stop_on_interrupt: bool, as_json: bool
) -> None:
    """Follow a job again, from its first line to the gate and the release, as if the command had never ended."""
    from outlast.train import elsewhere
    from outlast.train.failures import Failures
    from outlast.train.training import finish

    found = _find(name, on, stacks)
    with elsewhere.detaching([found.running], stop=stop_on_interrupt):
        sites, failures = {found.cloud: found.site}, Failures([found.cloud], say)
        done = finish([found.running], sites, failures, accept_draft=accept_draft, pause=elsewhere.pause)
    elsewhere.tell(done, as_json=as_json)


@jobs.command("stop", cls=Command)
@click.argument("name")
@_on
def stop(name: str, on: str | None, stacks: str | None) -> None:
    """Stop a job; the fits that it finished are kept, and the next training of the same goes on from them."""
    found = _find(name, on, stacks)
    found.running.service.stop(found.running.job)
    say(f"{name} is being stopped; to see it end: {found.running.attach}")


@dataclass(frozen=True)
class _Found:
    cloud: str
    site: Any
    running: Any


def _open(on: str | None, stacks: str | None) -> Iterator[tuple[str, Any]]:
    """The clouds that can be asked. Where none is named, one that has no training stack is told and left out."""
    from outlast.train import elsewhere, places

    places.enter_sandbox(stacks)
    opened = []
    for cloud in [on] if on else SCHEMES:
        try:
            opened.append((cloud, elsewhere.open_sites([cloud], stacks)[cloud]))
        except OutlastError as error:
            if on:
                raise
            say(f"{cloud} is left out: {error.what}")
    yield from opened


def _list(cloud: str, site: Any) -> list[dict[str, str]]:
    """The jobs of a cloud; one that cannot be asked is told, and the others are listed."""
    try:
        found = [(job, site.service.look(job)) for job in site.service.list()[:_MOST_SHOWN]]
    except OutlastError as error:
        say_error(error)
        return []
    return [
        {"job": job.name, "cloud": cloud, "state": state.state.value, "started": state.started, "reason": state.reason}
        for job, state in found
    ]


def _find(name: str, on: str | None, stacks: str | None) -> _Found:
    from outlast.train.training import find

    silent = []
    for cloud, site in _open(on, stacks):
        try:
            running = find(name, cloud, site)
        except Unavailable as error:
            silent.append(error)
            continue
        if running is not None:
            return _Found(cloud, site, running)
    if silent:
        raise silent[0]
    raise InvalidInput(f"no job is called {name}", hint="outlast model jobs list names them")


COMMANDS = {"jobs": jobs}
