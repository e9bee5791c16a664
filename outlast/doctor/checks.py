"""What `outlast doctor` looks at, and how: each look has a time limit, and none stops the others.

Only the standard library and `service.errors` are imported: the first look is before there is any environment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from service.errors import OutlastError

FINE, WRONG, UNKNOWN = "ok", "missing", "unknown"
LIMIT_SECONDS = 20.0


@dataclass(frozen=True)
class Finding:
    """What one look found: `state` is FINE, WRONG or UNKNOWN, `hint` what to type where it is not fine."""

    state: str
    what: str
    hint: str = ""
    purpose: str = ""
    name: str = ""


@dataclass(frozen=True)
class Check:
    """One look: what it is for, what it looks at, and the function that looks and changes nothing."""

    purpose: str
    name: str
    look: Callable[[], Finding]


def fine(what: str) -> Finding:
    """All is there."""
    return Finding(FINE, what)


def wrong(what: str, hint: str) -> Finding:
    """Something is missing, or not as it has to be."""
    return Finding(WRONG, what, hint)


def unknown(what: str, hint: str = "") -> Finding:
    """It cannot be told from here; that is no failure."""
    return Finding(UNKNOWN, what, hint)


def run_checks(checks: Sequence[Check], *, limit_seconds: float = LIMIT_SECONDS) -> list[Finding]:
    """Every finding, in the order of the checks, all looked at side by side.

    A look that is not over in time is left alone: its thread is a daemon's, so it does not hold the command back.
    """
    found: list[Finding | None] = [None] * len(checks)
    threads = [
        threading.Thread(target=_look_into, args=(check, found, place), daemon=True)
        for place, check in enumerate(checks)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit_seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = unknown(f"no answer within {limit_seconds:g} s", "check the network, then repeat")
    return [
        replace(one or late, purpose=check.purpose, name=check.name) for check, one in zip(checks, found, strict=True)
    ]


def _look_into(check: Check, found: list[Finding | None], place: int) -> None:
    try:
        found[place] = check.look()
    except OutlastError as error:
        found[place] = unknown(_one_line(error.what), error.hint)
    except Exception as error:  # whatever a library raises, the other looks go on
        found[place] = unknown(_one_line(f"{type(error).__name__}: {error}"))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def render(findings: Sequence[Finding]) -> list[str]:
    """A line for each finding under its purpose; after one that is not fine its hint."""
    width = max((len(one.name) for one in findings), default=0)
    lines: list[str] = []
    for number, one in enumerate(findings):
        if number == 0 or one.purpose != findings[number - 1].purpose:
            lines += ["", one.purpose] if lines else [one.purpose]
        lines.append(f"  {one.state:<8} {one.name:<{width}}  {one.what}")
        if one.hint and one.state != FINE:
            lines.append(f"  {'':<8} {'':<{width}}  hint: {one.hint}")
    return lines


def count_wrong(findings: Sequence[Finding], purposes: Sequence[str]) -> int:
    """How many of those that were asked for are missing."""
    return sum(one.state == WRONG for one in findings if one.purpose in purposes)
