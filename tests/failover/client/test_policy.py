"""Circuits and the retry budget, on a clock of the test's own."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.client.policy import Circuit, Policy, RetryBudget
from tests.failover.client.fakes import Chance, Clock


def make_circuit(clock: Clock, policy: Policy | None = None, chance: float = 1.0) -> Circuit:
    return Circuit(policy or Policy(), clock, Chance(chance))


def fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        circuit.begin()
        circuit.end(False)


@pytest.mark.parametrize("name", ["deadline_seconds", "attempt_seconds", "most_attempts", "hedge_after_seconds"])
def test_a_policy_that_makes_no_sense_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Policy(**{name: 0})


@given(st.lists(st.sampled_from(["call", "retry"]), max_size=400))
def test_retries_are_never_more_than_the_reserve_and_a_tenth_of_the_calls(events: list[str]) -> None:
    budget, calls, retries = RetryBudget(Policy()), 0, 0
    for event in events:
        if event == "call":
            budget.earn()
            calls += 1
        else:
            retries += budget.spend()
        assert retries <= 10 + 0.1 * calls + 1e-9


def test_a_few_failures_open_a_circuit_and_one_fewer_does_not() -> None:
    circuit = make_circuit(Clock())
    fail(circuit, 2)
    assert circuit.allows()
    fail(circuit)
    assert not circuit.allows()


def test_failures_among_many_answers_do_not_open_a_circuit() -> None:
    circuit = make_circuit(Clock())
    for _ in range(20):  # one in ten
        fail(circuit)
        for _ in range(9):
            circuit.end(True)
    assert circuit.allows()


def test_an_open_circuit_lets_one_attempt_through_at_a_time() -> None:
    clock = Clock()
    circuit = make_circuit(clock)
    fail(circuit, 3)
    clock.pass_(0.99)
    assert not circuit.allows()
    clock.pass_(0.01)
    assert circuit.allows()
    circuit.begin()
    assert not circuit.allows()
    circuit.end(True)
    assert circuit.allows() and circuit.clean


def test_an_attempt_that_never_ends_does_not_keep_a_circuit_shut_for_ever() -> None:
    clock = Clock()
    circuit = make_circuit(clock)
    fail(circuit, 3)
    clock.pass_(1.0)
    circuit.begin()
    clock.pass_(Policy().deadline_seconds)
    assert circuit.allows()


def test_an_attempt_that_was_called_off_decides_nothing() -> None:
    clock = Clock()
    circuit = make_circuit(clock)
    fail(circuit, 3)
    clock.pass_(1.0)
    circuit.begin()
    circuit.end(None)
    assert circuit.allows() and not circuit.clean


def test_late_failures_of_attempts_from_before_do_not_lengthen_the_time() -> None:
    clock = Clock()
    circuit = make_circuit(clock)
    fail(circuit, 30)
    clock.pass_(1.0)
    assert circuit.allows()


def test_each_further_failure_doubles_the_time_up_to_the_longest() -> None:
    clock = Clock()
    circuit = make_circuit(clock)
    fail(circuit, 3)
    for seconds in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        clock.pass_(seconds - 0.01)
        assert not circuit.allows()
        clock.pass_(0.01)
        assert circuit.allows()
        fail(circuit)


def test_a_window_of_right_answers_makes_the_time_short_again() -> None:
    clock = Clock()
    circuit = make_circuit(clock)
    fail(circuit, 3)
    clock.pass_(1.0)
    for _ in range(Policy().circuit_window):
        circuit.end(True)
    fail(circuit, 3)
    clock.pass_(1.0)
    assert circuit.allows()


@given(st.randoms(use_true_random=False))
def test_many_clients_come_back_at_different_moments(chance: random.Random) -> None:
    clock = Clock()
    circuit = Circuit(Policy(), clock, chance)
    fail(circuit, 3)
    clock.pass_(0.499)
    assert not circuit.allows()
    clock.pass_(0.501)
    assert circuit.allows()
