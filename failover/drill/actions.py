"""What a drill changes at Route 53: every action is declared with its undo.

Level 1, the only one so far: the site's health check is disabled *and* inverted, which Route 53 counts as unhealthy
whatever the endpoint does (`Disabled` alone counts as healthy; `Inverted` alone would send traffic to a site that
really dies meanwhile). It works for a site on any cloud and breaks no request: whoever still holds the old answer is
served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from failover.drill.changes import MARK, SWITCH_OFF, Change, render_state
from failover.drill.discover import read_checks
from failover.drill.fleet import TAG_EXPIRES, TAG_ID, HealthCheck
from failover.drill.route53 import STALE, error_code, translate_errors
from service.errors import Deviated

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

UNDO_TRIES = 5


@dataclass(frozen=True)
class Action:
    """A kind of change: `apply` makes it, `undo` takes it back if it was made and answers what it found."""

    apply: Callable[[Route53Client, Change], None]
    undo: Callable[[Route53Client, Change, str], str]


def _mark(route53: Route53Client, change: Change) -> None:
    with translate_errors(f"tag health check {change.check_id}"):
        route53.change_tags_for_resource(
            ResourceType="healthcheck",
            ResourceId=change.check_id,
            AddTags=[{"Key": key, "Value": value} for key, value in change.after.items()],
        )


def _unmark(route53: Route53Client, change: Change, drill_id: str) -> str:
    with translate_errors(f"untag health check {change.check_id}"):
        owner = _read_check(route53, change.check_id).drill_id
        if owner is None:
            return "the tags were gone already"
        if owner != drill_id:
            return f"left alone: drill {owner} holds it now"
        route53.change_tags_for_resource(
            ResourceType="healthcheck", ResourceId=change.check_id, RemoveTagKeys=[TAG_ID, TAG_EXPIRES]
        )
    return "tags removed"


def _switch_off(route53: Route53Client, change: Change) -> None:
    with translate_errors(f"disable and invert health check {change.check_id}"):
        route53.update_health_check(
            HealthCheckId=change.check_id,
            HealthCheckVersion=change.version,
            Disabled=change.after["Disabled"],
            Inverted=change.after["Inverted"],
        )


def _switch_on(route53: Route53Client, change: Change, drill_id: str) -> str:
    """Put `Disabled` and `Inverted` back, unless the state is somebody else's doing, and verify by reading."""
    wrote = False
    for _ in range(UNDO_TRIES):
        with translate_errors(f"restore health check {change.check_id}"):
            check = _read_check(route53, change.check_id)
            state = {"Disabled": check.disabled, "Inverted": check.inverted}
            if state == dict(change.before):
                return "restored" if wrote else "was as before already"
            if check.drill_id not in (None, drill_id):
                return f"left alone: drill {check.drill_id} holds it now"
            if not _is_ours(check, state, change, drill_id):
                raise Deviated(
                    f"health check {change.check_id} is {render_state(state)} at version {check.version}, which this "
                    f"drill did not leave ({render_state(change.after)}, version {change.version + 1})",
                    hint=f"if nobody wants it so: aws route53 update-health-check --health-check-id {change.check_id} "
                    "--no-disabled --no-inverted",
                )
            try:
                route53.update_health_check(
                    HealthCheckId=change.check_id, HealthCheckVersion=check.version, **change.before
                )
            except ClientError as error:
                if error_code(error) != STALE:
                    raise
            else:
                wrote = True
    raise Deviated(
        f"health check {change.check_id} kept changing: not restored after {UNDO_TRIES} tries",
        hint="find out who else changes it, then: outlast drill restore",
    )


def _is_ours(check: HealthCheck, state: Mapping[str, Any], change: Change, drill_id: str) -> bool:
    """Whether this drill left it so: its tag is there, or nobody wrote since (Route 53 counts every write)."""
    return state == dict(change.after) and (check.drill_id == drill_id or check.version == change.version + 1)


def _read_check(route53: Route53Client, check_id: str) -> HealthCheck:
    return read_checks(route53, [check_id])[check_id]


ACTIONS: Mapping[str, Action] = {
    MARK: Action(_mark, _unmark),
    SWITCH_OFF: Action(_switch_off, _switch_on),
}


def apply_change(route53: Route53Client, change: Change) -> None:
    """Make a change; `Refused` when the health check is no longer at the version on which it is based."""
    ACTIONS[change.action].apply(route53, change)


def undo_change(route53: Route53Client, change: Change, drill_id: str) -> str:
    """Take a change back, as often as you like; answers what was found. `Deviated`: the state is somebody else's."""
    return ACTIONS[change.action].undo(route53, change, drill_id)
