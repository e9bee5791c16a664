"""Recovery times as distributions, held against closed forms and against best, typical and worst of `predict`."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failover.recovery.distribution import (
    NEVER,
    Between,
    Detection,
    Fixed,
    Scenario,
    Switch,
    Watchers,
    assume_switch,
    predict_drill,
    predict_recovery,
    summarise,
)
from failover.routing.predict import Check, Fault, predict_failover

CHECK = Check(10, 3)
LOSS = Scenario(CHECK, 30)
DNS = Scenario(CHECK, 30, level=1, switch=Fixed(0.0))
INSTANT = Watchers(4, 0.0, (0.0,))


def test_the_same_seed_draws_the_same_and_another_one_does_not() -> None:
    first, again, other = (predict_recovery(LOSS, seed=seed, draws=200) for seed in (1, 1, 2))
    assert first == again and first.kinds != other.kinds


def test_quantiles_are_nearest_ranks() -> None:
    spread = summarise([float(n) for n in range(100, 0, -1)])
    assert (spread.p5, spread.p50, spread.p95, spread.p99, spread.band) == (5, 50, 95, 99, (5, 95))


@pytest.mark.parametrize("fault", ["refused", "slow", "blackhole"])
def test_detection_stays_between_best_and_worst_and_its_mean_is_the_typical_one(fault: Fault) -> None:
    chance = random.Random(3)
    term = predict_failover(CHECK, ttl_seconds=30, fault=fault).terms[0]
    drawn = [Detection(CHECK, fault).draw(chance) for _ in range(4000)]
    assert term.best_seconds <= min(drawn) and max(drawn) <= term.worst_seconds
    # Of eight checkers the seventh: its place in a cycle of 10.5 s deviates by 1.4 s.
    assert sum(drawn) / len(drawn) == pytest.approx(term.typical_seconds, abs=5 * 1.4 / math.sqrt(4000))


@given(best=st.floats(0, 10), more=st.floats(0, 10), most=st.floats(0, 10), seed=st.integers(0, 100))
def test_a_term_is_drawn_between_its_ends(best: float, more: float, most: float, seed: int) -> None:
    drawn = Between(best, best + more, best + more + most).draw(random.Random(seed))
    assert best - 1e-9 <= drawn <= best + more + most + 1e-9


def test_a_term_has_the_mean_that_is_known_where_a_triangle_can() -> None:
    chance = random.Random(5)
    drawn = [Between(0.0, 4.0, 9.0).draw(chance) for _ in range(4000)]
    assert sum(drawn) / 4000 == pytest.approx(4.0, abs=0.2)


def test_a_switch_is_exponential_and_ends_where_route_53_says() -> None:
    chance = random.Random(5)
    drawn = [assume_switch(1, simulated=False).draw(chance) for _ in range(4000)]
    assert sum(drawn) / 4000 == pytest.approx(5.0, abs=0.4) and max(drawn) <= 60
    assert assume_switch(2, simulated=True).draw(chance) == 0.0
    assert max(Switch(100, 10).draw(chance) for _ in range(50)) == 10


def test_clients_that_honour_the_ttl_leave_within_it_once_dns_has_moved() -> None:
    spread = predict_recovery(replace(DNS, period_seconds=0.0), seed=1).kinds["ttl"]
    # One cached answer of any age: uniform from 0 to 30 s, and a tenth of a second to connect.
    assert spread.p5 == pytest.approx(1.6, abs=0.6)
    assert spread.p50 == pytest.approx(15.1, abs=1.2)
    assert spread.p95 == pytest.approx(28.6, abs=0.6)


def test_a_loss_takes_detection_switch_and_caches_together() -> None:
    recovery = predict_recovery(LOSS, seed=1)
    predicted = predict_failover(CHECK, ttl_seconds=30)
    assert recovery.moved.p5 > 20
    assert recovery.kinds["ttl"].p95 < predicted.worst_seconds
    assert recovery.kinds["ttl"].p50 < predicted.typical_seconds + 5


def test_every_kind_takes_at_least_as_long_as_one_that_honours_the_ttl_but_ours() -> None:
    kinds = dict(predict_recovery(replace(LOSS, ttl_seconds=10), seed=1).kinds)
    ttl = kinds.pop("ttl")
    ours = kinds.pop("outlast")
    assert all(spread.p95 >= ttl.p95 - 1 for spread in kinds.values())
    assert kinds["floor"].p95 > ttl.p95 + 5 and kinds["browser"].p95 > kinds["floor"].p95 + 5
    assert kinds["jvm"].p95 > kinds["aiohttp"].p95
    assert ours.p99 < 1


def test_ours_waits_for_one_attempt_where_packets_are_swallowed() -> None:
    spread = predict_recovery(replace(LOSS, fault="blackhole"), seed=1).kinds["outlast"]
    assert 1.5 < spread.p50 < spread.p99 < 2.0


def test_where_only_dns_moves_a_kept_connection_stays_unless_the_server_ends_it() -> None:
    assert predict_recovery(DNS, draws=50).kinds["pool"].p50 == NEVER
    ended = predict_recovery(replace(DNS, connection_seconds=120), seed=1).kinds["pool"]
    assert 50 < ended.p50 < 80 and ended.p99 < 155


def test_a_drill_whose_dns_moves_at_once_takes_its_freshest_clients_ttl() -> None:
    assert predict_drill((Fixed(0.0),), 30.0, 0.5, INSTANT).band == (30.0, 30.0)
    late = predict_drill((Fixed(0.0),), 30.0, 0.5, Watchers(4, 2.0, (1.0,)))
    assert late.p5 == pytest.approx(31.1, abs=0.1) and late.p95 == pytest.approx(32.9, abs=0.1)


def test_clients_that_ask_before_dns_has_moved_may_be_told_the_lost_site_again() -> None:
    # DNS moves after 20 s: the clients of 7.5 and 15 s ask before, and each is sent back with the site's share.
    always = predict_drill((Fixed(20.0),), 30.0, 1.0, INSTANT)
    assert always.band == (45.0, 45.0)
    never = predict_drill((Fixed(20.0),), 30.0, 0.0, INSTANT)
    assert never.band == (30.0, 30.0)


@settings(max_examples=20)
@given(moved=st.floats(0, 60), share=st.floats(0.01, 1), count=st.integers(1, 6))
def test_a_drill_ends_between_the_freshest_answer_and_one_ttl_after_dns(moved: float, share: float, count: int) -> None:
    spread = predict_drill((Fixed(moved),), 30.0, share, Watchers(count, 1.0, (0.5,)), draws=50)
    assert 30.5 <= spread.p5 <= spread.p99 <= max(30.0, moved + 30.0) + 1.5 + 1e-9
