"""For which kinds of clients a drill waits before it gives a site back, and which it leaves at the site. Pure.

The clients that a drill plays honour the TTL. Others hold on for longer: who has a cache of its own, or keeps its
connection to a site that still answers. The stack `traffic` declares which of them there are (`outlast:clientKinds`); a
drill waits for those, and names the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from failover.drill.fleet import TAG_CLIENTS
from failover.recovery.kinds import KINDS, ClientKind
from service.errors import InvalidInput, Mistake

CONNECTION_SECONDS = 120.0  # greatest age of a connection: the server's default, OUTLAST_CONNECTION_SECONDS
NAMES = tuple(kind.name for kind in KINDS)
_SWITCHED = 1  # the level at which the site still answers who stays


BREAKING = ("pool", "jvm", "browser", "outlast")
"""Played wherever requests may fail: the other kinds differ from one of these by seconds alone."""


@dataclass(frozen=True)
class Waits:
    """`seconds` (simulated) to wait, once the drill's own clients have left, for the kinds in `waited_for`.

    `left` are the other kinds that may still be at the site then, each with how long.
    """

    waited_for: tuple[str, ...] = ()
    seconds: float = 0.0
    left: tuple[str, ...] = ()


def plan_waits(names: Sequence[str], *, ttl_seconds: int, level: int) -> Waits:
    """What a drill waits for. Raises InvalidInput for a kind that there is not."""
    if unknown := [name for name in names if name not in NAMES]:
        mistakes = [Mistake("--wait-for", f"there is no kind of client {name!r}") for name in unknown]
        raise InvalidInput("these clients cannot be waited for", mistakes, hint=f"kinds are {', '.join(NAMES)}")
    held = {kind.name: hold_beyond_ttl(kind, ttl_seconds, level) for kind in KINDS}
    seconds = max((held[name] for name in names), default=0.0)
    left = tuple(f"{name} ({beyond:g} s)" for name, beyond in held.items() if beyond > seconds)
    return Waits(tuple(dict.fromkeys(names)), seconds, left)


def hold_beyond_ttl(kind: ClientKind, ttl_seconds: int, level: int) -> float:
    """For how long at most such a client stays after one that honours the TTL has left, in simulated seconds."""
    cached = max(ttl_seconds, kind.floor_seconds) + kind.own_cache_seconds
    connected = CONNECTION_SECONDS if kind.keeps_connections and level == _SWITCHED else 0.0
    return max(cached, connected) - ttl_seconds


def find_declared(asked: Sequence[str], tags: Mapping[str, str]) -> tuple[str, ...]:
    """The kinds that were asked for, else those that the stack declares by the tags of a health check."""
    return tuple(asked) or read_kinds(tags.get(TAG_CLIENTS, ""))


def choose_kinds(declared: Sequence[str], *, breaks_requests: bool) -> tuple[str, ...]:
    """The kinds that a drill plays beside its own clients, which honour the TTL: those that are declared.

    Where requests may fail, what each kind would feel is the question: then some of each.
    """
    played = (*declared, *(BREAKING if breaks_requests else ()))
    return tuple(name for name in dict.fromkeys(played) if name != "ttl")


def read_kinds(tag: str) -> tuple[str, ...]:
    """The kinds that a tag declares, those that are known; a tag is no place to refuse a drill for."""
    return tuple(name for name in tag.split() if name in NAMES)


def read_waits(plan: Mapping[str, Any]) -> Waits:
    """The waits of a plan as a journal holds it; none of one from before there were any."""
    found = plan.get("waits") or {}
    return Waits(tuple(found.get("waited_for", ())), float(found.get("seconds", 0.0)), tuple(found.get("left", ())))


def describe_waits(waits: Waits) -> Iterable[str]:
    """Lines for a plan and a report."""
    if waits.seconds:
        named = ", ".join(waits.waited_for)
        yield f"waits {waits.seconds:g} s (simulated) after its own clients have left, for {named}"
    if waits.left:
        yield f"may give the site back while there are still clients at it: {', '.join(waits.left)}"
