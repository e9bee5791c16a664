"""What is remembered of a job outlives the process that ran it."""

from __future__ import annotations

from pathlib import Path

from sandbox.training.book import Book
from sandbox.training.order import Outcome, Phase, Record
from tests.sandbox.training.tiny_job import order


def test_time_with_a_machine_is_counted_and_that_without_is_not(tmp_path: Path) -> None:
    clock = [100.0]
    book = Book(tmp_path, lambda: clock[0])
    record = Record(order("done"), {}, 100.0)
    for begin, end in ((100.0, 110.0), (500.0, 505.0)):
        clock[0] = begin
        book.give_machine(record)
        clock[0] = end
        book.take_machine(record)
    assert (record.busy_seconds, record.starts) == (15.0, 2)
    clock[0] = 900.0
    book.end(record, Outcome.SUCCEEDED)
    assert (record.busy_seconds, record.ended) == (15.0, 900.0)


def test_a_job_that_had_a_machine_is_queued_again_and_one_that_was_being_stopped_is_stopped(tmp_path: Path) -> None:
    book = Book(tmp_path, lambda: 5.0)
    for name, phase, stop in (("a", Phase.RUNNING, False), ("b", Phase.STOPPING, True), ("c", Phase.ENDED, False)):
        record = Record(order("done", key=name), {}, 1.0, starts=1, stop_asked=stop)
        book.set(record, phase)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/record.json").write_text("{")
    again = Book(tmp_path, lambda: 6.0)
    again.load()
    assert {key: (record.phase, record.outcome) for key, record in again.records.items()} == {
        "a": (Phase.QUEUED, Outcome.NONE),
        "b": (Phase.ENDED, Outcome.STOPPED),
        "c": (Phase.ENDED, Outcome.NONE),
    }
