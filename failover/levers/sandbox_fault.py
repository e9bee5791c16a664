"""Level 4, only in the sandbox: whatever `outlast fault` can break, by the sandbox's control interface.

The target is the site's name and a kind, "aws blackhole", or the kind alone for what is no site's. It ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from failover.levers.change import State
from failover.levers.clouds import Clouds, ask_for
from failover.levers.lever import StateLever

NONE: State = {"fault": ""}


class SandboxFaultLever(StateLever):
    """Injects a fault, and heals exactly that."""

    subject = "the sandbox's fault"
    by_hand = "outlast heal"

    def __init__(self, clouds: Clouds, now: Callable[[], datetime], speed: int, pause: Callable[[float], None]) -> None:
        super().__init__(pause)
        self._clouds = clouds
        self._now = now
        self._speed = speed

    def read(self, target: str) -> tuple[State, str]:
        """The fault of that kind at that site, as it is written at the command line."""
        site, kind = _split(target)
        with self._clouds.sandbox() as control:
            active = ask_for(control, "GET", "/faults", "look at the sandbox's faults")["faults"]
        name = kind.partition("=")[0]
        found = next((f for f in active if (f["site"], f["kind"]) == (site, name)), None)
        return {"fault": _spell(found) if found else ""}, ""

    def write(self, target: str, state: State, version: str) -> None:
        """Inject it until the drill's expiry, which is real time: the sandbox's clock runs faster."""
        site, kind = _split(target)
        with self._clouds.sandbox() as control:
            if not state["fault"]:
                ask_for(control, "POST", "/heal", "heal", json={"site": site, "kind": kind.partition("=")[0]})
                return
            left = datetime.fromisoformat(str(state["expires_at"])) - self._now()
            body = {"site": site, "kind": kind, "seconds": max(1.0, left.total_seconds() * self._speed)}
            ask_for(control, "POST", "/fault", f"inject {target}", json=body)


def _split(target: str) -> tuple[str, str]:
    site, _, kind = target.rpartition(" ")
    return site, kind


def _spell(fault: dict[str, str]) -> str:
    return f"{fault['kind']}={fault['value']}" if fault["value"] else fault["kind"]
