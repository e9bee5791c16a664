"""How far a long step is, on stderr: bars where that is a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.command_line import say
from service.ticks import LONG_SECONDS, TICK_SECONDS, open_bars

Announce = Callable[[str, int, int], None]  # (step, done, of)


@contextmanager
def show_progress() -> Iterator[Announce]:
    """A bar for each step that tells how far it is, or lines of those that take over two seconds."""
    if (bars := open_bars()) is None:
        yield Lines()
        return
    with bars:
        tasks: dict[str, int] = {}

        def announce(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=of)
            bars.update(tasks[step], completed=done, total=of)

        yield announce


class Lines:
    """Tells a step after two seconds, then every ten, and at its end."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, say: Callable[[str], None] = say) -> None:
        self._now = now
        self._say = say
        self._began: dict[str, float] = {}
        self._tell_at: dict[str, float] = {}

    def __call__(self, step: str, done: int, of: int) -> None:
        """So much of it is done."""
        now = self._now()
        began = self._began.setdefault(step, now)
        due = self._tell_at.setdefault(step, began + LONG_SECONDS)
        if done >= of:
            if now >= began + LONG_SECONDS:
                self._say(f"• {step}: {of} of {of}, done in {now - began:.0f} s")
            del self._began[step], self._tell_at[step]
        elif now >= due:
            self._say(f"• {step}: {done} of {of}")
            self._tell_at[step] = now + TICK_SECONDS
