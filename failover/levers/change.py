"""One change as plain data, from which it can be made and undone, by whatever process: for plans and journals. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

State = Mapping[str, Any]
"""What a lever sees of its target: flat, of texts, whole numbers and truth values."""

MARK, SWITCH_OFF = "mark", "switch-off"
LOCK, FLAG, FAULT = "lock", "fault-flag", "sandbox-fault"
ECS, CONTAINER_APP, CLOUD_RUN = "ecs-to-zero", "stop-container-app", "close-cloud-run"
ENDS_BY_ITSELF = (LOCK, FLAG, FAULT)


@dataclass(frozen=True)
class Change:
    """One change to one site.

    `check_id` is the site's health check, and `version` the HealthCheckVersion that the plan saw. `target` is what is
    changed where that is not the health check itself: an address, an ARN, a resource id.
    """

    action: str
    check_id: str
    version: int
    before: State
    after: State
    target: str = ""

    @property
    def name(self) -> str:
        """What the journal calls it; a drill makes each of its changes once."""
        return f"{self.action}:{self.check_id}"

    @property
    def takes_site(self) -> bool:
        """Whether this is what the drill is about, and not only a sign that somebody drills here."""
        return self.action not in (LOCK, MARK)

    def to_entry(self) -> dict[str, Any]:
        """The fields of a journal entry from which `from_entry` makes the same change again."""
        return {"change": self.name, **asdict(self)}

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """The change that a journal entry tells of; one of an older release names no target."""
        version, target = int(entry["version"]), entry.get("target", "")
        return cls(entry["action"], entry["check_id"], version, entry["before"], entry["after"], target)


def sign(change: Change, drill_id: str, expires_at: datetime) -> Change:
    """The change as this drill makes it: what ends by itself says whose it is, and when it ends."""
    if change.action not in ENDS_BY_ITSELF:
        return change
    signed = {"id": drill_id, "expires_at": expires_at.isoformat(timespec="seconds")}
    return replace(change, after={**change.after, **signed})


def pack(change: Change) -> str:
    """What undoes a change, in as few characters as a tag takes: its action and the state before."""
    return " ".join([change.action, *(f"{key}={_pack(value)}" for key, value in change.before.items())])


def unpack(text: str) -> tuple[str, dict[str, Any]]:
    """The action, and the state before, that `pack` wrote."""
    action, *pairs = text.split(" ")
    return action, {key: _unpack(value) for key, _, value in (pair.partition("=") for pair in pairs if pair)}


def _pack(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unpack(text: str) -> str | int | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isascii() and text.isdigit() else text


def render_state(state: State) -> str:
    """Key=value, in order."""
    return ", ".join(f"{key}={value}" for key, value in state.items())
