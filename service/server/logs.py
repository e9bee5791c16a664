"""Structured logs: one JSON object a line on stderr. Standard output belongs to the audit trail."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import orjson

_log = logging.getLogger("outlast")


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
            document["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(document, default=str).decode()


def configure_logs(level: str, identity: Mapping[str, str], stream: TextIO | None = None) -> None:
    """Send this process's logs, uvicorn's included, as JSON lines to stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines(identity))
    for name, least in (("outlast", level.upper()), ("uvicorn", "WARNING"), ("asyncio", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(least)


def log(level: int, what: str, **fields: Any) -> None:
    """Write one line. Feature values do not belong in `fields` unless the settings say so."""
    _log.log(level, what, extra={"fields": fields})


class FailureLog:
    """Tracebacks, at most one a second: a model that breaks at every request must not break the log as well."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = float("-inf")
        self._silent = 0

    def __call__(self, error: BaseException) -> None:
        """Write one line with a traceback, or count it into the next one."""
        if (now := self._clock()) < self._next:
            self._silent += 1
            return
        _log.error("a prediction failed", exc_info=error, extra={"fields": {"not_shown_before": self._silent}})
        self._next, self._silent = now + 1.0, 0
