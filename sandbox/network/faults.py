"""What can be broken in the sandbox on request. Each fault ends by itself and is listed until then."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failover.simulator import REGIONS
from failover.simulator.clock import ScaledClock
from service.errors import InvalidInput, Mistake, Unavailable

# kind -> (what it takes after `=`, what it does)
KINDS: dict[str, tuple[str, str]] = {
    "refuse": ("", "the site's listeners are closed: connections are refused"),
    "blackhole": ("", "the site's listeners answer no packet: connections time out"),
    "reset": ("", "the site resets each connection"),
    "delay": ("milliseconds", "the site answers each connection late"),
    "loss": ("ratio", "the site drops this share of its connections"),
    "expired-certificate": ("", "the site presents a certificate that ended yesterday"),
    "wrong-certificate": ("", "the site presents a certificate for another name"),
    "kill": ("replicas", "the site's service processes are killed and not started again"),
    "spot": (
        "",
        "the site's spot machines, of tasks or training jobs, are taken back; none in their place",
    ),
    "dark": ("", "the whole cloud is gone, its API with it"),
    "control-plane": ("", "Route 53 answers DNS and refuses changes"),
    "blind": ("region", "the health checkers of one region reach nothing"),
}
# Faults of the one DNS provider, not of a site.
WITHOUT_SITE = frozenset({"control-plane", "blind"})


@dataclass(frozen=True)
class Fault:
    """One thing that is broken: where, what, how much, and when (simulated seconds of the clock) it ends."""

    site: str
    kind: str
    value: str
    until: float

    @property
    def number(self) -> float:
        """The value of a fault that is measured: milliseconds, ratio or replicas."""
        return float(self.value)


# What a measured value may be.
_LIMITS = {"milliseconds": (0.0, 60_000.0), "ratio": (0.0, 1.0), "replicas": (1.0, 100.0)}


def parse_fault(site: str, kind: str, seconds: float, now: float, sites: Sequence[str]) -> Fault:
    """A fault from `delay=200`-like words, for `seconds` of simulated time from `now`.

    Raises InvalidInput with every mistake at once.
    """
    name, _, value = kind.partition("=")
    mistakes = []
    if name not in KINDS:
        mistakes.append(Mistake("KIND", f"{name!r} is not a fault", f"one of: {', '.join(KINDS)}"))
    else:
        mistakes += _value_mistakes(name, value)
    mistakes += _site_mistakes(name, site, sites)
    if not 0 < seconds <= 86400:
        mistakes.append(Mistake("FOR", f"{seconds:g} seconds is not a duration of a fault", "from 1 to 86400 seconds"))
    if mistakes:
        raise InvalidInput("this fault cannot be injected", mistakes)
    measured = value and KINDS[name][0] in _LIMITS
    return Fault(site, name, f"{float(value):g}" if measured else value, now + seconds)


def _site_mistakes(name: str, site: str, sites: Sequence[str]) -> list[Mistake]:
    if name in WITHOUT_SITE:
        told = Mistake("SITE", f"{name} is a fault of the DNS provider, not of a site", "leave SITE out")
        return [told] if site else []
    if site in sites:
        return []
    known = ", ".join(sites) or "none is up; `make up` first"
    return [Mistake("SITE", f"{site!r} is not a site of this sandbox", f"one of: {known}")]


def _value_mistakes(name: str, value: str) -> list[Mistake]:
    takes, _ = KINDS[name]
    if not takes and value:
        return [Mistake("KIND", f"{name} takes no value", f"write KIND={name}")]
    if takes and not value and name != "kill":
        return [Mistake("KIND", f"{name} needs {takes}", f"write KIND={name}=<{takes}>")]
    if takes == "region" and value not in REGIONS:
        return [Mistake("KIND", f"{value!r} is not a region of the health checkers", f"one of: {', '.join(REGIONS)}")]
    if not value or takes == "region":
        return []
    try:
        number = float(value)
    except ValueError:
        return [Mistake("KIND", f"{value!r} is not a number of {takes}", f"write KIND={name}=<{takes}>")]
    low, high = _LIMITS[takes]
    if not low <= number <= high or (takes == "replicas" and number != int(number)):
        whole = " and whole" if takes == "replicas" else ""
        return [Mistake("KIND", f"{value} {takes} is out of range", f"from {low:g} to {high:g}{whole}")]
    return []


class Faults:
    """The faults in force. Thread-safe; kept in a file, so that a restart does not heal anything by accident.

    `clock` says when a fault ends; `epoch` (seconds since 1970) how long the sandbox was away, because the clock of a
    process means nothing to the next one. A file that cannot be read is named in `damaged` and counts as none.
    """

    def __init__(self, clock: ScaledClock, path: Path, *, epoch: Callable[[], float] = time.time) -> None:
        self.damaged = ""
        self._clock = clock
        self._path = path
        self._epoch = epoch
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._listeners: list[Callable[[], None]] = []
        with contextlib.suppress(FileNotFoundError):
            self._load(path.read_text(errors="replace"))

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each fault that begins or is healed. One that expires is not told: see `active`."""
        self._listeners.append(listener)

    def inject(self, fault: Fault) -> None:
        """Put a fault in force; one of the same kind at the same site is replaced."""
        with self._lock:
            self._keep([*(f for f in self._live() if (f.site, f.kind) != (fault.site, fault.kind)), fault])

    def heal(self, site: str | None = None, kind: str | None = None) -> list[Fault]:
        """End the faults of one site, or all; of one kind, or all. Returns those ended."""
        with self._lock:
            live = self._live()
            ended = [f for f in live if kind in (None, f.kind) and site in (None, f.site)]
            self._keep([f for f in live if f not in ended])
            return ended

    def active(self) -> list[Fault]:
        """Every fault in force now."""
        with self._lock:
            return self._live()

    def at(self, site: str, kind: str) -> Fault | None:
        """The fault of that kind at that site now, if any."""
        # Asked for each connection, and nearly always there is none: no lock, no clock. The list is never changed,
        # only put in the place of another.
        faults = self._faults
        if not faults:
            return None
        now = self._clock.simulated_now()
        return next((f for f in faults if (f.site, f.kind) == (site, kind) and f.until > now), None)

    def describe(self) -> list[dict[str, Any]]:
        """For `status`: site, kind, value, what it does, and the simulated seconds left."""
        now = self._clock.simulated_now()
        return [
            {"site": f.site, "kind": f.kind, "value": f.value, "does": KINDS[f.kind][1], "seconds_left": f.until - now}
            for f in self.active()
        ]

    def _live(self) -> list[Fault]:
        now = self._clock.simulated_now()
        return [f for f in self._faults if f.until > now]

    def _load(self, text: str) -> None:
        try:
            kept = json.loads(text)
            # A clock that was set back must not make a fault last longer than it was asked for.
            away = max(0.0, self._epoch() - kept["saved"]) * self._clock.speed
            now = self._clock.simulated_now()
            self._faults = [
                Fault(str(f["site"]), str(f["kind"]), str(f["value"]), now + float(f["seconds_left"]) - away)
                for f in kept["faults"]
                if f["kind"] in KINDS
            ]
        except (ValueError, TypeError, KeyError) as error:
            self.damaged = f"{self._path.name} is damaged ({error!r}): no fault is in force"

    def _keep(self, faults: list[Fault]) -> None:
        """Seconds left are saved, not the end: the clock starts anew with each process."""
        now = self._clock.simulated_now()
        entries = [{"site": f.site, "kind": f.kind, "value": f.value, "seconds_left": f.until - now} for f in faults]
        new = self._path.with_suffix(".new")
        try:
            new.write_text(json.dumps({"saved": self._epoch(), "faults": entries}))
            new.replace(self._path)
        except OSError as error:
            raise Unavailable(
                f"the faults in force cannot be written to {self._path}: {error.strerror}",
                hint="free some disk space, then repeat the command: nothing was changed",
            ) from error
        self._faults = faults
        for listener in self._listeners:
            listener()
