"""The changes that a drill makes at Route 53, planned; and every change in a line for a person. Pure."""

from __future__ import annotations

from datetime import datetime

from failover.drill.fleet import TAG_EXPIRES, TAG_ID, TAG_UNDO, HealthCheck
from failover.levers.change import ENDS_BY_ITSELF, LOCK, MARK, SWITCH_OFF, Change, pack, render_state

__all__ = ["MARK", "SWITCH_OFF", "Change", "describe_change", "plan_lock", "plan_mark", "plan_switch_off"]


def plan_mark(check: HealthCheck, drill_id: str, expires_at: datetime, loss: Change | None = None) -> Change:
    """Tag the health check with the drill that holds it: others keep off, and a sweep finds it once it expired.

    Where the loss is neither a switch of this check nor ends by itself, a tag says how to undo it.
    """
    after = {TAG_ID: drill_id, TAG_EXPIRES: expires_at.isoformat(timespec="seconds")}
    if loss is not None and loss.action not in (SWITCH_OFF, *ENDS_BY_ITSELF):
        after[TAG_UNDO] = pack(loss)
    return Change(MARK, check.id, check.version, before={}, after=after)


def plan_lock(check: HealthCheck, address: str) -> Change:
    """Take the lock that keeps drills of other machines away."""
    nobody = {"mode": "", "id": "", "expires_at": ""}
    return Change(LOCK, check.id, check.version, before=nobody, after={"mode": "drill"}, target=address)


def plan_switch_off(check: HealthCheck) -> Change:
    """Make Route 53 count the site as unhealthy."""
    before = {"Disabled": check.disabled, "Inverted": check.inverted}
    return Change(SWITCH_OFF, check.id, check.version, before, after={"Disabled": True, "Inverted": True})


def describe_change(change: Change) -> str:
    """One line for a person."""
    if change.action == MARK:
        return f"tag health check {change.check_id}: {render_state(change.after)}"
    what = f"{change.action} {change.target}" if change.target else f"health check {change.check_id}"
    return f"{what}: {render_state(change.before)} -> {render_state(change.after)}"
