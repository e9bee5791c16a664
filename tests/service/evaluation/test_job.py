"""A training job: what it is given and what it leaves, and that an interrupted one ends as if it had not been."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.bundle.folder import load_release, write_release
from service.errors import InvalidInput, Unavailable
from service.evaluation import job
from service.evaluation.asked import Wanted
from service.evaluation.job import OUT_OF_FOLD_FILE, TRAINING_FILE, Places, run_job, summarise_job
from service.training.job_inputs import INPUTS_FILE, InputTable, JobInputs, find_inputs, render_inputs
from service.training.source import hash_file

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RNG = np.random.default_rng(3)
ROWS = [f"{x:.3f},{y:.3f},{'yes' if x + y + e > 0 else 'no'}" for x, y, e in RNG.normal(size=(160, 3)) * (1, 1, 0.7)]
PROBLEM = """
objective = "Say yes where the sum is above zero."
positive_class = "yes"
[costs]
false_positive = 1.0
false_negative = 2.0
[floors]
auc = 0.5
[grids.softmax]
C = [0.1, 1.0, 10.0]
[grids.dummy]
"""


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, ...]:
    """Inputs and two parts of a table, in folders of their own, as three channels of SageMaker are."""
    return _write_data(tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Places, dict[str, Any]]:
    """A job that was not interrupted, and what its training.json says."""
    folder = tmp_path_factory.mktemp("done")
    places = Places(_write_data(folder), folder / "checkpoints", folder / "out")
    return places, run_job(places, Wanted(target="ok"), now=NOW, say=lambda line: None)


def _write_data(tmp_path: Path) -> tuple[Path, ...]:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/sums.toml").write_text(PROBLEM)
    tables = []
    for part, rows in (("one", ROWS[:100]), ("two", ROWS[100:])):
        path = tmp_path / part / f"{part}.csv"
        path.parent.mkdir()
        path.write_text("\n".join(["x,y,ok", *rows]))
        tables.append(InputTable(path.name, f"s3://bucket/{part}.csv", hash_file(path), path.stat().st_size))
    inputs = JobInputs("sums.toml", hash_file(tmp_path / "in/sums.toml"), tuple(tables))
    (tmp_path / "in" / INPUTS_FILE).write_bytes(render_inputs(inputs))
    return tmp_path / "in", tmp_path / "one", tmp_path / "two"


def _command(data: tuple[Path, ...], checkpoints: Path, out: Path) -> list[str]:
    named = [word for folder in data for word in ("--data", str(folder))]
    where = ["--checkpoints", str(checkpoints), "--out", str(out), "--target", "ok", "--jobs", "1"]
    return [sys.executable, "-m", "service", "model", *named, *where]


def _environment() -> dict[str, str]:
    return {**os.environ, "SOURCE_DATE_EPOCH": str(int(NOW.timestamp()))}


def _digests(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


@pytest.mark.slow
def test_an_interrupted_job_ends_like_one_that_was_not(
    data: tuple[Path, ...], done: tuple[Places, dict[str, Any]], tmp_path: Path
) -> None:
    whole, document = done[0].out, done[1]
    out, checkpoints = tmp_path / "out", tmp_path / "checkpoints"
    command = _command(data, checkpoints, out)
    with subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True) as child:
        end = time.monotonic() + 60
        while not list(checkpoints.glob("*.fit")):
            assert child.poll() is None
            assert time.monotonic() < end
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=30) == 143
    assert not (out / TRAINING_FILE).exists()
    finished = sorted(checkpoints.glob("*.fit"))
    finished[0].write_bytes(finished[0].read_bytes()[:-1])  # and the upload of one was cut off
    again = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=True)
    resumed = json.loads((out / TRAINING_FILE).read_text())
    assert resumed["fits"]["found"] >= len(finished) - 1
    assert sum(resumed["fits"].values()) == sum(document["fits"].values()) == document["fits"]["made"]
    assert (resumed["digest"], resumed["files"]) == (document["digest"], document["files"])
    ours, theirs = _digests(out), _digests(whole)
    assert ours.pop(TRAINING_FILE) != theirs.pop(TRAINING_FILE)
    assert ours == theirs == {file["name"]: file["sha256"] for file in resumed["files"]}
    assert again.stdout.splitlines()[-1] == summarise_job(resumed)
    assert "reading the problem" in again.stdout


@pytest.mark.slow
def test_a_job_leaves_a_release_and_the_answers_it_was_judged_by(
    done: tuple[Places, dict[str, Any]], tmp_path: Path
) -> None:
    places, first = done
    release = load_release(places.out)
    assert release.digest == first["digest"]
    assert (release.manifest.problem, release.manifest.data.rows, release.manifest.version) == ("sums", 160, "1")
    answers = np.load(places.out / OUT_OF_FOLD_FILE, allow_pickle=False)
    assert answers["probabilities"].shape == (len(answers["rows"]), 2)
    assert answers["classes"].tolist() == list(release.manifest.classes)
    # Held to the model that is released where the job was started.
    write_release(places.data[0] / "released/sums", release.manifest, release.model_bytes, release.golden)
    # Neither that model, nor another floor, nor a budget is another fit.
    problem = places.data[0] / "sums.toml"
    problem.write_text(PROBLEM.replace("auc = 0.5", "auc = 0.4"))
    inputs = find_inputs(places.data)[1]
    changed = replace(inputs, problem_sha256=hash_file(problem))
    (places.data[0] / INPUTS_FILE).write_bytes(render_inputs(changed))
    more = {"now": NOW, "budget": 5.0, "say": lambda line: None}
    again = run_job(replace(places, out=tmp_path), Wanted(target="ok"), **more)
    assert (again["version"], again["fits"]["made"], again["passed"]) == ("2", 0, True)
    assert load_release(tmp_path).manifest.verdict["compared"]


def test_a_job_without_all_its_data_fits_nothing(data: tuple[Path, ...], tmp_path: Path) -> None:
    (data[2] / "two.csv").write_text("x,y,ok\n1,2,yes")
    with pytest.raises(InvalidInput, match="not what the job was started for") as caught:
        run_job(Places(data[1:] + data[:1], tmp_path / "c", tmp_path / "out"), Wanted(), now=NOW, say=print)
    (mistake,) = caught.value.mistakes
    assert mistake.place.endswith("two.csv")
    assert not (tmp_path / "out").exists()


def test_results_that_a_store_does_not_give_back_end_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work/a.json").write_text("{}")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / TRAINING_FILE).write_text("of an earlier run")
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: write(path, content[:-1]))
    with pytest.raises(Unavailable, match="does not read as it was written"):
        job._deliver(tmp_path / "work", tmp_path / "out")
    assert not (tmp_path / "out" / TRAINING_FILE).exists()


def test_progress_is_a_line_a_second_for_each_step() -> None:
    lines: list[str] = []
    now = iter([0.0, 0.4, 0.9, 1.0, 1.1, 1.2])
    announce = job._announce(lines.append, lambda: next(now))
    for done in range(5):
        announce("fits", done, 4)
    announce("contenders", 1, 3)
    assert lines == ["fits 0 of 4", "fits 3 of 4", "contenders 1 of 3"]
