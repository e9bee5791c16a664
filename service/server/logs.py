"""Structured logs: one JSON object a line on stderr. Standard output belongs to the audit trail."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
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


def log_exception(what: str, error: BaseException, **fields: Any) -> None:
    """Write one line with a traceback."""
    _log.error(what, exc_info=error, extra={"fields": fields})
