from __future__ import annotations

import pytest

from infra.aws.metrics import SHARE_OF_ERRORS
from sandbox.alarms.expression import compute, explain_unknown, names_in


def test_the_share_of_errors_of_the_program() -> None:
    assert explain_unknown(SHARE_OF_ERRORS) == "" and names_in(SHARE_OF_ERRORS) == {"replicas", "balancer", "requests"}
    assert compute(SHARE_OF_ERRORS, {"replicas": 1.0, "balancer": None, "requests": 10.0}) == 10
    assert compute(SHARE_OF_ERRORS, {"replicas": None, "balancer": 4.0, "requests": None}) == 100
    assert compute(SHARE_OF_ERRORS, {"replicas": None, "balancer": None, "requests": 10.0}) == 0


def test_what_has_no_data_has_no_value_and_neither_has_a_division_by_nothing() -> None:
    assert compute("a + 1", {"a": None}) is None
    assert compute("1 / a", {"a": 0.0}) is None
    assert compute("-a * (b - 1)", {"a": 2.0, "b": 3.0}) == -4


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("RATE(a)", "RATE(a) is not simulated"),
        ("a if b else c", "is not simulated"),
        ("FILL(a, REPEAT)", "FILL takes the id of a metric and a number"),
        ("a +", "cannot be read"),
        ("a ** b", "is not simulated"),
    ],
)
def test_what_is_not_simulated_is_said(expression: str, told: str) -> None:
    assert told in explain_unknown(expression)
