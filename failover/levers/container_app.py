"""Level 3 on Azure: the Container App is stopped, by Azure Resource Manager. The target is its resource id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from failover.levers.change import State
from failover.levers.clouds import Clouds, ask_for
from failover.levers.lever import StateLever

API_VERSION = "2025-01-01"


class ContainerAppLever(StateLever):
    """Stops the app, and starts it."""

    subject = "Container App"
    by_hand = "az containerapp start --ids {target}"

    def __init__(self, clouds: Clouds, pause: Callable[[float], None]) -> None:
        super().__init__(pause)
        self._clouds = clouds

    def read(self, target: str) -> tuple[State, str]:
        """Whether the app runs: `Progressing` and `Ready` are on the way there."""
        document = self._ask(target, "GET", "", "look at")
        status = str(document.get("properties", {}).get("runningStatus", "Running"))
        return {"running": status != "Stopped"}, ""

    def write(self, target: str, state: State, version: str) -> None:
        """Ask for it: the answer comes before it is done."""
        verb = "start" if state["running"] else "stop"
        self._ask(target, "POST", f"/{verb}", verb)

    def _ask(self, target: str, method: str, verb: str, doing: str) -> dict[str, Any]:
        with self._clouds.azure() as arm:
            what = f"{doing} Container App {target.rpartition('/')[2]}"
            return ask_for(arm, method, f"{target}{verb}", what, params={"api-version": API_VERSION})
