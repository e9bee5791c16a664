"""A drill, from an approved plan to its journal: init, steady, fail, moved, restore, back, steady.

Whatever happens after the first change, an error, a deviation, Ctrl-C or SIGTERM, the changes are undone in `finally`;
`kill -9` leaves a journal from which `restore` undoes them, and tags by which `sweep` does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from failover.drill.aborts import AbortConditions, Stop
from failover.drill.by_hand import type_by_hand
from failover.drill.changes import SWITCH_OFF, describe_change, plan_lock, plan_mark
from failover.drill.context import DrillContext
from failover.drill.died import LostSite, hold_back
from failover.drill.discover import read_checks
from failover.drill.facts import Facts
from failover.drill.guards import check_guards, refuse
from failover.drill.heartbeat import Heartbeat, end_of_lock
from failover.drill.journal import LINES, Journal, find_pending, new_folder, read_journal
from failover.drill.lock import hold_lock
from failover.drill.making import expire, make_change, name_drill
from failover.drill.observers import Recorder, Watch, open_watch
from failover.drill.plan import DrillPlan
from failover.drill.preflight import preflight
from failover.drill.restore import keep_trying
from failover.drill.route53 import translate_errors
from failover.drill.samples import AUTHORITY, CLIENT
from failover.drill.scaling import watch_scaling
from failover.drill.streaks import STREAK, count_answers_needed
from failover.drill.waits import describe_waits
from failover.levers.change import Change, sign
from service.errors import Deviated, OutlastError, Refused

SLACK_SECONDS = 60.0  # simulated, beyond what was predicted, before a wait gives up
WAIT_FLOOR_SECONDS = 10.0  # real time: sockets and threads do not get faster with a simulated clock
TICK_SECONDS = 0.05
LONGEST_FLAG_SECONDS = 3500.0  # real time: the service passes over a flag that ends in more than an hour

Say = Callable[[str], None]


@dataclass(frozen=True)
class Probes:
    """How a drill looks at the world: once, and all the time."""

    preflight: Callable[..., Facts] = preflight
    watch: Callable[[DrillContext, DrillPlan, Facts, Recorder], Watch] = open_watch


def run_drill(plan: DrillPlan, context: DrillContext, *, say: Say, stop: Stop, probes: Probes | None = None) -> Path:
    """Run an approved plan and return its sealed journal.

    An abort is no exception: it stands in the journal, and so in the report.

    Raises:
        Refused: a guard said no, or another drill runs; nothing was begun.
        Unavailable: Route 53 or DNS does not answer; nothing was begun, or the hint says how to undo it.
        Deviated: somebody else changed the health check, so that it was not undone.
    """
    probes = probes or Probes()
    with hold_lock(context.drills):
        facts = probes.preflight(context, plan)
        refuse(check_guards(facts), f"the drill of {plan.lose} is refused")
        with Journal(new_folder(context.drills, context.clock.utc()) / LINES, context.clock) as journal:
            _Drill(plan, context, journal, facts, probes, say, stop).run()
            return journal.finish()


class _Drill:
    """One run; each step is a method, and `run` reads as the seven of them."""

    def __init__(
        self,
        plan: DrillPlan,
        context: DrillContext,
        journal: Journal,
        facts: Facts,
        probes: Probes,
        say: Say,
        stop: Stop,
    ) -> None:
        self.id = name_drill(context.clock.utc())
        self._plan = plan
        self._context = context
        self._journal = journal
        self._facts = facts
        self._probes = probes
        self._say = say
        self._stop = stop
        self._watch = probes.watch(context, plan, facts, journal)
        self._began = context.clock.wall_now()
        self._abort_conditions: AbortConditions | None = None
        self._heartbeat: Heartbeat | None = None
        self._undo_at = 0.0
        self._expires_at = expire(plan, context.clock.utc())
        longest_flag = context.clock.utc() + timedelta(seconds=LONGEST_FLAG_SECONDS)
        self._loss = sign(plan.change, self.id, min(self._expires_at, longest_flag))

    def run(self) -> None:
        self._init()
        try:
            with self._hold_lock(), self._watch, watch_scaling(self._context, self._facts, self._journal):
                try:
                    self._steady()
                    self._fail()
                    self._moved()
                finally:
                    self._restore()
                self._back()
                self._steady_again()
        except OutlastError as error:
            self._note_abort(error)
        finally:
            self._undo_all()
        self._journal.note("end")

    # -- the seven steps ---------------------------------------------------------------------------------------------

    def _init(self) -> None:
        self._journal.write_durably(
            "init",
            drill_id=self.id,
            plan=self._plan.to_data(),
            observers=self._watch.beats,
            approved_by=self._context.approved_by,
            run_by=self._context.run_by,
            digests=self._facts.digests,
            findings=[str(finding) for finding in check_guards(self._facts)],
        )
        self._step("init", f"drill {self.id}: lose {self._plan.lose} of {self._plan.host}")

    def _hold_lock(self) -> AbstractContextManager[object]:
        """Nobody on another machine drills meanwhile, where the plan names a lock."""
        if self._plan.lock:
            utc = self._context.clock.utc
            lock = sign(plan_lock(self._facts.lost.check, self._plan.lock), self.id, end_of_lock(utc()))
            self._apply(lock)
            self._heartbeat = Heartbeat(self._context.levers, lock, utc)
        return self._heartbeat or nullcontext()

    def _steady(self) -> None:
        self._step("steady", "waiting until every observer gets right answers")
        self._wait(self._all_right, SLACK_SECONDS, "every observer to get right answers")

    def _fail(self) -> None:
        plan, context = self._plan, self._context
        # The world may have changed since the first look: the guards judge it again, right before acting.
        self._facts = self._probes.preflight(context, plan, own_drill=self.id)
        refuse(check_guards(self._facts), f"the drill of {plan.lose} is refused at the last moment")
        self._apply(plan_mark(self._facts.lost.check, self.id, self._expires_at, self._loss))
        self._claim()
        if not self._watch.prime(plan.origins[plan.lose]):
            raise Deviated(f"DNS never names {plan.lose}, though its record has weight")
        self._step("fail", describe_change(self._loss))
        now = context.clock.wall_now()
        self._abort_conditions = AbortConditions(
            plan, context, self._watch, self.id, self._loss, self._began, changed=now, polled=now
        )
        self._abort_conditions.check_survivors()
        self._apply(self._loss)

    def _moved(self) -> None:
        self._step("moved", f"waiting until nobody is sent to {self._plan.lose}")
        expected = self._plan.failover.worst_seconds
        self._wait(self._has_moved, expected + SLACK_SECONDS, f"traffic to leave {self._plan.lose}")
        self._let_others_leave()

    def _let_others_leave(self) -> None:
        """The drill's own clients honour the TTL: the site stays away until those have left that hold on for longer."""
        waits = self._plan.waits
        for line in describe_waits(waits):
            self._say(f"moved: {line}")
        until = self._journal.elapsed() + waits.seconds / self._plan.speed
        self._wait(lambda: self._journal.elapsed() >= until, waits.seconds + SLACK_SECONDS, "other clients to leave")

    def _restore(self) -> None:
        if self._abort_conditions:
            self._step("restore", "undoing")
            self._abort_conditions = None
            if self._loss.action == SWITCH_OFF:  # by any other loss it is the drill itself that broke the site
                lost = LostSite(self._plan.lose, self._watch, self._plan.limits.survivor_failures)
                hold_back(lost, self._journal, self._context.clock, self._stop, self._say, until=self._expires_at)
        self._undo_at = self._journal.elapsed()
        self._undo(lambda change: change.takes_site)

    def _back(self) -> None:
        lost = self._plan.lose
        self._step("back", f"waiting until {lost} is answered and serves again")
        expected = self._plan.failback.worst_seconds + SLACK_SECONDS
        self._wait(lambda: self._first_return(AUTHORITY) is not None, expected, f"DNS to name {lost} again")
        # A client that asks anew, so that the first request back does not wait for chance and other clients' caches.
        self._watch.send_anew(self._plan.origins[lost])
        self._wait(lambda: self._first_return(CLIENT) is not None, expected, f"{lost} to serve a client again")
        self._wait(self._have_asked_anew, expected, "every client to ask DNS anew")

    def _steady_again(self) -> None:
        self._step("steady again", "looking at everything as before the drill")
        self._wait(self._is_steady, SLACK_SECONDS, "the steady state to hold again", pause=10 * TICK_SECONDS)

    # -- conditions --------------------------------------------------------------------------------------------------

    def _all_right(self) -> bool:
        return all(tally.right >= STREAK for tally in self._watch.tallies().values())

    def _has_moved(self) -> bool:
        share = next(site.share for site in self._plan.sites if site.name == self._plan.lose)
        enough = {AUTHORITY: count_answers_needed(share), CLIENT: STREAK}
        return all(
            tally.elsewhere >= needed for kind, needed in enough.items() for tally in self._watch.tallies(kind).values()
        )

    def _first_return(self, prefix: str) -> float | None:
        return self._watch.first_at_lost(prefix, after=self._undo_at)

    def _have_asked_anew(self) -> bool:
        """Whether every client's answer is from after the moment at which DNS had the site again."""
        answered = self._first_return(AUTHORITY)
        return answered is not None and all(t.renewed_at >= answered for t in self._watch.tallies(CLIENT).values())

    def _is_steady(self) -> bool:
        if not self._all_right():
            return False
        facts = self._probes.preflight(self._context, self._plan, own_drill=self.id)
        problems = {site.name: facts.find_problem(site.name) for site in facts.sites}
        switched = [site.name for site in facts.sites if site.check.disabled or site.check.inverted]
        self._journal.write("steady", problems=problems, switched=switched, digests=facts.digests)
        return not any(problems.values()) and not switched

    # -- changes -----------------------------------------------------------------------------------------------------

    def _apply(self, change: Change) -> None:
        make_change(self._context, self._journal, change)

    def _claim(self) -> None:
        """Two drills may have looked at the same moment: whoever now sees the other's mark steps back."""
        with translate_errors("read the drills' tags"):
            checks = read_checks(self._context.route53, [site.check_id for site in self._plan.sites])
        others = sorted({check.drill_id for check in checks.values() if check.drill_id} - {self.id})
        if others:
            what = f"another drill began at the same moment: {', '.join(others)}"
            raise Refused(what, hint="repeat this one when that is over: `outlast status --host HOST` tells of it")

    def _undo(self, which: Callable[[Change], bool]) -> None:
        """Undo what the journal says is pending, and go on trying while Route 53 does not answer."""
        for change in filter(which, find_pending(read_journal(self._journal.path)).changes):
            self._journal.note("undo", change=change.name)
            found = keep_trying(self._context, change, self.id, self._say)
            self._journal.note("undone", change=change.name, found=found)
            self._say(f"{change.name}: {found}")

    def _undo_all(self) -> None:
        try:
            self._undo(lambda _: True)
        except OutlastError as error:
            for change in find_pending(read_journal(self._journal.path)).changes:
                for command in type_by_hand(change):
                    self._say(f"{change.name} is still in force; to undo it by hand: {command}")
            error.hint = f"outlast drill restore --journal {self._journal.path.parent}; {error.hint}"
            raise

    # -- waiting -----------------------------------------------------------------------------------------------------

    def _wait(self, condition: Callable[[], bool], max_seconds: float, what: str, pause: float = TICK_SECONDS) -> None:
        """Poll until the condition holds, for simulated seconds; every tick looks for a reason to abort."""
        clock = self._context.clock
        deadline = clock.wall_now() + max(max_seconds / self._plan.speed, WAIT_FLOOR_SECONDS)
        while not condition():
            if self._stop.reason:
                raise Deviated(f"aborted by {self._stop.reason}")
            if trouble := self._journal.trouble or (self._heartbeat.lost if self._heartbeat else ""):
                raise Deviated(trouble)
            if self._abort_conditions:
                self._abort_conditions.check()
            if clock.wall_now() > deadline:
                raise Deviated(f"timed out after {max_seconds:g} s (simulated) waiting for {what}: {self._complaint()}")
            clock.sleep(pause)

    def _complaint(self) -> str:
        """What the observers that do not get right answers say."""
        latest = {name: tally.last for name, tally in self._watch.tallies().items()}
        bad = [f"{name}: {last.error or last.wrong}" for name, last in latest.items() if last and not last.right]
        return "; ".join(bad) or "yet every observer gets right answers"

    def _step(self, name: str, text: str) -> None:
        self._journal.write("step", name=name)
        self._say(f"{name}: {text}")

    def _note_abort(self, error: OutlastError) -> None:
        refused = isinstance(error, Refused)
        self._journal.note("abort", why=error.what, refused=refused, signal=self._stop.signal)
        self._say(error.what if self._stop.reason else f"aborted: {error.what}")
