"""Jobs are watched until they are over: silence is waited for, and every way to end is told with what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.asking import NoAnswer
from jobs.service import Job, JobState, LogLine, State
from jobs.spec import TrainingSpec
from outlast.train import following
from outlast.train.failures import Failures
from outlast.train.following import Running, follow, start_or_find
from service.errors import OutlastError, Unavailable
from tests.outlast.train.fake import SUCCEEDED, FakeService

SPEC = TrainingSpec("image", (), "out", "kept", (), 2, 8.0, 3600, "role")
FAILED = JobState(State.FAILED, "AlgorithmError: OutOfMemory", "a larger --memory")


def _service(tmp_path: Path, *states: State | JobState) -> FakeService:
    told = [state if isinstance(state, JobState) else JobState(state) for state in states]
    service = FakeService("aws", tmp_path, told)
    service.said["inputs"] = None
    return service


def _start(service: FakeService, prepared: list[int] | None = None) -> Running:
    return start_or_find("aws", service, SPEC, (prepared if prepared is not None else []).append, lambda line: None)


def _follow(*running: Running, say: Callable[[str], None] = lambda line: None) -> None:
    """As a command does: what went wrong is told together at the end."""
    failures = Failures([one.cloud for one in running], say)
    follow(running, failures, lambda: None)
    failures.raise_all("nothing was released")


@pytest.fixture(autouse=True)
def _nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(self: FakeService, job: object) -> JobState:
        if self.raised:
            raise self.raised.pop(0)
        (left,) = list(self.left.values())[-1:]
        return next(left, self.states[-1])

    monkeypatch.setattr(FakeService, "look", look)


def test_every_line_and_every_change_is_said_once(tmp_path: Path) -> None:
    interrupted = JobState(State.INTERRUPTED, "the spot machine was taken away")
    service = _service(tmp_path, State.PENDING, State.RUNNING, interrupted, State.RUNNING, SUCCEEDED)
    said: list[str] = []
    pauses: list[None] = []
    follow([_start(service)], Failures(["aws"], said.append), lambda: pauses.append(None))
    assert said == [
        "aws  fits 1 of 2",
        "aws  fits 2 of 2",
        "aws: running",
        "aws: interrupted: the spot machine was taken away",
        "aws: running",
        "aws: succeeded",
    ]
    assert len(pauses) == 4 + following._LAST_LOOKS


def test_lines_that_come_after_the_end_are_said_and_a_log_that_is_silent_then_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, silent = _service(tmp_path, State.RUNNING, SUCCEEDED), _service(tmp_path, State.RUNNING, SUCCEEDED)
    running = [_start(late), replace(_start(silent), cloud="gcp")]
    said: list[str] = []

    def refuse(job: Job, after: str = "") -> list[LogLine]:
        raise NoAnswer("no answer")

    def pause() -> None:
        if all(one.state.state.final for one in running):
            late.texts.append("a last line")
            monkeypatch.setattr(silent, "lines", refuse)

    failures = Failures(["aws", "gcp"], said.append)
    follow(running, failures, pause)
    assert said.count("aws  a last line") == 2 and failures.of == {}
    assert not [line for line in said if "no answer" in line]


def test_a_long_log_is_read_in_parts_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_MANY_LINES", 2)
    service, said = _service(tmp_path, SUCCEEDED), list[str]()
    service.texts = [str(number) for number in range(5)]
    whole = service.lines
    monkeypatch.setattr(service, "lines", lambda job, after="": whole(job, after)[:2])
    follow([_start(service)], Failures(["aws"], said.append), lambda: None)
    assert said[:5] == [f"aws  {number}" for number in range(5)]


def test_a_job_that_runs_or_succeeded_is_not_started_again(tmp_path: Path) -> None:
    for states in ((State.RUNNING, SUCCEEDED), (SUCCEEDED,)):
        service, prepared = _service(tmp_path, *states), list[int]()
        first, second = _start(service, prepared), _start(service, prepared)
        assert (first.job, prepared, len(service.started)) == (second.job, [1], 1)


def test_after_one_that_failed_or_was_stopped_comes_the_next_attempt(tmp_path: Path) -> None:
    service, prepared = _service(tmp_path, State.RUNNING), list[int]()
    _start(service)
    service.left[service.started[0]] = iter([FAILED])
    assert _start(service, prepared).job.attempt == 2
    assert prepared == [2]


def test_nobody_starts_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_MOST_ATTEMPTS", 3)
    service = _service(tmp_path, FAILED)
    for attempt in (1, 2, 3):
        assert _start(service).job.attempt == attempt, "one start a command, whatever becomes of it"
    with pytest.raises(OutlastError, match="3 jobs of this spec failed on AWS"):
        _start(service)
    assert len(service.started) == 3


def test_what_failed_is_told_with_its_reason_after_the_others_ended(tmp_path: Path) -> None:
    failing = _service(tmp_path, State.RUNNING, FAILED)
    silent = _service(tmp_path, State.RUNNING)
    fine = _service(tmp_path, State.RUNNING, State.RUNNING, State.RUNNING, SUCCEEDED)
    running = [replace(_start(one), cloud=cloud) for one, cloud in ((failing, "aws"), (silent, "azure"), (fine, "gcp"))]
    silent.raised = [Unavailable("ExpiredToken", hint="log in")]
    said: list[str] = []
    with pytest.raises(OutlastError) as caught:
        _follow(*running, say=said.append)
    assert running[2].state.state is State.SUCCEEDED
    first, *told = caught.value.what.splitlines()
    assert first == "nothing was released"
    assert [line.partition(":")[0] for line in told] == ["- Azure", "- AWS"], "in the order in which they ended"
    assert "ExpiredToken; the job goes on" in told[0] and "failed: AlgorithmError: OutOfMemory" in told[1]
    assert "a larger --memory; the same command starts it again" in caught.value.hint and "log in" in caught.value.hint
    assert "azure: ExpiredToken; the job goes on; the other jobs are followed to their end" in said


def test_one_that_was_stopped_is_not_called_failed(tmp_path: Path) -> None:
    service = _service(tmp_path, State.RUNNING, JobState(State.STOPPED, "MaxRuntimeExceeded"))
    with pytest.raises(OutlastError, match="on AWS was stopped: MaxRuntimeExceeded"):
        _follow(_start(service))


def test_silence_is_waited_for_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_MOST_SILENCE", 3)
    service = _service(tmp_path, State.RUNNING, SUCCEEDED)
    running = _start(service)
    service.raised = [NoAnswer("no answer") for _ in range(3)]
    _follow(running)
    service.left[running.job.name] = iter([JobState(State.RUNNING)] * 9)
    service.raised = [NoAnswer("no answer") for _ in range(9)]
    with pytest.raises(NoAnswer, match="no answer; the job goes on") as caught:
        _follow(Running("aws", service, running.job, SPEC))
    assert "outlast model jobs attach outlast-" in caught.value.hint


@pytest.mark.parametrize(("hint", "before"), [("log in", "log in; then "), ("", "")])
def test_credentials_that_end_meanwhile_leave_the_job_to_be_found(tmp_path: Path, hint: str, before: str) -> None:
    service = _service(tmp_path, State.RUNNING)
    running = _start(service)
    service.raised = [Unavailable("ExpiredToken", hint=hint)]
    with pytest.raises(Unavailable, match="ExpiredToken; the job goes on") as caught:
        _follow(running)
    assert caught.value.hint == f"{before}{running.attach}"
