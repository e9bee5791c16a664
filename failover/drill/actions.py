"""What a drill changes: every action is declared with its undo. Those of Route 53 are here, the rest are levers.

Level 1: the site's health check is disabled *and* inverted, which Route 53 counts as unhealthy
whatever the endpoint does (`Disabled` alone counts as healthy; `Inverted` alone would send traffic to a site that
really dies meanwhile). It works for a site on any cloud and breaks no request: whoever still holds the old answer is
served.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from failover.drill.discover import read_checks
from failover.drill.fleet import TAG_DRAINED_BY, TAG_EXPIRES, TAG_ID, TAG_UNDO, HealthCheck
from failover.drill.route53 import STALE, error_code, translate_errors
from failover.levers.change import LOCK, MARK, SWITCH_OFF, Change, State, render_state
from failover.levers.lever import UNDO_TRIES, Lever, matches
from service.errors import Deviated, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

Levers = Mapping[str, Lever]
NO_LEVERS: Levers = {}


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
            ResourceType="healthcheck", ResourceId=change.check_id, RemoveTagKeys=[TAG_ID, TAG_EXPIRES, TAG_UNDO]
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
            if TAG_DRAINED_BY in check.tags:  # once the drill had expired: that ends by `undrain` alone
                return f"left alone: drained by {check.tags[TAG_DRAINED_BY]}"
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


def apply_change(route53: Route53Client, change: Change, levers: Levers = NO_LEVERS) -> None:
    """Make a change; `Refused` when its target is no longer as the plan saw it."""
    if change.action in ACTIONS:
        ACTIONS[change.action].apply(route53, change)
    else:
        _find_lever(levers, change).apply(change)


def undo_change(route53: Route53Client, change: Change, drill_id: str, levers: Levers = NO_LEVERS) -> str:
    """Take a change back, as often as you like; answers what was found. `Deviated`: the state is somebody else's."""
    if change.action in ACTIONS:
        return ACTIONS[change.action].undo(route53, change, drill_id)
    lever = _find_lever(levers, change)
    owner = _find_owner(route53, change) if change.action != LOCK else None
    if owner not in (None, drill_id):
        return f"left alone: drill {owner} holds it now"
    return lever.undo(change)


def is_in_force(check: HealthCheck, change: Change, levers: Levers = NO_LEVERS) -> bool:
    """Whether what a drill changed is still so; `check` is the site's health check of this moment."""
    if change.action == SWITCH_OFF:
        return {"Disabled": check.disabled, "Inverted": check.inverted} == dict(change.after)
    return matches(_find_lever(levers, change).look(change.target), change.after)


def look_before(action: str, target: str, check: HealthCheck, levers: Levers) -> State:
    """What is there now of that which an action would change."""
    if action == SWITCH_OFF:
        return {"Disabled": check.disabled, "Inverted": check.inverted}
    return levers[action].look(target)


def _find_lever(levers: Levers, change: Change) -> Lever:
    if change.action in levers:
        return levers[change.action]
    raise Unavailable(f"{change.name} is of no lever that is known here", hint="use the release that ran the drill")


def _find_owner(route53: Route53Client, change: Change) -> str | None:
    """The drill that holds the site now. Where Route 53 does not say, a site comes back rather than stays away."""
    try:
        with translate_errors(f"read the tags of health check {change.check_id}"):
            return _read_check(route53, change.check_id).drill_id
    except Unavailable:
        return None
