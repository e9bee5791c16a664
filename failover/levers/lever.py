"""What every lever is: it looks, applies a change, and undoes it; and the undo that all of them share.

    look     what is there now; changes nothing
    apply    make the change, if what is there is what the plan saw, and return once it is seen
    undo     put back what was there, as often as you like; what somebody else left is not touched

The state of a target in between (one of two calls made, then killed) is recognised by each of its values being that of
before or that of after.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from failover.levers.change import Change, State, render_state
from service.errors import Deviated, Refused, Unavailable

SETTLE_TRIES, SETTLE_PAUSE_SECONDS = 60, 2.0  # real time: what a cloud accepts at once it may do a minute later
UNDO_TRIES = 5


class Lever(Protocol):
    """A way to take a site away."""

    def look(self, target: str) -> State:
        """What is there now."""

    def apply(self, change: Change) -> None:
        """Make the change. Raises Refused where the target is no longer as the plan saw it."""

    def undo(self, change: Change) -> str:
        """Take it back and say what was found. Raises Deviated where it is as neither side left it."""


class StateLever(ABC):
    """A lever over something that can be read and written as a whole. `version` is the vendor's optimistic lock."""

    subject = "target"
    by_hand = ""
    """What a person types to put `{target}` right, for when nothing else may decide."""

    def __init__(self, pause: Callable[[float], None]) -> None:
        self._pause = pause

    @abstractmethod
    def read(self, target: str) -> tuple[State, str]:
        """What is there now, and its version ("" where the vendor has none)."""

    @abstractmethod
    def write(self, target: str, state: State, version: str) -> None:
        """Ask for another state. Raises Refused where `version` is not the newest any more."""

    def look(self, target: str) -> State:
        """What is there now."""
        return self.read(target)[0]

    def apply(self, change: Change) -> None:
        """Make the change, and return once it is seen."""
        state, version = self.read(change.target)
        if not matches(state, change.before):
            raise Refused(
                f"{self.subject} {change.target} is {render_state(state)}; the plan saw {render_state(change.before)}",
                hint="look at who is at work, then make a new plan: outlast drill plan --lose SITE",
            )
        self.write(change.target, change.after, version)
        self._settle(change.target, change.after)

    def undo(self, change: Change) -> str:
        """Put the state of before back, unless what is there is somebody else's doing, and verify by reading."""
        for _ in range(UNDO_TRIES):
            state, version = self.read(change.target)
            if matches(state, change.before):
                return "was as before already"
            if not is_between(state, change):
                raise Deviated(
                    f"{self.subject} {change.target} is {render_state(state)}, which this drill did not leave "
                    f"({render_state(change.after)})",
                    hint=f"if nobody wants it so: {self.by_hand.format(target=change.target)}",
                )
            try:
                self.write(change.target, change.before, version)
            except Refused:
                continue  # somebody wrote in between: look again
            self._settle(change.target, change.before)
            return "restored"
        raise Deviated(
            f"{self.subject} {change.target} kept changing: not restored after {UNDO_TRIES} tries",
            hint="find out who else changes it, then: outlast drill restore",
        )

    def _settle(self, target: str, wanted: State) -> None:
        """Wait until what was asked for is there. Raises Unavailable where it takes too long."""
        for _ in range(SETTLE_TRIES):
            if matches(self.look(target), wanted):
                return
            self._pause(SETTLE_PAUSE_SECONDS)
        raise Unavailable(
            f"{self.subject} {target} was asked to be {render_state(wanted)} and is not after "
            f"{SETTLE_TRIES * SETTLE_PAUSE_SECONDS:g} s",
            hint="look at it in the cloud's own console; to put it back: outlast drill restore",
        )


def matches(state: State, wanted: State) -> bool:
    """Whether all that can be seen of what is wanted is so: a lever sees no owner where its vendor keeps none."""
    seen = [key for key in wanted if key in state]
    return bool(seen) and all(state[key] == wanted[key] for key in seen)


def is_between(state: State, change: Change) -> bool:
    """Whether this change, made in whole or in part, explains the state."""
    return all(state[key] in (change.before.get(key), value) for key, value in change.after.items() if key in state)
