"""Jobs are queued, run, stopped, interrupted and taken up again; what they write is carried to the store."""

from __future__ import annotations

import signal

import pytest

from sandbox.training.order import Outcome, Phase, Record
from sandbox.training.surroundings import Verdict
from tests.sandbox.training.tiny_job import Bench, order

pytestmark = pytest.mark.slow  # each test waits for a process


def _has_made_a_fit(bench: Bench, record: Record) -> bool:
    return record.phase is Phase.RUNNING and bench.objects.read("bucket/checkpoints/fit-0") is not None


def test_a_job_finds_its_data_and_leaves_its_output(bench: Bench) -> None:
    record = bench.submit(order("done", environment={"WHO": "me"}))
    bench.wait(record)
    assert (record.outcome, record.exit_code, record.starts) == (Outcome.SUCCEEDED, 0, 1)
    assert bench.objects.names("bucket/output/one") == [
        "bucket/output/one/model.onnx",
        "bucket/output/one/training.json",
    ]
    assert bench.objects.read("bucket/output/one/training.json") == b"me"
    assert [line.split(" ")[0] for line in bench.texts(record.order)] == ["data", "found", "made"]
    assert bench.texts(record.order)[0].endswith(" table.csv")
    assert record.created <= record.started <= record.ended
    assert record.busy_seconds > 0
    bench.runs.stop()
    assert not list((bench.folder / "jobs").rglob("table.csv")), "copies of data are not kept"


def test_one_that_fails_says_with_what_and_one_that_may_not_start_why(bench: Bench) -> None:
    failed = bench.wait(bench.submit(order("fail", key="arn:fails")))
    assert (failed.outcome, failed.exit_code) == (Outcome.FAILED, 1)
    assert bench.texts(failed.order)[-1] == "error: the table has no rows"
    bench.verdict = Verdict("no such image")
    refused = bench.wait(bench.submit(order("done", key="arn:refused")))
    assert (refused.outcome, refused.reason, refused.started) == (Outcome.FAILED, "no such image", 0.0)
    bench.verdict = Verdict(unsaved="not authorized")
    unsaved = bench.wait(bench.submit(order("done", key="arn:unsaved")))
    assert (unsaved.outcome, unsaved.reason) == (Outcome.FAILED, "not authorized")


@pytest.mark.parametrize(("does", "code"), [("wait", 143), ("stay", -signal.SIGKILL)])
def test_a_stop_is_sigterm_and_after_its_grace_the_end(bench: Bench, does: str, code: int) -> None:
    record = bench.submit(order(does, grace_seconds=0.3))
    bench.wait(record, until=lambda one: _has_made_a_fit(bench, one))
    bench.runs.ask_to_stop(record.order.key)
    bench.wait(record)
    assert record.outcome is Outcome.STOPPED
    assert "stopped by SIGTERM" in bench.texts(record.order)


def test_one_site_runs_one_at_a_time_and_a_queued_one_is_stopped_at_once(bench: Bench) -> None:
    first = bench.submit(order("wait"))
    bench.wait(first, until=lambda one: one.phase is Phase.RUNNING)
    other = bench.submit(order("done", key="arn:other", stack="training-gcp"))
    second, third = (bench.submit(order("done", key=f"arn:{name}")) for name in ("second", "third"))
    bench.wait(other)
    assert second.phase is Phase.QUEUED
    bench.runs.ask_to_stop(third.order.key)
    assert (third.phase, third.outcome) == (Phase.ENDED, Outcome.STOPPED)
    bench.runs.ask_to_stop(first.order.key)
    assert bench.wait(second).outcome is Outcome.SUCCEEDED
    assert bench.runs.stacks() == []


def test_its_limits_of_time_end_a_job(bench: Bench) -> None:
    late = bench.wait(bench.submit(order("wait", max_seconds=0.2)))
    assert late.outcome is Outcome.TIMED_OUT
    bench.no_spot = True
    waiting = bench.wait(bench.submit(order("done", key="arn:waits", spot=True, max_wait_seconds=0.05)))
    assert (waiting.outcome, waiting.starts) == (Outcome.WAITED, 0)
    bench.no_spot = False
    runs = bench.wait(bench.submit(order("wait", key="arn:runs", spot=True, max_wait_seconds=0.5)))
    assert (runs.outcome, runs.starts) == (Outcome.WAITED, 1), "waiting and running are counted together"


def test_a_spot_machine_that_is_taken_away_costs_what_was_not_finished(bench: Bench) -> None:
    record = bench.submit(order("once", spot=True, restarts=1))
    bench.wait(record, until=lambda one: _has_made_a_fit(bench, one))
    bench.no_spot = True
    assert bench.runs.on_spot("training-aws") == bench.runs.take_back("training-aws") == 1
    bench.wait(record, until=lambda one: one.interrupted)
    bench.no_spot = False
    bench.wait(record)
    assert (record.outcome, record.starts) == (Outcome.SUCCEEDED, 2)
    assert bench.objects.read("bucket/output/one/model.onnx") == b"a model after fit-0"
    assert {line.start for line in bench.runs.lines(record.order)} == {1, 2}


def test_one_that_is_not_started_again_is_lost(bench: Bench) -> None:
    record = bench.submit(order("wait", spot=True))
    bench.wait(record, until=lambda one: _has_made_a_fit(bench, one))
    bench.runs.take_back("training-aws")
    assert bench.wait(record).outcome is Outcome.LOST
    assert bench.runs.take_back("training-aws") == bench.runs.on_spot("training-aws") == 0


def test_a_sandbox_that_is_stopped_takes_its_jobs_up_again(bench: Bench) -> None:
    record = bench.submit(order("once"))
    bench.wait(record, until=lambda one: _has_made_a_fit(bench, one))
    bench.runs.stop()
    (bench.folder / "jobs/0/").mkdir()
    (bench.folder / "jobs/0/record.json").write_text("{")
    bench.runs = bench.make()
    bench.runs.start()
    again = bench.runs.find(record.order.key)
    assert again is not None
    assert again.order == record.order
    bench.wait(again)
    assert (again.outcome, again.starts) == (Outcome.SUCCEEDED, 2)
    assert [told["outcome"] for told in bench.runs.status()] == ["succeeded"]
