"""What a job trained is released only as what was asked for, passed here too, and held to what is released."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outlast.train.fetching import fetch
from outlast.train.release import Result, open_result, put_in_place, require_gate
from service.bundle.folder import load_release, write_release
from service.errors import ModelMismatch, Refused, ReleaseRefused
from service.stores.folder import FolderStore
from service.training.problem import ProblemFile, load_problem
from tests.outlast.train.finished import INPUTS, MODEL, finish

TRAINING = {"cloud": "aws", "job": "outlast-1"}


@pytest.fixture
def problem() -> ProblemFile:
    return load_problem("digits")


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Result]:
    def take(**said: Any) -> Result:
        trained = fetch(FolderStore(finish(tmp_path / "out", **said)), tmp_path / "fetched")
        return open_result("aws", "outlast-1", tmp_path / "fetched", trained, said.get("inputs", INPUTS))

    return take


def test_a_candidate_is_put_in_place_with_how_it_was_trained(
    take: Callable[..., Result], problem: ProblemFile, tmp_path: Path
) -> None:
    result = take()
    require_gate(result, problem, accept_draft=False)
    done = put_in_place(result, tmp_path / "released", TRAINING)
    assert done.changed
    assert load_release(tmp_path / "released").manifest == replace(result.candidate.manifest, training=TRAINING)


def test_one_that_answers_as_the_released_does_changes_no_byte(take: Callable[..., Result], tmp_path: Path) -> None:
    target, model = tmp_path / "released", load_release(MODEL)
    write_release(target, model.manifest, model.model_bytes, model.golden)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    sha256 = hashlib.sha256(before["manifest.json"]).hexdigest()
    done = put_in_place(take(inputs=replace(INPUTS, released={"manifest.json": sha256})), target, TRAINING)
    assert not done.changed
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


def test_one_that_was_held_to_another_release_is_refused(take: Callable[..., Result], tmp_path: Path) -> None:
    target, model = tmp_path / "released", load_release(MODEL)
    write_release(target, replace(model.manifest, version="77"), model.model_bytes, model.golden)
    with pytest.raises(Refused, match="another one than outlast-1 was held to"):
        put_in_place(take(), target, TRAINING)
    assert load_release(target).manifest.version == "77"


def test_results_of_other_inputs_are_refused(tmp_path: Path) -> None:
    trained = fetch(FolderStore(finish(tmp_path / "out")), tmp_path / "fetched")
    with pytest.raises(ModelMismatch, match="made of other inputs"):
        open_result("aws", "outlast-1", tmp_path / "fetched", trained, replace(INPUTS, problem_sha256="2" * 64))
    assert open_result("aws", "outlast-1", tmp_path / "fetched", trained, None).trained == trained


def test_another_digest_than_the_job_says_is_refused(take: Callable[..., Result]) -> None:
    with pytest.raises(ModelMismatch, match="outlast-1 says that it made sha256:0"):
        take(digest="sha256:0")


def test_a_model_that_answers_otherwise_here_is_refused(take: Callable[..., Result]) -> None:
    manifest = load_release(MODEL).manifest
    with pytest.raises(ModelMismatch, match="does not answer here as it did") as caught:
        take(manifest=replace(manifest, tolerance=1e-12))
    assert caught.value.mistakes


def test_what_the_gate_refused_there_is_refused_here(take: Callable[..., Result], problem: ProblemFile) -> None:
    manifest = load_release(MODEL).manifest
    verdict = {**manifest.verdict, "reasons": ["recall: too low"]}
    with pytest.raises(ReleaseRefused, match="recall: too low"):
        require_gate(take(manifest=replace(manifest, verdict=verdict), passed=False), problem, accept_draft=False)
    with pytest.raises(ReleaseRefused, match="the release gate said no"):
        require_gate(take(passed=False), problem, accept_draft=False)


def test_a_floor_that_the_verdict_leaves_out_holds_too(take: Callable[..., Result], problem: ProblemFile) -> None:
    with pytest.raises(ReleaseRefused, match=r"accuracy: the lower end 0\.\d+ is below the floor 0\.9999"):
        require_gate(take(), replace(problem, floors={"accuracy": 0.9999}), accept_draft=False)
    with pytest.raises(ReleaseRefused, match="specificity: the lower end None"):
        require_gate(take(), replace(problem, floors={"specificity": 0.1}), accept_draft=False)


def test_a_draft_waits_for_somebody_who_accepts_it(take: Callable[..., Result], problem: ProblemFile) -> None:
    draft = replace(problem, draft=True)
    with pytest.raises(ReleaseRefused, match="digits is a draft"):
        require_gate(take(), draft, accept_draft=False)
    require_gate(take(), draft, accept_draft=True)
