"""A training service in this process: its jobs end at once, with results that are made of the released digits model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jobs.place import AwsPlace, AzurePlace, GooglePlace, Place
from jobs.service import Job, JobState, LogLine, State
from jobs.spec import TrainingSpec, digest, job_name
from outlast.train.training import Site
from service.stores.opening import open_store
from service.stores.store import read_whole
from service.training.job_inputs import INPUTS_FILE, parse_inputs
from tests.outlast.train.finished import finish

SUCCEEDED = JobState(State.SUCCEEDED, started="2026-01-01T00:00:00Z", ended="2026-01-01T00:30:00Z")


class FakeService:
    """`states` are what looks at a job find, one after the other, the last one for ever.

    `raised` are raised by looks, before any of them answers.
    """

    def __init__(self, cloud: str, folder: Path, states: Sequence[JobState] = (SUCCEEDED,), **said: Any) -> None:
        self.cloud, self.folder, self.states, self.said = cloud, folder, states, said
        self.jobs: dict[str, Job] = {}
        self.specs: dict[str, TrainingSpec] = {}
        self.left: dict[str, Iterator[JobState]] = {}
        self.last: dict[str, JobState] = {}
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.raised: list[Exception] = []
        self.texts = ["fits 1 of 2", "fits 2 of 2"]

    def start(self, spec: TrainingSpec, attempt: int = 1) -> Job:
        name = job_name(spec, attempt)
        if name in self.jobs:
            return self.jobs[name]
        self.started.append(name)
        self.specs[name] = spec
        self.jobs[name] = Job(name, f"id/{name}", digest(spec)[:16], attempt)
        self.left[name], self.last[name] = iter(self.states), self.states[-1]
        return self.jobs[name]

    def find(self, name: str) -> Job | None:
        return self.jobs.get(name)

    def look(self, job: Job) -> JobState:
        if self.raised:
            raise self.raised.pop(0)
        state = next(self.left[job.name], self.last[job.name])
        if state.state is not State.SUCCEEDED:
            return state
        out = self.folder / job.name
        if not out.exists():
            store = open_store(self.specs[job.name].data[0])
            finish(out, inputs=parse_inputs(read_whole(store, INPUTS_FILE), INPUTS_FILE), **self.said)
        return JobState(**{**vars(state), "artifacts": f"{out}/"})

    def lines(self, job: Job, after: str = "") -> list[LogLine]:
        return [LogLine(text, "", str(n)) for n, text in enumerate(self.texts, 1) if n > int(after or 0)]

    def stop(self, job: Job) -> None:
        self.stopped.append(job.name)

    def list(self) -> list[Job]:
        return list(reversed(self.jobs.values()))


def make_place(cloud: str, folder: Path) -> Place:
    """A place whose stores are folders."""
    common: dict[str, Any] = {
        "region": "somewhere",
        "training_image": f"registry/{cloud}@sha256:{'0' * 64}",
        "data_address": str(folder / "data"),
        "output_address": str(folder / "output"),
        "checkpoints_address": str(folder / "checkpoints"),
        "identity": "role",
    }
    if cloud == "azure":
        return AzurePlace(**common, workspace_id="/subscriptions/s", identity_client_id="c")
    return AwsPlace(**common) if cloud == "aws" else GooglePlace(**common, project="p")


def make_sites(folder: Path, clouds: Sequence[str] = ("aws",), **said: Any) -> dict[str, Site]:
    """Clouds that train, each with a folder of its own."""
    return {c: Site(make_place(c, folder / c), FakeService(c, folder / c / "output", **said)) for c in clouds}
