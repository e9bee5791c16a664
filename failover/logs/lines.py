"""A line of a site's log, how long ago is meant, and the lines of all sites in one order. Pure."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from service.errors import InvalidInput

SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=36_500)  # what lies before it may lie before the first day that Python has
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
"""What is looked for as it stands in the clouds' own queries: no quotes, no spaces."""

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, order=True)
class LogLine:
    """One line: when, of which site, written by which replica; `text` as it was printed."""

    time: datetime
    site: str
    replica: str
    text: str

    def render(self) -> str:
        """For people: the replica's own fields in front, the rest as it is."""
        return f"{self.time:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {self.site:<8} {self.replica}  {self.text}"

    def to_data(self) -> dict[str, Any]:
        """For programs; what was printed as JSON is JSON."""
        return {"time": self.time.isoformat(), "site": self.site, "replica": self.replica, "line": read_json(self.text)}


def read_json(text: str) -> Any:
    """What a line says; the text itself where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def own_time(text: str) -> datetime | None:
    """When a line was written as it says itself: every line of the server has `time`, in seconds."""
    document = read_json(text)
    found = document.get("time") if isinstance(document, dict) else None
    try:
        return datetime.fromtimestamp(found, UTC) if isinstance(found, int | float) else None
    except (ValueError, OverflowError, OSError):  # not a line of the server
        return None


def own_replica(text: str) -> str:
    """Who wrote a line as it says itself; "" where it does not."""
    document = read_json(text)
    return str(document.get("replica", "")) if isinstance(document, dict) else ""


def own_trace(text: str) -> str:
    """The id of the trace that a line says it is of, as `traceparent` has it; "" where it does not."""
    document = read_json(text)
    found = _TRACEPARENT.fullmatch(str(document.get("trace", ""))) if isinstance(document, dict) else None
    return found[1] if found else ""


def read_span(text: str) -> timedelta:
    """`10m`, `2h`, `30s`, `1d`. Raises InvalidInput."""
    found = SPAN.fullmatch(text)
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if span is None or span > _LONGEST:
        hint = f"a number and one of s, m, h, d, at most {_LONGEST.days}d: 10m"
        raise InvalidInput(f"{text!r} is no span of time", hint=hint)
    return span


def merge(sites: Iterable[Iterable[LogLine]]) -> Iterator[LogLine]:
    """The lines of all sites by their time; each site's own are in order already."""
    return heapq.merge(*sites)
