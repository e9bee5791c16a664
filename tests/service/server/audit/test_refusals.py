"""Refusals in floods are numbers in the audit log: none is lost, and none fills it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.server.audit.refusals import OTHERS, Refusals


def test_a_few_refusals_a_second_stand_alone() -> None:
    refusals = Refusals()
    assert [refusals.may_stand_alone(1.0 + n / 100) for n in range(12)] == [True] * 10 + [False] * 2
    assert refusals.may_stand_alone(2.0)


@given(st.lists(st.tuples(st.sampled_from([401, 429]), st.integers(0, 60).map(str)), max_size=300))
def test_every_one_is_counted_under_a_bounded_number_of_callers(refused: list[tuple[int, str]]) -> None:
    refusals = Refusals()
    for status, caller in refused:
        refusals.count(status, caller)
    records = refusals.take(100.0)
    assert sum(record["count"] for record in records) == len(refused)
    assert len(records) <= 34
    assert not refusals.take(102.0)


def test_they_are_summed_by_the_second_and_all_taken_at_the_end() -> None:
    refusals = Refusals()
    for number in range(40):
        refusals.count(401, f"192.0.2.{number}")
    first = refusals.take(100.0)
    assert {record["caller"] for record in first} >= {"192.0.2.0", OTHERS}
    refusals.count(401, "192.0.2.1")
    assert not refusals.due(100.5)
    assert refusals.take(100.5) == []
    assert refusals.take(100.5, everything=True) == [
        {"kind": "refused", "time": 100.5, "status": 401, "caller": "192.0.2.1", "count": 1}
    ]
