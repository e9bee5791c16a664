"""Structured logs: one JSON object a line on stderr. Standard output belongs to the audit log.

Lines of one cause are limited, and each is bounded: what a caller can bring about at every request must not fill the
log.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

import orjson

from service.server.listeners import Listener

if TYPE_CHECKING:
    from service.server.protocol.problems import Problem

_log = logging.getLogger("outlast")
_LONGEST_TRACEBACK = 8000
_LONGEST_DETAIL = 200


class _JsonLines(logging.Formatter):
    """A record as one line: time, level, what, and the fields given with it."""

    def __init__(self, identity: Mapping[str, str]) -> None:
        super().__init__()
        self._identity = dict(identity)

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
            **self._identity,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            document["traceback"] = _shorten(self.formatException(record.exc_info))
        return orjson.dumps(document, default=str).decode()


def _shorten(text: str) -> str:
    """The beginning and the end: a recursion's traceback is as long as its stack was deep."""
    return (
        text
        if len(text) <= _LONGEST_TRACEBACK
        else f"{text[: _LONGEST_TRACEBACK // 2]} … {text[-_LONGEST_TRACEBACK // 2 :]}"
    )


def configure_logs(level: str, identity: Mapping[str, str], stream: TextIO | None = None) -> None:
    """Send this process's logs, uvicorn's included, as JSON lines to stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines(identity))
    for name, least in (("outlast", level.upper()), ("uvicorn", "WARNING"), ("asyncio", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(least)
        logger.filters = [] if name == "outlast" else [_OneASecond()]


def log(level: int, what: str, **fields: Any) -> None:
    """Write one line. Feature values do not belong in `fields` unless the settings say so."""
    _log.log(level, what, extra={"fields": fields})


class FailureLog(Listener):
    """Failures of the server with their tracebacks, and requests refused before they were whole: one line a second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._pace = _Pace(clock)

    def failed(self, error: BaseException) -> None:
        """Write one line with a traceback, or count it into the next one."""
        if (silent := self._pace.take(type(error).__name__)) is not None:
            _log.error("a request failed", exc_info=error, extra={"fields": {"not_shown_before": silent}})

    def refused(self, route: str, problem: Problem, caller: str) -> None:
        """The same for what was no whole request."""
        if (silent := self._pace.take(problem.kind.slug)) is not None:
            fields = {"kind": problem.kind.slug, "detail": problem.detail[:_LONGEST_DETAIL], "caller": caller}
            log(logging.WARNING, "a connection was refused", **fields, not_shown_before=silent)


class _Pace:
    """Lets one of each cause through a second, and counts the others. `take` is for few causes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next: dict[str, float] = {}
        self._silent: Counter[str] = Counter()

    def take(self, cause: str) -> int | None:
        """How many of this cause were not let through since the last one; None for one more of those."""
        now = self._clock()
        if now < self._next.get(cause, float("-inf")):
            self._silent[cause] += 1
            return None
        self._next[cause] = now + 1.0
        return self._silent.pop(cause, 0)


class _OneASecond(logging.Filter):
    """Lets a logger write each of its messages once a second: uvicorn and asyncio log what callers bring about."""

    def __init__(self) -> None:
        super().__init__()
        self._pace = _Pace(time.time)

    def filter(self, record: logging.LogRecord) -> bool:
        silent = self._pace.take(str(record.msg)[:_LONGEST_DETAIL])
        if silent:
            record.fields = {"not_shown_before": silent}
        return silent is not None
