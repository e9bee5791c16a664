"""Looks at every alarm each simulated minute, remembers how it stands, and writes its mails."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failover.simulator.clock import ScaledClock
from sandbox.alarms.counts import Counts
from sandbox.alarms.evaluate import LOOK_SECONDS, Standing, evaluate
from sandbox.alarms.mail import write_mail
from sandbox.alarms.rule import AlarmRule, State
from service.bundle.writing import write_whole

_NOTE_SECONDS = 15.0
"""Simulated seconds between two notes of what is not counted: some in each minute."""
_LEAST_WALL, _MOST_WALL = 0.2, 5.0
_MOST_BEHIND = 5 * LOOK_SECONDS
"""A clock that has jumped further, or a laptop that has slept, is not looked at minute by minute."""


@dataclass(frozen=True)
class Files:
    """Where states are kept over a restart, and where the mails are."""

    states: Path
    mails: Path


class AlarmWatch:
    """The alarms of one sandbox. Thread-safe; owns one thread between `start` and `stop`.

    Args:
        note: notes what is not counted, before each look.
        report: told of what went wrong.
    """

    def __init__(
        self,
        clock: ScaledClock,
        counts: Counts,
        files: Files,
        *,
        note: Callable[[], None],
        report: Callable[[str], None],
    ) -> None:
        self.files = files
        self._clock = clock
        self._counts = counts
        self._note = note
        self._report = report
        self._rules: dict[str, AlarmRule] = {}
        self._standings: dict[str, Standing] = {}
        self._known_since: dict[str, float] = {}
        self._lock = threading.Lock()
        self._next_look = (clock.simulated_now() // LOOK_SECONDS + 2) * LOOK_SECONDS  # once a whole minute is known
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._kept = self._load()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def follow(self, rules: Sequence[AlarmRule]) -> None:
        """These are the alarms from now on."""
        with self._lock:
            now = self._clock.simulated_now()
            self._rules = {rule.key: rule for rule in rules}
            self._known_since = {key: self._known_since.get(key, now) for key in self._rules}
            self._standings = {key: self._standings.get(key) or self._remembered(key, now) for key in self._rules}

    def tick(self) -> None:
        """Note what is to be noted, and look if a minute is over."""
        self._note()
        now = self._clock.simulated_now()
        with self._lock:
            if now - self._next_look > _MOST_BEHIND:
                self._next_look = now // LOOK_SECONDS * LOOK_SECONDS
            while self._next_look <= now:
                self._look(self._next_look)
                self._next_look += LOOK_SECONDS

    def status(self) -> list[dict[str, Any]]:
        """One entry an alarm: site, name, state, for how many simulated seconds, the last value, who is told."""
        now = self._clock.simulated_now()
        with self._lock:
            return [
                {
                    "site": rule.stack,
                    "name": rule.name,
                    "about": rule.about,
                    "state": str(self._standings[key].state),
                    "seconds": max(0.0, now - self._standings[key].since),
                    "value": self._standings[key].value,
                    "told": list(rule.told),
                }
                for key, rule in sorted(self._rules.items())
            ]

    def alarming(self) -> dict[str, float]:
        """The alarms that are on, by the key of their resource: since when, in simulated seconds."""
        with self._lock:
            return {key: one.since for key, one in self._standings.items() if one.state is State.ALARM}

    def _look(self, at: float) -> None:
        changed = False
        for key, rule in self._rules.items():
            if at - self._known_since[key] < LOOK_SECONDS:
                continue
            before, after = self._standings[key], evaluate(rule, self._counts, self._standings[key], at)
            self._standings[key] = after
            if after.state is not before.state:
                changed = True
                self._tell(rule, before, after, at)
        if changed:
            self._keep()

    def _tell(self, rule: AlarmRule, before: Standing, after: Standing, at: float) -> None:
        """That it begins, that it is over, that data stopped; not that a new one has found nothing."""
        told: tuple[str, ...] = ()
        if after.state is State.ALARM:
            told = rule.told
        elif after.state is State.OK and before.state is State.ALARM:
            told = rule.told_end
        elif after.state is State.INSUFFICIENT_DATA:
            told = rule.told_unknown
        for address in told:
            write_mail(self.files.mails, rule, after, address, now=at)

    def _run(self) -> None:
        while not self._ended.wait(min(_MOST_WALL, max(_LEAST_WALL, self._clock.to_wall(_NOTE_SECONDS)))):
            try:
                self.tick()
            except Exception as error:  # a full disk, say: the next minute is looked at all the same
                self._report(f"the alarms could not be looked at: {error!r}")

    def _keep(self) -> None:
        write_whole(self.files.states, json.dumps({key: str(one.state) for key, one in self._standings.items()}))

    def _load(self) -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads(self.files.states.read_text())
            return {str(key): str(state) for key, state in kept.items()}
        return {}

    def _remembered(self, key: str, now: float) -> Standing:
        """As it stood when the sandbox ended: what was told then is not told again."""
        state = self._kept.get(key, "")
        return Standing(State(state) if state in list(State) else State.INSUFFICIENT_DATA, since=now)
