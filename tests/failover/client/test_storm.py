"""Three sites at three times their load, simulated: callers that retry push them over, ours do not."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass

import pytest

from failover.client.calls import Attempt, Balancer, Call, Site
from failover.client.errors import Failed
from failover.client.policy import Policy
from tests.failover.client.fakes import Clock

SITES = tuple(Site(name, "api.outlast.example", (f"192.0.2.{n}",)) for n, name in enumerate(("aws", "azure", "gcp")))
CAPACITY = 50.0  # answers a second and site
REFUSAL = 0.15  # what it costs to turn a request away, in answers
PATIENCE = 0.2  # seconds of work that may wait
SECONDS = 20


@dataclass
class Busy:
    """A site that works one request after the other, and turns away what would wait too long. That takes work too."""

    free_at: float = 0.0
    answered: int = 0
    asked: int = 0

    def take(self, now: float) -> tuple[float, bool]:
        """When the answer is there, and whether it is one."""
        self.asked += 1
        begin = max(now, self.free_at)
        right = begin - now <= PATIENCE
        self.free_at = begin + (1.0 if right else REFUSAL) / CAPACITY
        self.answered += right
        return self.free_at, right


@dataclass
class Outcome:
    calls: int
    answered: int
    attempts: int


def simulate(policy: Policy, load: float, *, broken: str = "", clients: int = 9, seed: int = 7) -> Outcome:
    """`load` times what all sites can answer comes from `clients` clients; the calls begin at random moments."""
    chance, clock, order = random.Random(seed), Clock(), itertools.count()
    clock.seconds = 0.0
    sites = {site.name: Busy() for site in SITES}
    balancers = [Balancer(policy, clock, random.Random(chance.random())) for _ in range(clients)]
    first = [SITES[n % 3 :] + SITES[: n % 3] for n in range(clients)]
    events: list[tuple[float, int, int, Call | None, Attempt | None, bool]] = []
    calls = int(load * CAPACITY * len(SITES) * SECONDS)
    for _ in range(calls):
        heapq.heappush(events, (chance.random() * SECONDS, next(order), chance.randrange(clients), None, None, False))
    answered = 0
    while events:
        clock.seconds, _, client, call, attempt, right = heapq.heappop(events)
        if call is None:
            call = Call(balancers[client], lambda c=client: first[c], True, clock() + policy.deadline_seconds)
        elif attempt is not None:
            if right:
                call.answered(attempt)
                answered += 1
                continue
            call.failed(attempt, Failed("status 503"))
        if (attempt := call.next()) is not None:
            when, right = sites[attempt.site.name].take(clock() + attempt.pause_seconds)
            right = right and attempt.site.name != broken
            limit = clock() + attempt.pause_seconds + attempt.seconds
            heapq.heappush(events, (min(when, limit), next(order), client, call, attempt, right and when <= limit))
    return Outcome(calls, answered, sum(site.asked for site in sites.values()))


BARE = Policy(most_attempts=1, circuit_failures=1_000_000, circuit_window=1_000_001)
NAIVE = Policy(retry_share=3.0, retry_reserve=1e9, circuit_failures=1_000_000, circuit_window=1_000_001)


@pytest.fixture(scope="module")
def bare() -> Outcome:
    return simulate(BARE, 3.0)


def test_callers_that_retry_without_a_budget_push_the_sites_over(bare: Outcome) -> None:
    naive = simulate(NAIVE, 3.0)
    assert naive.attempts > 2 * bare.attempts
    assert naive.answered < 0.7 * bare.answered


def test_at_three_times_their_load_the_sites_are_asked_hardly_more_than_by_bare_clients(bare: Outcome) -> None:
    ours = simulate(Policy(), 3.0)
    reserves = 9 * Policy().retry_reserve
    assert ours.attempts <= 1.1 * ours.calls + reserves
    assert ours.answered >= 0.9 * bare.answered


def test_below_their_load_every_call_is_answered_although_a_site_is_broken() -> None:
    ours = simulate(Policy(), 0.4, broken="azure")
    assert ours.calls > 1000
    assert ours.answered >= 0.999 * ours.calls
    assert simulate(BARE, 0.4, broken="azure").answered < 0.75 * ours.calls
