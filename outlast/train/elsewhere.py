"""What the commands of training elsewhere share: the clouds opened, Ctrl-C detaching, the end told."""

from __future__ import annotations

import datetime
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from failover.levers.clouds import Clouds
from outlast.train.asked import Asked, choose_size, read_asked
from outlast.train.checking import check_asked
from outlast.train.collecting import tell_cost
from outlast.train.failures import Failures
from outlast.train.following import Running
from outlast.train.places import enter_sandbox, in_sandbox, name_clouds, open_service, read_place
from outlast.train.tables import choose_tables, refuse_other_clouds
from outlast.train.training import Done, Plan, Site, ask_access, draw_up, finish, start, tell_cost_before
from service.command_line import INTERRUPTED, say, say_error, working
from service.errors import OutlastError
from service.evaluation.cli import print_result

_PAUSE_SECONDS, _SANDBOX_PAUSE_SECONDS = 5.0, 0.5


def train_elsewhere(on: str, data: Sequence[str], cpu: int, memory: float, options: dict[str, Any]) -> None:
    """`outlast model train --on CLOUD`."""
    enter_sandbox(options["stacks"])
    with working("reading what is asked for, and asking the clouds"):
        plan = read_plan(on, data, cpu, memory, options)
    tell_cost_before(plan, options["max_cost"], datetime.datetime.now(datetime.UTC).date(), say)
    running, failures = list[Running](), Failures(tuple(plan.sites), say)
    with detaching(running, stop=options["stop_on_interrupt"], clouds=tuple(plan.sites)):
        for one in start(plan, failures):
            running.append(one)  # one by one: Ctrl-C may come between two clouds
        done = finish(running, plan.sites, failures, accept_draft=options["accept_draft"], pause=pause)
    tell(done, as_json=options["as_json"])


def read_plan(on: str, data: Sequence[str], cpu: int, memory: float, options: dict[str, Any]) -> Plan:
    """What is asked for. Raises OutlastError with all that is wrong in it: nothing was uploaded or started yet."""
    clouds, wrong = name_clouds(on), Failures((), say)
    limits = (options["budget"], options["time_limit"])
    size = wrong.take("size", lambda: choose_size(cpu, memory, *limits, spot=options["spot"]))
    asked = wrong.take("problem", lambda: _read_checked(data, clouds, options))
    sites = wrong.take("stacks", lambda: open_sites(clouds, options["stacks"]))
    if size and asked and sites:
        with wrong.kept("jobs"):
            plan = draw_up(asked, size, sites)
            ask_access(plan)
            return plan
    wrong.raise_all("nothing was uploaded or started")
    raise AssertionError("something is wrong")


def _read_checked(data: Sequence[str], clouds: Sequence[str], options: dict[str, Any]) -> Asked:
    refuse_other_clouds(data, clouds)  # before anything is read of them
    asked = read_asked(options["problem"], data, options)
    check_asked(asked, options, choose_tables(asked.tables, clouds)[clouds[0]])
    return asked


def open_sites(clouds: Sequence[str], stacks: str | None) -> dict[str, Site]:
    """The clouds that train, each by its training stack. Raises OutlastError with all that cannot."""
    apis, failures, sites = Clouds(os.environ), Failures(clouds, say), {}
    for cloud in clouds:
        with failures.kept(cloud):
            place = read_place(cloud, stacks)
            sites[cloud] = Site(place, open_service(place, apis))
    failures.raise_all("nothing was started, as not every cloud can train")
    return sites


def pause() -> None:
    """Between two looks at jobs."""
    time.sleep(_SANDBOX_PAUSE_SECONDS if in_sandbox(os.environ) else _PAUSE_SECONDS)


@contextmanager
def detaching(running: Sequence[Running], *, stop: bool, clouds: Sequence[str] = ()) -> Iterator[None]:
    """Ctrl-C leaves the jobs as they are and tells how to come back; or stops them, where that was asked for.

    `clouds` are those that have a job, or are about to: it may come while a start is on its way.
    """
    try:
        yield
    except KeyboardInterrupt:
        for one in running:
            _stop(one) if stop else say(f"the job goes on; to come back: {one.attach}")
        for cloud in (one for one in clouds if one not in {job.cloud for job in running}):
            say(f"{cloud}: if a start was on its way, its job runs; outlast model jobs list --on {cloud} names it")
        if len(running) > 1:
            say("to compare what they give: the same command again; attach releases one without comparing")
        sys.exit(INTERRUPTED)


def _stop(running: Running) -> None:
    """One that cannot be stopped is told, and the others are stopped all the same."""
    try:
        running.service.stop(running.job)
    except OutlastError as error:
        say_error(error)
        say(f"the job goes on; to come back: {running.attach}")
    else:
        say(f"{running.job.name} is being stopped")


def tell(done: Done, *, as_json: bool) -> None:
    """What was released, and what it cost."""
    manifest, first = done.released.release.manifest, done.results[0]
    news = "new" if done.released.changed else "answers as released, so not a byte changes"
    words = [
        f"{manifest.problem} version {manifest.version}: {manifest.algorithm}, {news}",
        f"  digest    {done.released.release.digest}",
        f"  released  {done.released.release.folder}",
        f"  serve it  {manifest.problem}@{done.released.release.digest} in a site's outlast:models",
        f"  report    {first.folder / 'report.html'}",
        *(f"  cost      {tell_cost(cloud, cost)}" for cloud, cost in done.costs.items()),
    ]
    print_result(to_document(done), as_json, "\n".join(words))


def to_document(done: Done) -> Mapping[str, Any]:
    """What `tell` says, as plain data."""
    release = done.released.release
    return {
        "problem": release.manifest.problem,
        "winner": done.results[0].trained.winner,
        "digest": release.digest,
        "version": release.manifest.version,
        "changed": done.released.changed,
        "released": str(release.folder),
        "jobs": {result.cloud: result.job for result in done.results},
        "results": {result.cloud: str(result.folder) for result in done.results},
        "fits": {result.cloud: dict(result.trained.fits) for result in done.results},
        "compared": [one.to_document() for one in done.compared],
        "usd": {cloud: None if cost is None else round(cost.usd, 4) for cloud, cost in done.costs.items()},
    }
