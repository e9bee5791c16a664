"""Predicted recovery times: against a simulation of the checkers, and for what must hold whatever the settings."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.routing.predict import (
    STATUS_TO_ANSWER_SECONDS,
    Check,
    Fault,
    Pace,
    Prediction,
    effective_ttl_seconds,
    predict_failback,
    predict_failover,
    time_to_fail,
)
from failover.simulator.clock import SPEEDS, ScaledClock
from failover.simulator.health import Opinion

checks = st.builds(
    Check,
    interval_seconds=st.sampled_from([10.0, 30.0]),
    failure_threshold=st.integers(1, 10),
    checkers=st.integers(3, 24),
    response_seconds=st.floats(0, 2),
)
ttls = st.integers(0, 86_400)
levels = st.integers(1, 3)
faults: st.SearchStrategy[Fault] = st.sampled_from(get_args(Fault))
paces = st.builds(Pace, speed=st.sampled_from(SPEEDS), clients=st.integers(1, 50))


def both(check: Check, **more: Any) -> tuple[Prediction, Prediction]:
    return predict_failover(check, **more), predict_failback(check, **more)


def test_the_usual_settings_give_the_usual_figures() -> None:
    """10 s, threshold 3, TTL 30: about 45 s typically, about 75 s at worst."""
    found = predict_failover(Check(), ttl_seconds=30)
    assert 40 < found.typical_seconds < 50
    assert 65 < found.worst_seconds < 80
    assert [term.name for term in found.terms] == ["detection", "switch", "caches", "client"]


def test_level_1_has_no_detection() -> None:
    for found in both(Check(), ttl_seconds=30, level=1):
        assert [term.name for term in found.terms] == ["switch", "caches", "client"]
        assert found.best_seconds == 0


@pytest.mark.parametrize(
    ("checkers", "must_fail", "must_recover"), [(3, 3, 1), (6, 5, 2), (8, 7, 2), (16, 14, 3), (24, 20, 5)]
)
def test_how_many_checkers_decide(checkers: int, must_fail: int, must_recover: int) -> None:
    """More than 18 % keep an endpoint healthy: of 8 checkers 2 do, so 7 have to fail."""
    check = Check(checkers=checkers)
    assert (check.must_fail, check.must_recover) == (must_fail, must_recover)


@pytest.mark.parametrize(
    ("fault", "speed", "seconds"),
    [
        ("refused", 1, 0),
        ("blackhole", 1, 4),
        ("slow", 1, 2),
        ("blackhole", 10, 5),
        ("slow", 10, 10),
        ("blackhole", 5, 4),
    ],
)
def test_time_outs_keep_a_floor_on_the_wall(fault: Fault, speed: int, seconds: float) -> None:
    assert time_to_fail(fault, speed) == seconds


@given(checks, ttls, levels, faults, paces)
def test_best_typical_worst_are_in_order_and_sums_are_sums(
    check: Check, ttl: int, level: int, fault: Fault, pace: Pace
) -> None:
    for found in both(check, ttl_seconds=ttl, level=level, fault=fault, pace=pace):
        for term in found.terms:
            assert 0 <= term.best_seconds <= term.typical_seconds <= term.worst_seconds
            assert term.why
        assert found.worst_seconds == pytest.approx(sum(term.worst_seconds for term in found.terms))


@given(checks, ttls, levels, faults, st.integers(1, 100))
def test_a_longer_ttl_or_a_higher_threshold_never_helps(
    check: Check, ttl: int, level: int, fault: Fault, more: int
) -> None:
    patient = Check(check.interval_seconds, check.failure_threshold + more, check.checkers, check.response_seconds)
    for now, later, slower in zip(
        both(check, ttl_seconds=ttl, level=level, fault=fault),
        both(check, ttl_seconds=ttl + more, level=level, fault=fault),
        both(patient, ttl_seconds=ttl, level=level, fault=fault),
        strict=True,
    ):
        assert now.worst_seconds <= later.worst_seconds
        assert now.worst_seconds <= slower.worst_seconds
        assert now.best_seconds <= slower.best_seconds


@given(ttls, st.sampled_from(SPEEDS))
def test_the_ttl_is_the_clocks(ttl: int, speed: int) -> None:
    assert effective_ttl_seconds(ttl, speed) == ScaledClock(speed).ttl(ttl) * speed


# -- against the checkers themselves, played through without sockets -------------------------------------------------


def play(check: Check, fault: Fault, chance: random.Random, *, fails: bool) -> float:
    """When the endpoint's status turns, if at 0 it fails (or recovers), with checkers at random phases."""
    good, bad = check.response_seconds * chance.random(), time_to_fail(fault)
    before, after = (good, bad) if fails else (bad, good)
    turned = []
    for _ in range(check.checkers):
        opinion = Opinion(healthy=fails)
        at = chance.random() * (check.interval_seconds + before)  # when the next check begins
        while opinion.healthy == fails:
            at += after
            opinion = opinion.after(not fails, check.failure_threshold)
            turning = at
            at += check.interval_seconds
        turned.append(turning)
    needed = check.must_fail if fails else check.must_recover
    return sorted(turned)[needed - 1]


@given(checks, faults, st.booleans(), st.integers())
def test_simulated_detection_is_never_outside_the_prediction(
    check: Check, fault: Fault, fails: bool, seed: int
) -> None:
    predict = predict_failover if fails else predict_failback
    detection = predict(check, ttl_seconds=30, fault=fault).terms[0]
    measured = play(check, fault, random.Random(seed), fails=fails)
    assert detection.best_seconds <= measured <= detection.worst_seconds


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("fault", get_args(Fault))
def test_the_typical_detection_is_the_simulations_mean(fault: Fault, fails: bool) -> None:
    chance, check = random.Random(1), Check()
    predict = predict_failover if fails else predict_failback
    detection = predict(check, ttl_seconds=30, fault=fault).terms[0]
    mean = sum(play(check, fault, chance, fails=fails) for _ in range(2_000)) / 2_000
    assert mean == pytest.approx(detection.typical_seconds, abs=1.0)


# 15 checkers, of which 13 have to fail and 3 to recover; 10 s between checks, 3 in a row, half a second an answer.
FIFTEEN = Check(checkers=15)


@pytest.mark.parametrize(
    ("predict", "pace", "fault", "detection"),
    [
        # two whole intervals, and before them 13/16 of a cycle of 10.5 s, or all of it and a second of lag
        (predict_failover, Pace(), "refused", (20.0, 28.531, 31.5)),
        # the same; three requests of 0.25 s on a wall that is twice as slow: 1.5 s
        (predict_failover, Pace(speed=2), "refused", (20.0, 28.531, 33.0)),
        # 3/16 of a cycle of 10 s until the third checker, three answers of half a second at worst
        (predict_failback, Pace(), "refused", (20.0, 21.875, 32.5)),
        (predict_failback, Pace(speed=2), "refused", (20.0, 21.875, 34.0)),
    ],
)
def test_detection_is_what_can_be_reckoned_by_hand(
    predict: Callable[..., Prediction], pace: Pace, fault: Fault, detection: tuple[float, float, float]
) -> None:
    (first, *_) = predict(FIFTEEN, ttl_seconds=30, fault=fault, pace=pace).terms
    assert first.name == "detection"
    assert (first.best_seconds, first.typical_seconds, first.worst_seconds) == pytest.approx(detection, abs=0.001)


@pytest.mark.parametrize("predict", [predict_failover, predict_failback])
def test_what_follows_detection_is_the_same_both_ways(predict: Callable[..., Prediction]) -> None:
    terms = predict(FIFTEEN, ttl_seconds=30, pace=Pace(speed=10, clients=4)).terms
    _, switch, caches, client = [(t.name, t.best_seconds, t.typical_seconds, t.worst_seconds) for t in terms]
    assert switch == ("switch", 0.0, STATUS_TO_ANSWER_SECONDS / 10, STATUS_TO_ANSWER_SECONDS)
    assert caches == ("caches", 0.0, 24.0, 30.0), "the last of four clients that began at random"
    assert client[:3] == ("client", 0.0, 1.75), "half a period of 1 s and half a request of 2.5 s, ten times slower"


def test_a_changed_setting_reaches_every_name_server_within_a_minute() -> None:
    for found in both(FIFTEEN, ttl_seconds=30, level=1):
        switch = found.terms[0]
        assert (switch.best_seconds, switch.typical_seconds, switch.worst_seconds) == (0.0, 5.0, 60.0)


@pytest.mark.parametrize(("clients", "told"), [(1, False), (2, True), (7, True)])
def test_the_last_of_several_clients_is_named_and_a_single_one_is_not(clients: int, told: bool) -> None:
    caches = predict_failover(FIFTEEN, ttl_seconds=30, pace=Pace(clients=clients)).terms[2]
    assert caches.why.startswith("a client keeps its answer for the rest of its TTL of 30 s")
    assert (f"typical is the last of {clients} clients" in caches.why) is told


def test_levels_and_faults_have_the_defaults_of_a_drill_that_stops_a_site() -> None:
    for predict in (predict_failover, predict_failback):
        assert predict(FIFTEEN, ttl_seconds=30) == predict(FIFTEEN, ttl_seconds=30, level=2, fault="refused")
    assert time_to_fail("blackhole") == time_to_fail("blackhole", 1)


def test_a_client_that_keeps_its_connection_asks_dns_only_for_a_new_one() -> None:
    plain, kept = (predict_failover(Check(), ttl_seconds=30, connection_seconds=seconds) for seconds in (0.0, 120.0))
    assert [term.name for term in kept.terms] == ["detection", "switch", "caches", "connections", "client"]
    assert kept.best_seconds == plain.best_seconds
    assert kept.typical_seconds == pytest.approx(plain.typical_seconds + 60)
    assert kept.worst_seconds == pytest.approx(plain.worst_seconds + 120)
