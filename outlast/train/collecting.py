"""From a job that succeeded to a result that may be released: fetched, checked, and with what it took written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jobs.cost import Cost, spent
from jobs.machines import CHECKED
from outlast.train.fetching import fetch
from outlast.train.following import Running
from outlast.train.release import Result, open_result
from outlast.train.upload import folder_of
from service.errors import ModelMismatch
from service.stores.opening import open_store
from service.stores.store import read_whole
from service.training.job_inputs import INPUTS_FILE, JobInputs, parse_inputs
from service.training.problem import ProblemFile, parse_problem

SERVICES = {"aws": "Amazon SageMaker", "azure": "Azure Machine Learning", "gcp": "Vertex AI"}


def read_inputs(running: Running) -> tuple[JobInputs, ProblemFile]:
    """What a job was given, by its spec alone: the inputs, and the problem file as it was when it was started."""
    store = open_store(running.spec.data[0].rstrip("/"))
    raw = read_whole(store, INPUTS_FILE)
    if not running.spec.data[0].endswith(folder_of(raw)):
        what = f"{store.name(INPUTS_FILE)} was changed since {running.job.name} was started"
        raise ModelMismatch(what, hint="start the training again")
    inputs = parse_inputs(raw, store.name(INPUTS_FILE))
    text = read_whole(store, inputs.problem_file, sha256=inputs.problem_sha256).decode()
    return inputs, parse_problem(text, name=Path(inputs.problem_file).stem)


def collect(running: Running, inputs: JobInputs, folder: Path) -> Result:
    """Fetch what a job wrote into a folder of its own, and check it."""
    place = folder / f"{running.job.name}-{running.cloud}"
    trained = fetch(open_store(running.state.artifacts.rstrip("/")), place)
    return open_result(running.cloud, running.job.name, place, trained, inputs)


def describe_training(running: Running, result: Result, cost: Cost | None, region: str) -> dict[str, Any]:
    """Where, when, on what and for how much a model was trained: the manifest's `training`."""
    trained = result.trained
    return {
        "cloud": running.cloud,
        "service": SERVICES[running.cloud],
        "region": region,
        "job": running.job.name,
        "image": running.spec.image,
        "spot": running.spec.spot,
        "processor": trained.machine,
        "started": running.state.started or trained.started,
        "ended": running.state.ended or trained.finished,
        "seconds": trained.seconds,
        "fits": dict(trained.fits),
        "data": [{"address": table.address, "sha256": table.sha256} for table in trained.inputs.tables],
        "problem_sha256": trained.inputs.problem_sha256,
        "held_to": dict(trained.inputs.released),
        **_describe_cost(cost),
    }


def measure_cost(running: Running) -> Cost | None:
    """What the job cost, as far as its service tells."""
    return spent(running.spec, running.cloud, running.state)


def tell_cost(cloud: str, cost: Cost | None) -> str:
    """The same for a person."""
    if cost is None:
        return f"{cloud}: its service did not say how long the job ran"
    how = "as its service counts" if cost.exact else "at the list price, at most"
    return f"{cloud}: {cost.usd:.4f} USD for {cost.seconds} s of {cost.machine}, {how}"


def _describe_cost(cost: Cost | None) -> Mapping[str, Any]:
    if cost is None:
        return {}
    told = asdict(cost)
    return {"cost": {**told, "usd": round(cost.usd, 4), "prices_of": CHECKED.isoformat()}}
