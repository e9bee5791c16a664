"""The jobs of all three training services: queued, started one at a time for each stack, taken up after a restart.

What the services have in common is here: a queue, a process with its folders, a limit of time, a stop with a grace, a
spot machine that is taken away. What each answers, and why it refuses, is in `sandbox.clouds`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.replicas.processes import Process, end_leftovers, write_down
from sandbox.training import run
from sandbox.training.book import Book
from sandbox.training.files import Objects
from sandbox.training.lines import Line
from sandbox.training.order import Order, Outcome, Phase, Record
from sandbox.training.run import Signals
from sandbox.training.start import Started, clear, start
from sandbox.training.surroundings import Surroundings
from service.errors import OutlastError, Unavailable

AT_A_TIME = 1
"""Jobs of one stack that run at once: a laptop has two processors. Others are queued, as without quota."""

_log = logging.getLogger("sandbox")


@dataclass
class _Running:
    """A job that has a machine."""

    thread: threading.Thread
    signals: Signals
    process: Process | None = None


class TrainingRuns:
    """Jobs by their order's key, between `start` and `stop`. Thread-safe; kept under a folder over restarts.

    A job that was running when the sandbox was stopped is queued again, and goes on from its checkpoints.
    """

    def __init__(
        self,
        objects: Objects,
        folder: Path,
        surroundings: Surroundings,
        *,
        now: Callable[[], float] = time.time,
        namespaces: bool | None = None,
    ) -> None:
        self._objects, self._folder, self._around, self._now = objects, folder, surroundings, now
        self._namespaces = namespaces
        self._book = Book(folder, now)
        self._lock = self._book.lock
        self._changed = threading.Condition(self._lock)
        self._running: dict[str, _Running] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._dispatch, name="training", daemon=True)

    # -- what the services' APIs do ------------------------------------------------------------------------------

    def submit(self, record: Record) -> Record:
        """Queue a job."""
        with self._changed:
            self._book.records[record.order.key] = record
            self._book.set(record, Phase.QUEUED)
            self._changed.notify_all()
        return record

    def find(self, key: str) -> Record | None:
        """The job of that key."""
        return self._book.records.get(key)

    def of_cloud(self, cloud: str) -> list[Record]:
        """Its jobs, oldest first."""
        found = [record for record in self._list() if record.order.cloud == cloud]
        return sorted(found, key=lambda record: record.created)

    def keep(self, record: Record) -> None:
        """Remember what an API changed of a job's request."""
        with self._lock:
            self._book.keep(record)

    def ask_to_stop(self, key: str) -> None:
        """Stop a job; one that has no machine is stopped at once."""
        with self._changed:
            record = self._book.records[key]
            record.stop_asked = True
            if record.phase is Phase.QUEUED:
                self._book.end(record, Outcome.STOPPED)
            self._book.keep(record)

    def take_back(self, stack: str) -> int:
        """Take the machines of a stack's spot jobs away; how many there were."""
        with self._lock:
            running = [key for key in self._running if self._book.records[key].phase is Phase.RUNNING]
            found = [key for key in running if self._is_spot(key, stack)]
            for key in found:
                self._running[key].signals.taken.set()
        return len(found)

    def on_spot(self, stack: str) -> int:
        """How many jobs of a stack run, or wait, for a spot machine."""
        unfinished = [record for record in self._list() if record.phase is not Phase.ENDED]
        return sum(self._is_spot(record.order.key, stack) for record in unfinished)

    def stacks(self) -> list[str]:
        """The stacks that have a job which is not over."""
        return sorted({record.order.stack for record in self._list() if record.phase is not Phase.ENDED})

    def lines(self, order: Order) -> list[Line]:
        """What a job has written so far."""
        return self._book.lines(order).read()

    def status(self) -> list[dict[str, object]]:
        """Every job as `status` shows it."""
        return [_describe(record) for record in self._list()]

    def _list(self) -> list[Record]:
        with self._lock:
            return list(self._book.records.values())

    def _is_spot(self, key: str, stack: str) -> bool:
        order = self._book.records[key].order
        return order.spot and order.stack == stack

    # -- start and stop ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Go on with what was there."""
        end_leftovers(self._folder / "processes.json")
        self._book.load()
        self._thread.start()

    def stop(self) -> None:
        """End every process; their jobs are queued again at the next start."""
        self._over.set()
        with self._changed:
            self._changed.notify_all()
            threads = [running.thread for running in self._running.values()]
        for thread in [*threads, self._thread]:
            if thread.is_alive():
                thread.join(run.END_WALL_SECONDS + 5)

    # -- the queue -----------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while not self._over.is_set():
            with self._changed:
                for record in sorted(self._book.records.values(), key=lambda one: one.created):
                    if record.phase is Phase.QUEUED:
                        self._consider(record)
                self._changed.wait(run.POLL_WALL_SECONDS)

    def _consider(self, record: Record) -> None:
        """Give a queued job a machine, if there is one; end it where it has waited for too long."""
        order = record.order
        if record.waited_too_long(self._now()):
            self._book.end(record, Outcome.WAITED)
            return
        busy = sum(self._book.records[key].order.stack == order.stack for key in self._running)
        if busy >= AT_A_TIME or (order.spot and self._around.no_spot(order.stack)):
            return
        thread = threading.Thread(target=self._run, args=(record,), name=f"job {order.folder}", daemon=True)
        self._running[order.key] = _Running(thread, Signals(self._over))
        self._book.give_machine(record)
        thread.start()

    def _run(self, record: Record) -> None:
        running = self._running[record.order.key]
        try:
            verdict = self._around.judge(record)
            run.run(
                record,
                verdict,
                lambda: self._start(record, running, verdict.hidden, verdict.readonly),
                self._book,
                running.signals,
            )
        except OutlastError as error:
            self._book.end(record, Outcome.FAILED, str(error).partition("\n")[0])
        except Exception as error:  # of ours: the job must not stay as if it ran
            _log.exception("a training job could not be run")
            self._book.end(record, Outcome.FAILED, f"InternalServerError: {error!r}")
        finally:
            clear(self._folder_of(record))
            with self._changed:
                self._book.take_machine(record)
                self._running.pop(record.order.key, None)
                self._write_down()
                self._changed.notify_all()

    def _start(self, record: Record, running: _Running, hidden: frozenset[str], readonly: frozenset[str]) -> Started:
        """Everything but the release, and its process written down."""
        started = start(
            record,
            self._around.program(record.order),
            self._objects,
            self._folder_of(record),
            hidden=hidden,
            readonly=readonly,
            namespaces=self._namespaces,
        )
        running.process = started.process
        self._write_down()
        return started

    def _folder_of(self, record: Record) -> Path:
        """That of its last start."""
        return self._folder / record.order.folder / str(record.starts)

    def _write_down(self) -> None:
        with self._lock, contextlib.suppress(Unavailable):
            processes = [running.process for running in self._running.values() if running.process is not None]
            write_down(processes, self._folder / "processes.json")


def _describe(record: Record) -> dict[str, object]:
    order = record.order
    return {
        "stack": order.stack,
        "job": order.key.rpartition("/")[2],
        "phase": str(record.phase),
        "outcome": str(record.outcome),
        "reason": record.reason,
        "starts": record.starts,
        "spot": order.spot,
    }
