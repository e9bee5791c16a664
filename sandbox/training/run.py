"""One start of a job, from its machine to its end: its process followed, its output carried, its outcome told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.training.book import Book
from sandbox.training.lines import Line
from sandbox.training.order import Outcome, Phase, Record
from sandbox.training.start import Started
from sandbox.training.surroundings import Verdict

POLL_WALL_SECONDS = 0.2
END_WALL_SECONDS = 2.0  # for a process that ends with the sandbox
_LIMITS = (Outcome.TIMED_OUT, Outcome.WAITED)


@dataclass
class Signals:
    """What may end a job from outside: its spot machine is `taken`, or the sandbox is `over`."""

    over: threading.Event
    taken: threading.Event = field(default_factory=threading.Event)


def run(record: Record, verdict: Verdict, start: Callable[[], Started], book: Book, signals: Signals) -> None:
    """Run a job that has got its machine; its record says afterwards what became of it."""
    book.lines(record.order).add(Line(record.starts, book.now(), text) for text in verdict.log)
    if verdict.fails:
        book.end(record, Outcome.FAILED, verdict.fails)
        return
    started = start()
    record.started = record.started or book.now()
    book.set(record, Phase.RUNNING)
    started.process.release()
    _follow(record, started, book, signals)
    _finish(record, started, verdict, book, signals)


def _follow(record: Record, started: Started, book: Book, signals: Signals) -> None:
    """Until its process has ended, by itself or by us."""
    asked = 0.0
    while started.process.alive:
        _carry(record, started, book)
        book.count(record)
        if signals.over.is_set():
            started.process.end(END_WALL_SECONDS)
        elif asked and book.now() - asked > record.order.grace_seconds:
            started.process.end(0)
        elif not asked and (why := _must_end(record, signals, book.now())):
            asked = book.now()
            record.outcome = why if why in _LIMITS else Outcome.NONE
            book.set(record, Phase.STOPPING)
            started.ask_to_end()
        time.sleep(POLL_WALL_SECONDS)
    started.process.bury()
    _carry(record, started, book, last=True)


def _must_end(record: Record, signals: Signals, now: float) -> Outcome:
    """As what a running job is to end now; NONE where it may go on."""
    if record.stop_asked:
        return Outcome.STOPPED
    if signals.taken.is_set():
        return Outcome.LOST
    if record.waited_too_long(now):
        return Outcome.WAITED
    return Outcome.TIMED_OUT if record.busy_seconds > record.order.max_seconds else Outcome.NONE


def _carry(record: Record, started: Started, book: Book, *, last: bool = False) -> None:
    new = started.follower.read(last=last)
    book.lines(record.order).add(Line(record.starts, book.now(), text) for text in new)
    for saving in started.live:
        saving.save()


def _finish(record: Record, started: Started, verdict: Verdict, book: Book, signals: Signals) -> None:
    if signals.over.is_set():
        book.set(record, Phase.QUEUED)
    elif record.stop_asked:
        _save(record, started, verdict, book, Outcome.STOPPED)
    elif signals.taken.is_set():
        _lose_machine(record, book)
    elif record.outcome in _LIMITS:
        _save(record, started, verdict, book, record.outcome)
    else:
        record.exit_code = started.process.exit_code
        _save(record, started, verdict, book, Outcome.FAILED if record.exit_code else Outcome.SUCCEEDED)


def _lose_machine(record: Record, book: Book) -> None:
    if record.starts > record.order.restarts:
        book.end(record, Outcome.LOST)
    else:
        book.set(record, Phase.QUEUED)


def _save(record: Record, started: Started, verdict: Verdict, book: Book, outcome: Outcome) -> None:
    """What the service carries to the store once the container has ended, whichever way it ended."""
    if started.at_end:
        book.set(record, Phase.SAVING)
        if verdict.unsaved:
            book.end(record, Outcome.FAILED, verdict.unsaved)
            return
    for saving in started.at_end:
        saving.save()
    book.end(record, outcome)
