"""Undoing what a drill left: from its journal alone, or from the tags on the health checks once they have expired."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from failover.drill.actions import NO_LEVERS, Levers, undo_change
from failover.drill.chain import Damage
from failover.drill.clock import WallClock
from failover.drill.context import DrillContext
from failover.drill.discover import read_all_checks
from failover.drill.fleet import TAG_UNDO, TAG_WORKLOAD, HealthCheck
from failover.drill.journal import LINES, Journal, find_pending, read_journal, seal_journal, verify_journal
from failover.drill.lock import LOCK, hold_lock
from failover.levers.change import MARK, SWITCH_OFF, Change, unpack
from failover.levers.levels import HARD, Way
from service.errors import Deviated, InvalidInput, OutlastError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

UNDO_PATIENCE_SECONDS, UNDO_PAUSE_SECONDS = 120.0, 2.0  # real time


@dataclass(frozen=True)
class Undone:
    """One change that was looked at, and what was found."""

    drill_id: str
    change: str
    found: str


def restore_all(
    paths: Sequence[Path], route53: Route53Client, clock: WallClock, levers: Levers = NO_LEVERS
) -> tuple[list[Undone], list[OutlastError]]:
    """Restore every journal, whatever is wrong with one of them: what was undone, and what went wrong."""
    undone: list[Undone] = []
    failed: list[OutlastError] = []
    for path in paths:
        try:
            undone += restore_journal(path, route53, clock, levers)
        except OutlastError as error:
            failed.append(error)
    return undone, failed


def restore_journal(path: Path, route53: Route53Client, clock: WallClock, levers: Levers = NO_LEVERS) -> list[Undone]:
    """Undo every change that this journal says is pending, last first, and seal it. Doing it again changes nothing.

    Raises:
        Refused: the drill still runs.
        Deviated: somebody else changed the health check since; it is left alone, and so is the journal. Or the journal
            is damaged: what its other entries say is undone.
    """
    with _drill_is_dead(path):
        damages = verify_journal(path).damages
        pending = find_pending(read_journal(path))
        undone = []
        if pending.changes:
            with Journal(path, clock) as journal:
                for change in pending.changes:
                    journal.note("undo", change=change.name, by="restore")
                    found = undo_change(route53, change, pending.drill_id, levers)
                    journal.note("undone", change=change.name, found=found, by="restore")
                    undone.append(Undone(pending.drill_id, change.name, found))
        if damages:
            raise _damaged(path, damages)
        if path.name == LINES:
            seal_journal(path)
        return undone


def _damaged(path: Path, damages: Sequence[Damage]) -> Deviated:
    told = "; ".join(map(str, damages[:3]))
    return Deviated(
        f"{path} is damaged ({told}): what its other entries say is undone, what these said is not known",
        hint="outlast drill sweep undoes by its tags what an expired drill left; then move the folder away",
    )


def _drill_is_dead(path: Path) -> AbstractContextManager[None]:
    """Holds the lock that a running drill would hold; a journal that was copied elsewhere has none beside it."""
    drills = path.resolve().parent.parent
    return hold_lock(drills) if (drills / LOCK).exists() else nullcontext()


def sweep(
    route53: Route53Client, clock: WallClock, say: Callable[[str], None], levers: Levers = NO_LEVERS
) -> list[Undone]:
    """Undo every drill whose tags say that it has expired, whoever ran it and wherever its journal is.

    Raises:
        Deviated, Unavailable: one of them cannot be undone; all others are.
    """
    undone: list[Undone] = []
    failed: list[OutlastError] = []
    for check in read_all_checks(route53).values():
        if check.drill_id is None:
            continue
        if not check.is_expired(clock.utc()):
            say(f"drill {check.drill_id} holds health check {check.id} until {check.expires_at}: left alone")
            continue
        try:
            undone += sweep_check(route53, check, levers)
        except OutlastError as error:  # its tags stay, so that the next sweep tries again
            failed.append(error)
    if failed:
        for line in (*(f"{each.drill_id}: {each.change}: {each.found}" for each in undone), *map(str, failed[1:])):
            say(line)
        raise failed[0]
    return undone


def sweep_check(route53: Route53Client, check: HealthCheck, levers: Levers = NO_LEVERS) -> list[Undone]:
    """Undo what an expired drill left at one health check, as its tags tell.

    A drill starts only from a check that is neither disabled nor inverted, so that is what is restored, unless somebody
    has drained the site since. After it the real health of the endpoint counts again, which is right even if the site
    has died meanwhile.
    """
    drill_id = str(check.drill_id)
    return [
        Undone(drill_id, change.name, undo_change(route53, change, drill_id, levers)) for change in _changes_of(check)
    ]


def _changes_of(check: HealthCheck) -> list[Change]:
    """What an expired drill may have left at a health check, in the order in which it has to be undone."""
    mark = Change(MARK, check.id, check.version, {}, {})
    if TAG_UNDO in check.tags:
        action, before = unpack(check.tags[TAG_UNDO])
        target = check.tags.get(TAG_WORKLOAD, "")
        try:
            after = Way(HARD, action, target).after(before)
        except KeyError as error:
            what = f"the tag {TAG_UNDO} of health check {check.id} does not say what to undo: {check.tags[TAG_UNDO]!r}"
            hint = "look at the site's workload yourself, then `outlast drill restore` with the drill's journal"
            raise InvalidInput(what, hint=hint) from error
        return [Change(action, check.id, check.version, before, after, target), mark]
    switched = {"Disabled": True, "Inverted": True}
    return [Change(SWITCH_OFF, check.id, check.version, {"Disabled": False, "Inverted": False}, switched), mark]


def keep_trying(context: DrillContext, change: Change, drill_id: str, say: Callable[[str], None]) -> str:
    """Undo, again and again while the API does not answer; raises what it raised last once patience is over."""
    deadline = context.clock.wall_now() + UNDO_PATIENCE_SECONDS
    while True:
        try:
            return undo_change(context.route53, change, drill_id, context.levers)
        except Unavailable as error:
            if context.clock.wall_now() + UNDO_PAUSE_SECONDS > deadline:
                raise
            say(f"{change.name} is not undone yet, trying again: {error.what}")
            context.clock.sleep(UNDO_PAUSE_SECONDS)
