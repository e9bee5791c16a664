"""The whole of a training elsewhere: cost, upload, start, follow, fetch, compare, gate, release."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from jobs.asking import NoAnswer
from jobs.cost import Cost, estimate, refuse_above
from jobs.machines import age_days, is_stale
from jobs.place import Place
from jobs.service import TrainingService
from jobs.spec import TrainingSpec, check, job_name
from outlast.train import journal
from outlast.train.asked import Asked, Size, build_spec
from outlast.train.collecting import collect, describe_training, measure_cost, read_inputs, tell_cost
from outlast.train.failures import Failures, Say
from outlast.train.following import AGAIN, Running, find_succeeded, follow, start_or_find
from outlast.train.parity import Compared, compare, render, require_parity
from outlast.train.release import Result, put_in_place, require_gate
from outlast.train.tables import NAMES, Table, choose_tables
from outlast.train.upload import describe, upload
from service.bundle.folder import Release
from service.command_line import working
from service.errors import OutlastError
from service.evaluation.steps import Released, home_of
from service.evaluation.workbench import ARTIFACTS
from service.stores.opening import open_store
from service.training.job_inputs import INPUTS_FILE
from service.training.problem import ProblemFile


@dataclass(frozen=True)
class Site:
    """A cloud that trains: what its stack made, and its service."""

    place: Place
    service: TrainingService


@dataclass(frozen=True)
class Done:
    """Every result, what each cost, how they differ where there are several, and what was released of the first."""

    results: tuple[Result, ...]
    costs: Mapping[str, Cost | None]
    compared: tuple[Compared, ...]
    released: Released


@dataclass(frozen=True)
class Plan:
    """What is asked for, and of each cloud its site, its tables and the job that would run there."""

    asked: Asked
    sites: Mapping[str, Site]
    tables: Mapping[str, tuple[Table, ...]]
    specs: Mapping[str, TrainingSpec]
    costs: Mapping[str, Cost]


def draw_up(asked: Asked, size: Size, sites: Mapping[str, Site]) -> Plan:
    """What would run on every cloud. Raises OutlastError with all that no service could take; nothing is uploaded."""
    tables, failures = choose_tables(asked.tables, tuple(sites)), Failures(tuple(sites), lambda line: None)
    specs, costs = {}, {}
    for cloud, site in sites.items():
        specs[cloud] = build_spec(asked, size, site.place, tables[cloud])
        with failures.kept(cloud):
            given = describe(open_store(site.place.data_address), asked.path, tables[cloud], {})
            check(replace(specs[cloud], data=given.addresses), cloud)
            costs[cloud] = estimate(specs[cloud], cloud)
    failures.raise_all("not every cloud can run this job")
    return Plan(asked, sites, tables, specs, costs)


def tell_cost_before(plan: Plan, max_cost: float | None, today: datetime.date, say: Say) -> None:
    """Say what the jobs cost at most. Raises Refused where that is above `max_cost` USD."""
    if max_cost is not None:
        refuse_above(plan.costs, max_cost, today)
    each = ", ".join(f"{cloud} {cost.usd:.2f} ({cost.machine})" for cloud, cost in plan.costs.items())
    total, longest = sum(cost.usd for cost in plan.costs.values()), max(cost.seconds for cost in plan.costs.values())
    say(f"at most {total:.2f} USD for {longest / 60:g} minutes, by list prices: {each}")
    if is_stale(today):
        say(f"warning: the prices are {age_days(today)} days old")


def ask_access(plan: Plan) -> None:
    """Ask every service and store what costs nothing. Raises OutlastError for those that let nobody in.

    So whoever has credentials for one cloud alone is told before that one is paid. One that is silent is asked again
    when its job is started.
    """
    failures = Failures(tuple(plan.sites), lambda line: None)
    for cloud, site in plan.sites.items():
        with failures.kept(cloud), suppress(NoAnswer):
            site.service.find(job_name(plan.specs[cloud], 1))
            open_store(site.place.data_address).find(INPUTS_FILE)
    failures.raise_all("not every cloud lets these credentials in")


def start(plan: Plan, failures: Failures) -> Iterator[Running]:
    """Upload and start on every cloud, or find what was started before.

    Each is given when it runs, so that a caller who is interrupted knows of it. A cloud that refuses, or does not
    answer, is kept as a failure.
    """
    earlier = _read_earlier(plan.asked.released, tuple(plan.sites))
    for cloud in plan.sites:
        with working(f"uploading to {NAMES[cloud]}, and starting the job"):
            one = failures.take(cloud, partial(_start_one, plan, cloud, earlier, failures.say), "the others go on")
        if one is not None:
            failures.say(f"{cloud}: {one.job.name} is {one.state.state.value.lower()}; to come back: {one.attach}")
            yield one


def _start_one(plan: Plan, cloud: str, earlier: _Earlier | None, say: Say) -> Running:
    asked, site, tables, spec = plan.asked, plan.sites[cloud], plan.tables[cloud], plan.specs[cloud]
    store = open_store(site.place.data_address)
    if earlier is not None:
        given = describe(store, asked.path, tables, earlier.held_to)
        same = replace(spec, data=given.addresses)
        if found := find_succeeded(cloud, site.service, same, earlier.jobs[cloud], say):
            return found
    spec = replace(spec, data=upload(store, asked.path, tables, asked.released).addresses)
    return start_or_find(cloud, site.service, spec, partial(journal.write_entry, store, spec), say)


@dataclass(frozen=True)
class _Earlier:
    """The jobs that made the released model, and the SHA-256 of the files that they were held to."""

    jobs: Mapping[str, str]
    held_to: Mapping[str, str]


def _read_earlier(released: Release | None, clouds: Sequence[str]) -> _Earlier | None:
    """What made the released model, if it was trained on just these clouds.

    The same asked once more is those jobs and no new ones. They were held to what was released before, so that their
    inputs are other ones than those of a job that is started now.
    """
    training: Mapping[str, Any] = released.manifest.training if released else {}
    jobs, held_to = training.get("jobs"), training.get("held_to")
    if not isinstance(jobs, Mapping) or not isinstance(held_to, Mapping) or set(jobs) != set(clouds):
        return None
    return _Earlier(jobs, held_to)


def find(name: str, cloud: str, site: Site) -> Running | None:
    """A job by its name, whoever started it; None where the cloud does not know it."""
    job = site.service.find(name)
    if job is None:
        return None
    spec = journal.read_entry(open_store(site.place.data_address), name)
    return Running(cloud, site.service, job, spec)


def finish(
    running: Sequence[Running],
    sites: Mapping[str, Site],
    failures: Failures,
    *,
    accept_draft: bool,
    pause: Callable[[], None],
    artifacts: Path = ARTIFACTS,
    home: Path | None = None,
) -> Done:
    """Follow jobs to their end, and release the model of the first where all gave the same and the gate says yes.

    What they cost is said as well where nothing is released.
    """
    try:
        follow(running, failures, pause)
        return _release(running, sites, failures, accept_draft=accept_draft, artifacts=artifacts, home=home)
    except OutlastError:
        for one in running:
            if one.state.state.final and (cost := measure_cost(one)):
                failures.say(f"cost: {tell_cost(one.cloud, cost)}")
        raise


def _release(
    running: Sequence[Running],
    sites: Mapping[str, Site],
    failures: Failures,
    *,
    accept_draft: bool,
    artifacts: Path,
    home: Path | None,
) -> Done:
    collected = _collect_all(running, failures, artifacts)
    failures.raise_all("nothing was released, as not every cloud gave a model", again=AGAIN)
    results, problems = [result for result, _ in collected], [problem for _, problem in collected]
    compared = compare(results)
    if len(results) > 1:
        failures.say(render(compared))
        require_parity(results, compared)
    require_gate(results[0], problems[0], accept_draft=accept_draft)
    costs = {one.cloud: measure_cost(one) for one in running}
    first = running[0]
    training = describe_training(first, results[0], costs[first.cloud], sites[first.cloud].place.region)
    training["jobs"] = {result.cloud: result.job for result in results}
    if len(results) > 1:
        training["compared"] = [one.to_document() for one in compared]
    done = put_in_place(results[0], (home or home_of(problems[0])) / problems[0].name, training)
    return Done(tuple(results), costs, compared, done)


def _collect_all(running: Sequence[Running], failures: Failures, artifacts: Path) -> list[tuple[Result, ProblemFile]]:
    """What every job that succeeded wrote, and the problem file of each."""
    collected = []
    for one in running:
        if one.cloud in failures.of:
            continue
        with failures.kept(one.cloud):
            inputs, problem = read_inputs(one)
            collected.append((collect(one, inputs, artifacts / problem.name / "jobs"), problem))
            failures.say(f"{one.cloud}: results and report in {collected[-1][0].folder}")
    return collected
