"""Faults for drills: flags that expire, read from one object that all replicas poll. Off unless the site allows drills.

The object holds `{"mode": …, "expires_at": …, "id": …}`, `expires_at` an ISO time with zone or Unix seconds. Expired,
unparsable, unreachable or absent means no fault: a broken flag must not break a site.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MODES = ("fail-health", "errors:<ratio>", "latency:<ms>", "wrong-answers", "nan-answers", "stale-model")
_LARGEST_FLAG = 4096
_LONGEST_SECONDS = 3600.0  # a forgotten flag must not outlive its drill by much, whatever it says
_MAX_LATENCY_MS = 60000.0


@dataclass(frozen=True)
class Fault:
    """A fault in force until `expires_at` (Unix seconds). `amount` is a ratio for errors, seconds for latency."""

    mode: str
    expires_at: float
    id: str
    amount: float = 0.0


def parse_fault(raw: bytes, now: float) -> Fault | None:
    """The fault that a flag describes; None when it is expired, or is not a flag at all."""
    try:
        flag = json.loads(raw)
        mode, expires_at, name = flag["mode"], _read_time(flag["expires_at"]), flag["id"]
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    if not isinstance(mode, str) or not isinstance(name, str) or not now < expires_at <= now + _LONGEST_SECONDS:
        return None
    kind, _, amount_text = mode.partition(":")
    if kind in ("fail-health", "wrong-answers", "nan-answers", "stale-model") and not amount_text:
        return Fault(kind, expires_at, name)
    amount = float(amount_text) if re.fullmatch(r"\d+(?:\.\d+)?", amount_text, re.ASCII) else math.nan
    if kind == "errors" and 0 < amount <= 1:
        return Fault(kind, expires_at, name, amount)
    if kind == "latency" and 0 < amount <= _MAX_LATENCY_MS:
        return Fault(kind, expires_at, name, amount / 1000)
    return None


class Faults:
    """The fault in force, if any. Ask it; `poll` keeps it fresh."""

    def __init__(self, clock: Callable[[], float], draw: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._draw = draw
        self._fault: Fault | None = None

    def put(self, raw: bytes) -> Fault | None:
        """Take the flag's content as it is now; returns the fault in force."""
        self._fault = parse_fault(raw, self._clock())
        return self._fault

    @property
    def current(self) -> Fault | None:
        """The fault in force; it ends by itself, also when nothing can be polled any more."""
        if self._fault is not None and self._clock() >= self._fault.expires_at:
            self._fault = None
        return self._fault

    def mode(self) -> str:
        """The kind of fault in force, "" for none."""
        return "" if self._fault is None or self.current is None else self._fault.mode

    def latency_seconds(self) -> float:
        """How long an answer is to be held back."""
        return self._fault.amount if self._fault is not None and self.mode() == "latency" else 0.0

    def draws_error(self) -> bool:
        """Whether this request is one of those to fail."""
        return self._fault is not None and self.mode() == "errors" and self._draw() < self._fault.amount


async def poll(
    faults: Faults,
    source: str,
    interval_seconds: float,
    on_change: Callable[[Fault | None], None],
    on_trouble: Callable[[Exception], None],
) -> None:
    """Read the flag again and again, for ever, whatever comes back; tells when the fault in force changes.

    `on_trouble` hears why it cannot be read, once until it can be again. A file that is absent is no trouble: no drill.
    """
    before: Fault | None = None
    troubled = False
    while True:
        raw = b""
        try:
            raw = await asyncio.to_thread(fetch_flag, source)
            troubled = False
        except FileNotFoundError:
            troubled = False
        except Exception as error:  # http.client alone raises a dozen kinds for a malformed answer
            if not troubled:
                on_trouble(error)
            troubled = True
        fault = faults.put(raw)
        if fault != before:
            on_change(fault)
        before = fault
        await asyncio.sleep(interval_seconds)


def fetch_flag(source: str) -> bytes:
    """At most a flag's worth of bytes from a file or an HTTPS address. Raises OSError or ValueError."""
    if not source.startswith("https://"):
        with Path(source).open("rb") as file:
            return file.read(_LARGEST_FLAG)
    # Most servers never need them, and they are slow to import.
    import ssl
    import urllib.request

    class StayOnHttps(urllib.request.HTTPRedirectHandler):
        """Follows no redirect to where anybody on the way can change the flag: not even to ask."""

        def redirect_request(self, *arguments: Any) -> Any:
            """What to ask next: the last argument is where."""
            if not str(arguments[-1]).lower().startswith("https://"):
                raise ValueError("the flag was moved to where anybody on the way can change it")
            return super().redirect_request(*arguments)

    # Named each time: from Python 3.12 on the trust store of the first use would be that of the whole process.
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    with urllib.request.build_opener(StayOnHttps, trust).open(source, timeout=5) as response:
        content: bytes = response.read(_LARGEST_FLAG)
        return content


def _read_time(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.timestamp()
