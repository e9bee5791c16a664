"""When a running drill has to give up: looked at with every tick, from the change until its undo."""

from __future__ import annotations

from dataclasses import dataclass

from failover.drill.actions import is_in_force
from failover.drill.context import DrillContext
from failover.drill.discover import is_thrown, read_checks, read_observations
from failover.drill.observers import Watch
from failover.drill.plan import DrillPlan
from failover.drill.route53 import translate_errors
from failover.drill.samples import SITE
from failover.levers.change import Change
from service.errors import Deviated

POLL_SECONDS, POLL_FLOOR_SECONDS = 10.0, 2.0  # Route 53's API allows an account 5 calls a second
FEWEST_FAILURES = 3  # a share of few requests says nothing


class Stop:
    """Asked for by a signal: the drill sees it at its next tick, undoes and ends."""

    def __init__(self) -> None:
        self.reason = ""
        self.signal = 0
        self.requests = 0

    def request(self, reason: str, signal: int = 0) -> None:
        """Ask the drill to end. Asking again changes nothing: an undo under way is never cut short."""
        self.reason, self.signal = self.reason or reason, self.signal or signal
        self.requests += 1


@dataclass
class AbortConditions:
    """Raises `Deviated`, with the reason, as soon as a drill that holds a site away must end."""

    plan: DrillPlan
    context: DrillContext
    watch: Watch
    drill_id: str
    loss: Change
    began: float
    changed: float
    polled: float

    def check(self) -> None:
        """Every condition, the cheap ones first."""
        self._check_duration()
        self._check_answers()
        if self._must_be_served():
            self._check_clients()
        clock = self.context.clock
        if clock.wall_now() - self.polled >= max(POLL_FLOOR_SECONDS, POLL_SECONDS / self.plan.speed):
            self.polled = clock.wall_now()
            self._check_route53()

    def _check_duration(self) -> None:
        longest = self.plan.limits.max_duration_seconds
        if (self.context.clock.wall_now() - self.began) * self.plan.speed > longest:
            raise Deviated(f"took longer than {longest:g} s (simulated; --max-duration)")

    def _must_be_served(self) -> bool:
        """Whether clients may count on answers: while a site is really away, not before traffic should have left it."""
        passed = (self.context.clock.wall_now() - self.changed) * self.plan.speed
        return not self.plan.breaks_requests or passed > self.plan.failover.worst_seconds

    def _check_answers(self) -> None:
        for name, tally in self.watch.tallies(SITE).items():
            if name == SITE + self.plan.lose or tally.failing < self.plan.limits.survivor_failures or not tally.last:
                continue
            site, why = name.removeprefix(SITE), tally.last.error or tally.last.wrong
            raise Deviated(f"{site} failed {tally.failing} times in a row, asked directly: {why}")

    def _check_clients(self) -> None:
        failed, asked = self.watch.client_failures()
        if failed >= FEWEST_FAILURES and failed > self.plan.limits.error_budget * asked:
            raise Deviated(f"{failed} of the clients' last {asked} requests failed or were wrong")

    def check_survivors(self) -> None:
        """Does Route 53 still name every survivor? One that leaves as well leaves its share to the others, or to none.

        A drain does not show in what the checkers report: it switches the check, or throws a switch beside it.
        """
        survivors = [site for site in self.plan.sites if site.name != self.plan.lose]
        with translate_errors("read the survivors' health checks"):
            checks = read_checks(self.context.route53, [site.check_id for site in survivors])
            for site in survivors:
                if checks[site.check_id].inverted or is_thrown(self.context.route53, site.switches):
                    raise Deviated(f"{site.name} was drained during the drill: {self.plan.lose} is needed")
                if not read_observations(self.context.route53, site.check_id).healthy:
                    raise Deviated(f"{site.name} became unhealthy to Route 53: traffic may go back to {self.plan.lose}")

    def _check_route53(self) -> None:
        """Do the survivors still look healthy to Route 53, and is the site still away as the drill left it?"""
        self.check_survivors()
        check_id = self.loss.check_id
        with translate_errors("read the switched health check"):
            check = read_checks(self.context.route53, [check_id])[check_id]
        if check.drill_id != self.drill_id or not is_in_force(check, self.loss, self.context.levers):
            what = self.loss.target or "the health check"
            raise Deviated(f"somebody else changed {what} during the drill")
