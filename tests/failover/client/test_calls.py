"""One call's way through the sites, without a socket and on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from failover.client.calls import Attempt, Balancer, Call, Site
from failover.client.errors import Failed
from failover.client.policy import Policy
from tests.failover.client.fakes import Chance, Clock

H = "api.outlast.example"
AWS, AZURE, GCP = (Site(f"{name}.{H}", H, (f"192.0.2.{n}",)) for n, name in enumerate(("aws", "azure", "gcp")))
ALL = (AWS, AZURE, GCP)


class World:
    def __init__(self, policy: Policy | None = None, sites: Sequence[Site] = ALL) -> None:
        self.clock = Clock()
        self.sites = tuple(sites)
        self.balancer = Balancer(policy or Policy(), self.clock, Chance(0.5))

    def call(self, *, idempotent: bool = True) -> Call:
        return Call(self.balancer, lambda: self.sites, idempotent, self.clock() + self.balancer.policy.deadline_seconds)

    def fail(self, call: Call, *, sent: bool = True, seconds: float = 0.0) -> Attempt | None:
        attempt = call.next()
        if attempt is not None:
            self.clock.pass_(seconds)
            call.failed(attempt, Failed("broken", sent=sent))
        return attempt


def name_sites(attempts: Sequence[Attempt | None]) -> list[str | None]:
    return [attempt.site.name.split(".")[0] if attempt else None for attempt in attempts]


def test_the_best_site_is_asked_first_and_then_the_others() -> None:
    world = World()
    call = world.call()
    assert name_sites([world.fail(call) for _ in range(4)]) == ["aws", "azure", "gcp", None]
    assert [tried.failure for tried in call.tries] == ["broken"] * 3


def test_where_there_is_one_site_it_is_asked_again_at_its_next_address() -> None:
    world = World(sites=[Site("aws", H, ("192.0.2.1", "192.0.2.2"))])
    call = world.call()
    attempts = [world.fail(call) for _ in range(3)]
    assert [attempt.address for attempt in attempts if attempt] == ["192.0.2.1", "192.0.2.2", "192.0.2.1"]


def test_a_site_that_dns_learns_of_in_the_meantime_is_asked() -> None:
    world = World(sites=[AWS])
    call = world.call()
    world.fail(call)
    world.sites = (AWS, GCP)
    assert name_sites([call.next()]) == ["gcp"]


def test_a_request_that_may_have_been_seen_is_sent_once_unless_it_is_idempotent() -> None:
    world = World()
    seen, unseen = world.call(idempotent=False), world.call(idempotent=False)
    assert name_sites([world.fail(seen), world.fail(seen)]) == ["aws", None]
    assert name_sites([world.fail(unseen, sent=False), world.fail(unseen)]) == ["aws", "azure"]


def test_an_attempt_leaves_time_for_the_next_one_and_the_last_one_gets_what_is_left() -> None:
    world = World()
    call = world.call()
    attempts = [world.fail(call, seconds=1.5) for _ in range(3)]
    seconds = [attempt.seconds for attempt in attempts if attempt]
    assert seconds[:2] == [1.5, 1.5]
    assert seconds[2] == pytest.approx(2.0 - 0.02)  # of 5 s, after a pause of half of 0.04


def test_the_pause_before_a_retry_is_drawn_and_grows() -> None:
    world = World()
    call = world.call()
    pauses = [attempt.pause_seconds for attempt in (world.fail(call) for _ in range(3)) if attempt]
    assert pauses == pytest.approx([0.0, 0.01, 0.02])


def test_nothing_is_sent_after_the_deadline() -> None:
    world = World()
    call = world.call()
    assert world.fail(call, seconds=5.0) is not None
    assert call.next() is None


def test_a_site_whose_circuit_is_open_is_passed_over_without_a_retry() -> None:
    world = World()
    for _ in range(3):
        world.fail(world.call())
    left = world.balancer.budget.left
    attempt = world.call().next()
    assert name_sites([attempt]) == ["azure"]
    assert world.balancer.budget.left >= left


def test_where_every_circuit_is_open_the_best_site_is_asked_once() -> None:
    world = World(Policy(retry_reserve=100))
    for _ in range(3):
        call = world.call()
        for _ in range(3):
            world.fail(call)
    call = world.call()
    attempts = [world.fail(call), world.fail(call)]
    assert name_sites(attempts) == ["aws", None]
    assert attempts[0] is not None and attempts[0].seconds == 5.0


def test_a_retry_at_a_site_that_has_not_failed_needs_no_budget() -> None:
    world = World(Policy(retry_reserve=0.0))
    call = world.call()
    assert name_sites([world.fail(call) for _ in range(4)]) == ["aws", "azure", "gcp", None]


def test_without_a_budget_a_call_at_sites_that_fail_is_sent_once_and_may_take_all_its_time() -> None:
    world = World(Policy(retry_reserve=0.0))
    first = world.call()
    while world.fail(first):
        pass
    call = world.call()
    attempt = world.fail(call)
    assert attempt is not None and attempt.seconds == 5.0
    assert call.next() is None


def test_an_attempt_that_is_called_off_says_nothing_about_its_site() -> None:
    world = World()
    for _ in range(5):
        call = world.call()
        attempt = call.next()
        assert attempt is not None
        call.called_off(attempt)
    assert name_sites([world.call().next()]) == ["aws"]


def test_no_site_no_attempt() -> None:
    assert World(sites=[]).call().next() is None
