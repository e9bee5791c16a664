"""One start of a job: what ends it, and what is then told."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sandbox.training import run
from sandbox.training.book import Book
from sandbox.training.order import Outcome, Phase, Record
from sandbox.training.run import Signals
from sandbox.training.start import Started
from sandbox.training.surroundings import Verdict
from tests.sandbox.training.tiny_job import order


def _never() -> Started:
    raise AssertionError("it was started")


def test_a_job_that_may_not_start_ends_with_what_the_service_said(tmp_path: Path) -> None:
    book, record = Book(tmp_path, lambda: 7.0), Record(order("done"), {}, 1.0, starts=1)
    verdict = Verdict("no such image", ("pulling", "failed"))
    run.run(record, verdict, _never, book, Signals(threading.Event()))
    assert (record.phase, record.outcome, record.reason) == (Phase.ENDED, Outcome.FAILED, "no such image")
    assert [(line.start, line.at, line.text) for line in book.lines(record.order).read()] == [
        (1, 7.0, "pulling"),
        (1, 7.0, "failed"),
    ]


@pytest.mark.parametrize(
    ("stopped", "taken", "busy", "since", "outcome"),
    [
        (False, False, 5.0, 15.0, Outcome.NONE),
        (True, True, 50.0, 50.0, Outcome.STOPPED),
        (False, True, 50.0, 50.0, Outcome.LOST),
        (False, False, 15.0, 15.0, Outcome.TIMED_OUT),
        (False, False, 5.0, 25.0, Outcome.WAITED),
        (False, False, 5.0, 20.0, Outcome.NONE),
    ],
)
def test_what_ends_a_job_first(stopped: bool, taken: bool, busy: float, since: float, outcome: Outcome) -> None:
    """It may run for 10 s, and wait and run for 20 s."""
    asked = order("done", max_seconds=10.0, max_wait_seconds=20.0)
    record = Record(asked, {}, 1.0, stop_asked=stopped, busy_seconds=busy)
    signals = Signals(threading.Event())
    if taken:
        signals.taken.set()
    assert run._must_end(record, signals, 1.0 + since) is outcome
