"""What a drill and an experiment do alike: a name, an end, and a line in the journal before each change."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from failover.drill.actions import apply_change
from failover.drill.context import DrillContext
from failover.drill.journal import Journal, name_folder
from failover.drill.plan import DrillPlan
from failover.levers.change import Change

EXPIRY_MARGIN_SECONDS = 300.0  # real time, on top of the longest that a drill may take


def name_drill(now: datetime) -> str:
    """A name that no other drill has: when it began, and chance."""
    return f"{name_folder(now)}-{secrets.token_hex(4)}"


def expire(plan: DrillPlan, now: datetime) -> datetime:
    """When whatever begins now has to be over: from then on anybody may undo it."""
    return now + timedelta(seconds=plan.limits.max_duration_seconds / plan.speed + EXPIRY_MARGIN_SECONDS)


def make_change(context: DrillContext, journal: Journal, change: Change) -> None:
    """The change is on disk before it is made: whatever happens next, it can be found and undone."""
    journal.write_durably("change", **change.to_entry())
    apply_change(context.route53, change, context.levers)
    journal.write_durably("changed", change=change.name)
