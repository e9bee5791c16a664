"""What commands of training elsewhere say at the end, and what Ctrl-C leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.service import Job
from jobs.spec import TrainingSpec
from outlast.train import elsewhere
from outlast.train.elsewhere import detaching, read_plan, tell
from outlast.train.following import Running
from outlast.train.training import Done
from service.command_line import INTERRUPTED
from service.errors import OutlastError, Unavailable
from tests.outlast.train.fake import FakeService, make_sites
from tests.outlast.train.test_training import Rehearsal, rehearsal

__all__ = ["rehearsal"]  # the fixture

SPEC = TrainingSpec("image", (), "out", "kept", (), 2, 8.0, 3600, "role")


@pytest.mark.parametrize("stop", [False, True])
def test_ctrl_c_detaches_or_stops(stop: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service = FakeService("aws", tmp_path)
    running: list[Running] = []
    with pytest.raises(SystemExit) as left, detaching(running, stop=stop):
        running.append(Running("aws", service, service.start(SPEC), SPEC))
        raise KeyboardInterrupt
    assert left.value.code == INTERRUPTED
    assert service.stopped == (service.started if stop else [])
    told = f"{service.started[0]} is being stopped" if stop else "to come back: outlast model jobs attach outlast-"
    said = capsys.readouterr().err
    assert told in said and "the same command again" not in said


def test_ctrl_c_while_a_start_is_on_its_way_says_where_a_job_may_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = FakeService("aws", tmp_path)
    running = [Running("aws", service, service.start(SPEC), SPEC)]
    with pytest.raises(SystemExit), detaching(running, stop=True, clouds=("aws", "gcp")):
        raise KeyboardInterrupt
    said = capsys.readouterr().err
    assert "gcp: if a start was on its way" in said and "aws: if a start" not in said


def test_one_that_cannot_be_stopped_keeps_no_other_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(job: Job) -> None:
        raise Unavailable("AWS does not answer")

    silent, other = FakeService("aws", tmp_path), FakeService("gcp", tmp_path)
    monkeypatch.setattr(silent, "stop", fail)
    running = [Running(one.cloud, one, one.start(SPEC), SPEC) for one in (silent, other)]
    with pytest.raises(SystemExit), detaching(running, stop=True):
        raise KeyboardInterrupt
    assert other.stopped == other.started
    said = capsys.readouterr().err
    assert "AWS does not answer" in said and f"to come back: {running[0].attach}" in said
    assert "to compare what they give: the same command again" in said


def test_all_that_is_wrong_is_told_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(clouds: object, stacks: object) -> None:
        raise Unavailable("stack training-aws is not up", hint="pulumi up -s training-aws")

    monkeypatch.setattr(elsewhere, "open_sites", refuse)
    options = {"budget": 20.0, "time_limit": 10.0, "spot": False, "stacks": None, "problem": "digits", "drop": ("x",)}
    with pytest.raises(OutlastError) as caught:
        read_plan("aws", (), 2, 8.0, options)
    first, *told = caught.value.what.splitlines()
    assert first == "nothing was uploaded or started"
    assert [any(word in line for line in told) for word in ("the search alone", "--drop", "is not up")] == [True] * 3
    assert "a longer --time-limit" in caught.value.hint and "pulumi up" in caught.value.hint


@pytest.fixture
def done(rehearsal: Rehearsal, tmp_path: Path) -> Done:
    sites = make_sites(tmp_path, ("aws", "azure"))
    return rehearsal.finish(rehearsal.start(sites), sites)


def test_people_see_the_table_and_the_cost(
    rehearsal: Rehearsal, done: Done, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(done, as_json=False)
    assert any("largest gap" in line for line in rehearsal.said)
    said = capsys.readouterr().out
    assert "answers as released" in said
    assert "aws: 0.0604 USD for 1800 s of ml.m5.large, at the list price, at most" in said


def test_programs_get_one_document(done: Done, capsys: pytest.CaptureFixture[str]) -> None:
    tell(done, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert (said["winner"], said["changed"], set(said["usd"])) == ("softmax", False, {"aws", "azure"})
    assert [one["cloud"] for one in said["compared"]] == ["aws", "azure"]
