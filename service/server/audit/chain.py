"""The audit log: one record for each prediction and each feedback, chained by hash, written off the hot path.

A record is a line of JSON. Its `hash` is the SHA-256 of the record without that field, keys sorted, no spaces;
`prev` is the hash of the record before it. So the chain survives a log service that parses and reformats lines, and no
record can be changed, dropped or moved without a trace (`service.server.audit.verify`). Each process has its own chain.

The queue is bounded. When its sink stalls, a setting decides: predictions are refused, or the lost records are counted
in the chain itself. At a kill at most the queue's records are missing, and the `start` record says how many that is.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from service.server.audit.refusals import Refusals
from service.server.listeners import Listener

if TYPE_CHECKING:  # verifying a log needs neither numpy nor a model
    from service.server.exchange import Exchange
    from service.server.protocol.problems import Problem

# Refused by its headers, or before it was whole: what costs a caller nothing must not fill the log.
_CHEAP = frozenset({401, 408, 413, 429, 431})
GENESIS = "0" * 64
SCHEMA = 1
_BATCH = 256  # records in one write: the thread holds the interpreter for at most a millisecond or so
_INTERVAL_SECONDS = 0.05
_IDLE_INTERVAL_SECONDS = 0.2  # while there is nothing to write: each look wakes the process
_RETRY_SECONDS = 0.5
_STOP_SECONDS = 5.0
_STALL_SECONDS = 2.0  # a full queue that moves is a slow sink, and no reason to take the replica out


class Sink(Protocol):
    """Where lines go. `write` may take only a part and says how many bytes; it may block or raise OSError."""

    def write(self, data: bytes | memoryview) -> int:
        """Bytes taken."""


class FileSink:
    """A file descriptor: standard output, or a file opened for appending."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes | memoryview) -> int:
        """One system call."""
        return os.write(self._descriptor, data)


def hash_record(record: Mapping[str, Any]) -> str:
    """The hash of a record (its own `hash` field, if any, left out)."""
    bare = {name: value for name, value in record.items() if name != "hash"}
    return hashlib.sha256(orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)).hexdigest()


class AuditLog(Listener):
    """This process's chain. `record` never blocks; a thread writes. Use `start` and `stop` around it."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        site: str,
        replica: str,
        capacity: int,
        refuses: bool,
        clock: Callable[[], float],
        about: Mapping[str, Any],
        on_trouble: Callable[[str], None],
    ) -> None:
        self.chain = f"{replica}-{int(clock())}-{secrets.token_hex(4)}"
        self.lost = 0
        self.written = 0
        self._sinks = [_Pending(sink) for sink in sinks]
        self._site = site
        self._replica = replica
        self._capacity = capacity
        self._refuses = refuses
        self._clock = clock
        self._about = dict(about)
        self._on_trouble = on_trouble
        self._queue: deque[dict[str, Any]] = deque()
        self._lost_since = 0
        self._shed_since = 0
        self._refusals = Refusals()
        self._in_flight = 0
        self._moved_at = clock()
        self._in_trouble = False
        self._seq = 0
        self._prev = GENESIS
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    @property
    def depth(self) -> int:
        """Records not yet written."""
        return len(self._queue)

    @property
    def records(self) -> int:
        """How many the chain has, those of what was lost or refused among them."""
        return self._seq

    def start(self) -> None:
        """Open the chain."""
        self._queue.append({"kind": "start", "time": self._clock(), "schema": SCHEMA, **self._describe()})
        self._thread.start()

    def stop(self) -> bool:
        """Write what is left and close the chain; False when the sink did not take it in time."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)
        return not self._thread.is_alive()

    def accepts(self, count: int) -> bool:
        """Whether that many predictions may be given now: always, unless losing their records is not allowed."""
        return not self._refuses or len(self._queue) + count <= self._capacity

    @property
    def stalled(self) -> bool:
        """Whether predictions are refused because their records have no room, and have been for a while."""
        return not self.accepts(1) and self._clock() - self._moved_at > _STALL_SECONDS

    def answered(self, exchanges: Sequence[Exchange], finished: float) -> None:
        """Queue a record of each prediction, given or refused; of those shed, and of refusals in floods, the number."""
        for exchange in exchanges:
            if exchange.problem is None:
                self.put(_describe(exchange, finished))
            elif exchange.shed:
                self._shed_since += 1
            elif exchange.status not in _CHEAP or self._refusals.may_stand_alone(finished):
                self.put(_describe(exchange, finished))
            else:
                self._refusals.count(exchange.status, exchange.key or exchange.caller)

    def refused(self, route: str, problem: Problem, caller: str) -> None:
        """Count what was refused before it was a whole request."""
        self._refusals.count(problem.status, caller)

    def put(self, entry: dict[str, Any]) -> None:
        """Queue any record; counted as lost when the queue is full."""
        if len(self._queue) >= self._capacity:
            self.lost += 1
            self._lost_since += 1
        else:
            self._queue.append(entry)

    def _describe(self) -> dict[str, Any]:
        return {"capacity": self._capacity, "when_full": "refuse" if self._refuses else "count", **self._about}

    def _run(self) -> None:
        interval = _INTERVAL_SECONDS
        while True:
            stopping = self._stopping.wait(interval)
            interval = _INTERVAL_SECONDS if self._has_work() else _IDLE_INTERVAL_SECONDS
            while self._has_work():
                if not self._write_batch() and stopping:
                    return  # the sink is stuck and the process has to end: the chain stays open, which verifying tells
            if stopping:
                self._append([*self._counts(), {"kind": "stop", "time": self._clock()}])
                self._settle()
                return

    def _has_work(self) -> bool:
        waiting = self._queue or self._lost_since or self._shed_since or self._refusals.due(self._clock())
        return bool(waiting or any(sink.pending for sink in self._sinks))

    def _write_batch(self) -> bool:
        """Write some of the queue; False when the sinks do not take it."""
        if not self._settle():
            self._stopping.wait(_RETRY_SECONDS)
            return False
        batch = [self._queue[i] for i in range(min(_BATCH, len(self._queue)))]
        self._in_flight = len(batch)
        self._append([*batch, *self._counts()])
        return self._settle()

    def _settle(self) -> bool:
        """Push what is pending into the sinks; False when one of them does not take it.

        Only written records leave the queue: it bounds what a kill can lose.
        """
        if not self._flush():
            return False
        for _ in range(self._in_flight):
            self._queue.popleft()
        self.written += self._in_flight
        self._moved_at = self._clock()
        self._in_flight = 0
        return True

    def _counts(self) -> list[dict[str, Any]]:
        """Records that say how many were lost, shed or refused since the last ones."""
        found: list[dict[str, Any]] = []
        if lost := self._lost_since:
            self._lost_since -= lost
            found.append({"kind": "lost", "time": self._clock(), "count": lost})
        if shed := self._shed_since:
            self._shed_since -= shed
            found.append({"kind": "shed", "time": self._clock(), "count": shed})
        found += self._refusals.take(self._clock(), everything=self._stopping.is_set())
        return found

    def _append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Chain entries and hand their lines to every sink."""
        lines = []
        for entry in entries:
            record = {
                **entry, "site": self._site, "replica": self._replica,
                "chain": self.chain, "seq": self._seq, "prev": self._prev,
            }  # fmt: skip
            raw = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
            self._prev = hashlib.sha256(raw).hexdigest()
            self._seq += 1
            lines.append(b'%b,"hash":"%b"}\n' % (raw[:-1], self._prev.encode()))
        data = b"".join(lines)
        for sink in self._sinks:
            sink.add(data)

    def _flush(self) -> bool:
        """Push pending bytes into every sink; False when one failed. Trouble is told once, not at every retry."""
        trouble = ""
        for sink in self._sinks:
            try:
                sink.flush()
            except OSError as error:
                trouble = f"the audit log cannot be written: {error.strerror}"
        if trouble and not self._in_trouble:
            self._on_trouble(trouble)
        self._in_trouble = bool(trouble)
        return not any(sink.pending for sink in self._sinks)


def _describe(exchange: Exchange, finished: float) -> dict[str, Any]:
    """The record of one prediction, given or refused."""
    model = exchange.target.model
    entry: dict[str, Any] = {
        "kind": "prediction",
        "time": round(exchange.arrived, 6),
        "route": exchange.target.codec.route,
        "request_id": exchange.request_id,
        "key": exchange.key,
        "model": model.name,
        "version": model.version,
        "digest": model.digest,
        "rows": exchange.rows,
        "input_sha256": exchange.input_sha256,
        "output_sha256": exchange.output_sha256,
        "status": exchange.status,
        "seconds": round(finished - exchange.arrived, 6),
    }
    if exchange.trace:
        entry["trace"] = exchange.trace.decode()
    return entry


class _Pending:
    """A sink and the bytes that it has not taken yet: after a failure it goes on where it stopped, nothing twice."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.pending = b""

    def add(self, data: bytes) -> None:
        self.pending += data

    def flush(self) -> None:
        while self.pending:
            self.pending = self.pending[self._sink.write(self.pending) :]


class NoAuditLog(Listener):
    """No audit log, because the settings say so."""

    def accepts(self, count: int) -> bool:
        """Always."""
        return True

    def put(self, entry: dict[str, Any]) -> None:
        """Keep nothing."""
