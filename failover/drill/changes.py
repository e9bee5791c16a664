"""One change at Route 53 as plain data, from which it can be made and undone: for plans and journals. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from failover.drill.fleet import TAG_EXPIRES, TAG_ID, HealthCheck

MARK, SWITCH_OFF = "mark", "switch-off"


@dataclass(frozen=True)
class Change:
    """One change to one health check: `version` is the HealthCheckVersion on which it is based."""

    action: str
    check_id: str
    version: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the journal calls it; a drill makes each of its changes once."""
        return f"{self.action}:{self.check_id}"

    def to_entry(self) -> dict[str, Any]:
        """The fields of a journal entry from which `from_entry` makes the same change again."""
        return {"change": self.name, **asdict(self)}

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """The change that a journal entry tells of."""
        return cls(entry["action"], entry["check_id"], int(entry["version"]), entry["before"], entry["after"])


def plan_mark(check: HealthCheck, drill_id: str, expires_at: datetime) -> Change:
    """Tag the health check with the drill that holds it: others keep off, and a sweep finds it once it expired."""
    after = {TAG_ID: drill_id, TAG_EXPIRES: expires_at.isoformat(timespec="seconds")}
    return Change(MARK, check.id, check.version, before={}, after=after)


def plan_switch_off(check: HealthCheck) -> Change:
    """Make Route 53 count the site as unhealthy."""
    before = {"Disabled": check.disabled, "Inverted": check.inverted}
    return Change(SWITCH_OFF, check.id, check.version, before, after={"Disabled": True, "Inverted": True})


def describe_change(change: Change) -> str:
    """One line for a person."""
    if change.action == MARK:
        return f"tag health check {change.check_id}: {render_state(change.after)}"
    return f"health check {change.check_id}: {render_state(change.before)} -> {render_state(change.after)}"


def render_state(state: Mapping[str, Any]) -> str:
    """Key=value, in order."""
    return ", ".join(f"{key}={value}" for key, value in state.items())
