"""A training job as a container runs it: data in folders, finished fits in another, the results in a third.

Everything is worked out in a scratch folder and copied at the end, `training.json` last: the folder of results may be a
mounted bucket, on which nothing appears whole, and whoever finds training.json there finds all that it lists.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from service.bundle.folder import Release
from service.errors import Unavailable
from service.evaluation import steps
from service.evaluation.asked import Wanted, load_asked
from service.evaluation.findings import Findings
from service.evaluation.gathered import join_files
from service.evaluation.whole import find_winner
from service.evaluation.workbench import Workbench
from service.training.datasets import Dataset
from service.training.fetched import SOURCES
from service.training.job_inputs import RELEASED_FOLDER, JobInputs, check_inputs, find_inputs
from service.training.problem import ProblemFile, load_problem

TRAINING_FILE = "training.json"
OUT_OF_FOLD_FILE = "out-of-fold.npz"
TRAINING_SCHEMA = 1
_SAID_EVERY = 1.0  # seconds between two lines of one step


@dataclass(frozen=True)
class Places:
    """The folders of a job. Those of data are only read; a file may stand in for one of them."""

    data: tuple[Path, ...]
    checkpoints: Path
    out: Path


def run_job(
    places: Places,
    wanted: Wanted,
    *,
    now: datetime,
    jobs: int = 1,
    budget: float | None = None,
    accept: tuple[str, ...] = (),
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train and evaluate what the folders of data hold, and write it to `places.out`: what training.json says.

    `wanted` may name the target and what is decided of columns. Finished fits are not redone. What the gate refuses
    ends as well as what it lets pass: training.json says which.
    """
    started = time.time()
    folder, inputs = find_inputs(places.data)
    tables = check_inputs(folder, inputs, places.data)
    with TemporaryDirectory(prefix="outlast-job-") as scratch:
        work = Path(scratch)
        problem, dataset = load_job(folder / inputs.problem_file, inputs, tables, wanted, work)
        bench = Workbench(
            problem, dataset, work / "results", jobs, _announce(say), budget=budget, fits=places.checkpoints
        )
        released = folder / RELEASED_FOLDER
        found = find_winner(bench, released=released, accept=accept, step=_saying(say), say=lambda line: None)
        release = steps.write_only(found, now=now, released=released)
        _write_out_of_fold(found, bench.folder / OUT_OF_FOLD_FILE)
        files = _deliver(bench.folder, places.out)
    document = _describe(found, release, inputs) | {
        "started": _as_utc(started),
        "finished": _as_utc(time.time()),
        "seconds": round(time.time() - started, 1),
        "files": files,
    }
    _write_checked(places.out / TRAINING_FILE, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    return document


def load_job(
    problem_file: Path, inputs: JobInputs, tables: list[Path], wanted: Wanted, work: Path
) -> tuple[ProblemFile, Dataset]:
    """The problem and its data set, which is called as it would be if it had been trained on the spot."""
    problem = load_problem(problem_file.stem, folder=problem_file.parent)
    target = wanted.target
    if target is None and tables and problem.table is None:
        target = find_target(problem)
    table = _gather(inputs, tables, problem.data, work / "tables") if tables else None
    asked = load_asked(replace(wanted, problem=str(problem_file), csv_file=table, target=target))
    return asked.problem, replace(asked.dataset, name=problem.data) if tables else asked.dataset


def find_target(problem: ProblemFile) -> str | None:
    """The column that a problem predicts of its table, or of one that Outlast fetches by its name."""
    if problem.table is not None:
        return problem.table.target
    return SOURCES[problem.data].target if problem.data in SOURCES else None


def _gather(inputs: JobInputs, tables: list[Path], name: str, folder: Path) -> Path:
    """The table as one file: under the name that it has at its address, or all of them joined."""
    folder.mkdir(parents=True)
    named = []
    for place, (table, path) in enumerate(zip(inputs.tables, tables, strict=True)):
        (folder / str(place)).mkdir()
        named.append(folder / str(place) / table.name)
        named[-1].symlink_to(path.resolve())
    if len(named) == 1:
        return named[0]
    join_files(name, named, folder / "joined.csv")
    return folder / "joined.csv"


def _write_out_of_fold(found: Findings, path: Path) -> None:
    """The winner's answers to rows that it was not fitted on, for whoever compares two trainings."""
    bench, evaluation = found.bench, found.cross_validated.evaluation
    np.savez(
        path,
        rows=bench.splits.judged,
        truth=evaluation.truth,
        probabilities=evaluation.probabilities,
        classes=np.array(bench.classes, dtype=np.str_),
    )


def _describe(found: Findings, release: Release, inputs: JobInputs) -> dict[str, Any]:
    """Who was trained, on what, by how many fits."""
    fits = found.bench.bench.kept
    return {
        "schema": TRAINING_SCHEMA,
        "problem": found.bench.problem.name,
        "winner": found.comparison.winner,
        "digest": release.digest,
        "version": release.manifest.version,
        "passed": found.verdict.passed,
        "fits": {"found": len(fits.found), "made": len(fits.made)},
        "inputs": inputs.to_document(),
        "versions": dict(release.manifest.versions),
        "machine": platform.machine(),
    }


def _deliver(work: Path, out: Path) -> list[dict[str, Any]]:
    """Copy the results, each read back: name, SHA-256 and length of every file."""
    (out / TRAINING_FILE).unlink(missing_ok=True)  # of an earlier run: it would speak of files that change now
    found = []
    for path in sorted(file for file in work.rglob("*") if file.is_file()):
        name, content = path.relative_to(work).as_posix(), path.read_bytes()
        _write_checked(out / name, content)
        found.append({"name": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})
    return found


def _write_checked(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if path.read_bytes() != content:
        what = f"{path} does not read as it was written"
        raise Unavailable(what, hint="the store behind the folder lost a write: start the job again, fits are kept")


def _announce(
    say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> Callable[[str, int, int], None]:
    """A line for each step's progress, at most once a second: a search of many short fits would fill a log."""
    said: dict[str, float] = {}

    def announce(step: str, done: int, of: int) -> None:
        now = clock()
        if now - said.get(step, float("-inf")) >= _SAID_EVERY:
            said[step] = now
            say(f"{step} {done} of {of}")

    return announce


def _saying(say: Callable[[str], None]) -> Callable[[str, str], Any]:
    @contextmanager
    def step(name: str, doing: str) -> Iterator[None]:
        say(doing)
        yield

    return step


def _as_utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def summarise_job(document: Mapping[str, Any]) -> str:
    """What a job says at its end."""
    fits = document["fits"]
    verdict = "the gate lets it pass" if document["passed"] else "the gate refuses it"
    return (
        f"{document['problem']}: {document['winner']} {document['digest']}, {verdict}; "
        f"{fits['made']} fits made and {fits['found']} found finished, in {document['seconds']:g} s"
    )
