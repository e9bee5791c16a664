"""What can be broken in the sandbox on request. Each fault ends by itself and is listed until then."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from failover.errors import InvalidInput, Mistake
from failover.testing.clock import Clock

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
    "dark": ("", "the whole cloud is gone, its API with it"),
    "control-plane": ("", "Route 53 answers DNS and refuses changes"),
    "blind": ("region", "the health checkers of one region reach nothing"),
}
# Faults of the one DNS provider, not of a site.
WITHOUT_SITE = frozenset({"control-plane", "blind"})


@dataclass(frozen=True)
class Fault:
    """One thing that is broken: where, what, how much, and when (life-seconds of the clock) it ends."""

    site: str
    kind: str
    value: str
    until: float

    @property
    def number(self) -> float:
        return float(self.value)


def parse_fault(site: str, kind: str, seconds: float, now: float, sites: Sequence[str]) -> Fault:
    """A fault from `delay=200`-like words. Raises InvalidInput with every mistake at once."""
    name, _, value = kind.partition("=")
    mistakes = []
    if name not in KINDS:
        mistakes.append(Mistake("KIND", f"{name!r} is not a fault", f"one of: {', '.join(KINDS)}"))
    else:
        mistakes += _value_mistakes(name, value)
        if name in WITHOUT_SITE and site:
            mistakes.append(Mistake("SITE", f"{name} is a fault of the DNS provider, not of a site", "leave SITE out"))
        elif name not in WITHOUT_SITE and site not in sites:
            known = ", ".join(sites) or "none is up"
            mistakes.append(Mistake("SITE", f"{site!r} is not a site of this sandbox", f"one of: {known}"))
    if not 0 < seconds <= 86400:
        mistakes.append(Mistake("FOR", f"{seconds:g} seconds is not a duration of a fault", "from 1 to 86400 seconds"))
    if mistakes:
        raise InvalidInput("this fault cannot be injected", mistakes)
    return Fault(site, name, value, now + seconds)


def _value_mistakes(name: str, value: str) -> list[Mistake]:
    takes, _ = KINDS[name]
    if not takes and value:
        return [Mistake("KIND", f"{name} takes no value", f"write KIND={name}")]
    if takes and not value and name != "kill":
        return [Mistake("KIND", f"{name} needs {takes}", f"write KIND={name}=<{takes}>")]
    if not value or takes == "region":
        return []
    limits = {"milliseconds": (0.0, 60_000.0), "ratio": (0.0, 1.0), "replicas": (1.0, 100.0)}[takes]
    try:
        number = float(value)
    except ValueError:
        return [Mistake("KIND", f"{value!r} is not a number of {takes}", f"write KIND={name}=<{takes}>")]
    if not limits[0] <= number <= limits[1] or (takes == "replicas" and number != int(number)):
        return [Mistake("KIND", f"{value} {takes} is out of range", f"from {limits[0]:g} to {limits[1]:g}")]
    return []


class Faults:
    """The faults in force. Thread-safe; kept in a file, so that a restart does not heal anything by accident."""

    def __init__(self, clock: Clock, path: Path) -> None:
        self._clock = clock
        self._path = path
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        if path.exists():
            remaining = [Fault(**entry) for entry in json.loads(path.read_text())]
            self._faults = [Fault(f.site, f.kind, f.value, clock.now() + f.until) for f in remaining]

    def inject(self, fault: Fault) -> None:
        """Put a fault in force; one of the same kind at the same site is replaced."""
        with self._lock:
            self._faults = [f for f in self._live() if (f.site, f.kind) != (fault.site, fault.kind)] + [fault]
            self._save()

    def heal(self, site: str | None = None) -> list[Fault]:
        """End the faults of one site, or all. Returns those ended."""
        with self._lock:
            ended = [f for f in self._live() if site in (None, f.site)]
            self._faults = [f for f in self._live() if f not in ended]
            self._save()
            return ended

    def active(self) -> list[Fault]:
        with self._lock:
            return self._live()

    def at(self, site: str, kind: str) -> Fault | None:
        """The fault of that kind at that site now, if any; a dark cloud has every fault of silence."""
        return next((f for f in self.active() if f.site == site and f.kind == kind), None)

    def describe(self) -> list[dict[str, Any]]:
        """For `status`: site, kind, value, what it does, and the life-seconds left."""
        now = self._clock.now()
        return [
            {"site": f.site, "kind": f.kind, "value": f.value, "does": KINDS[f.kind][1], "seconds_left": f.until - now}
            for f in self.active()
        ]

    def _live(self) -> list[Fault]:
        now = self._clock.now()
        return [f for f in self._faults if f.until > now]

    def _save(self) -> None:
        """Seconds left are saved, not the end: the clock starts anew with each process."""
        now = self._clock.now()
        entries = [{**asdict(f), "until": f.until - now} for f in self._live()]
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(entries))
        new.replace(self._path)
