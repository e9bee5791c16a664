"""Each cloud's way to look at periods of time, on a clock that the test sets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.alarms.counts import Counts
from sandbox.alarms.evaluate import LOOK_SECONDS, Standing, evaluate, judge
from sandbox.alarms.rule import AlarmRule, Condition, Measure, State

OK, ALARM, NO_DATA = State.OK, State.ALARM, State.INSUFFICIENT_DATA
VALUE = (("value", Measure("errors", "aws", "sum")),)
CONDITION = Condition(VALUE, "value", 60, points=3, breaching=3, comparison=">", threshold=0)


class Site:
    """An alarm that is looked at each minute, after the errors of that minute."""

    def __init__(self, *conditions: Condition, every: bool = True) -> None:
        self.now = 0.0
        self.counts = Counts(lambda: self.now)
        self.rule = AlarmRule("key", "aws", "name", "", conditions, every=every)
        self.standing = Standing()

    def minute(self, errors: int | None) -> State:
        if errors is not None:
            self.counts.note("errors", "aws", errors)
        self.now += LOOK_SECONDS
        self.standing = evaluate(self.rule, self.counts, self.standing, self.now)
        return self.standing.state


def test_every_one_of_the_periods_has_to_violate_and_one_that_does_not_ends_it() -> None:
    site = Site(replace(CONDITION, missing="notBreaching"))
    assert [site.minute(n) for n in (0, 2, 2, 2, 2, 0)] == [OK, OK, OK, ALARM, ALARM, OK]


def test_since_is_when_the_state_began() -> None:
    site = Site(replace(CONDITION, missing="notBreaching"))
    for errors in (2, 2, 2, 2):
        site.minute(errors)
    assert (site.standing.since, site.standing.value) == (180.0, 2.0)


def test_some_of_the_periods_are_enough_where_the_alarm_says_so() -> None:
    site = Site(replace(CONDITION, breaching=2, missing="notBreaching"))
    assert [site.minute(n) for n in (2, 0, 2)] == [OK, OK, ALARM]


@pytest.mark.parametrize(
    ("missing", "state"), [("missing", NO_DATA), ("ignore", ALARM), ("breaching", ALARM), ("notBreaching", OK)]
)
def test_without_data_it_is_what_the_alarm_says(missing: str, state: State) -> None:
    assert judge(replace(CONDITION, missing=missing), [None, None, None], ALARM) is state


def test_a_window_slides_and_is_over_after_three_looks() -> None:
    azure = Condition(VALUE, "value", 300, 1, 1, ">", 10, missing="notBreaching", sliding=True, clears_after=3)
    site = Site(azure)
    assert [site.minute(n) for n in (6, 6)] == [OK, ALARM]
    # The window holds the errors for three looks more; then two looks without a violation are not enough.
    assert [site.minute(0) for _ in range(7)] == [ALARM, ALARM, ALARM, ALARM, ALARM, OK, OK]


def test_any_condition_or_every_one() -> None:
    never = replace(CONDITION, points=1, breaching=1, threshold=1000)
    now = replace(CONDITION, points=1, breaching=1)
    assert Site(now, never).minute(1) is OK
    assert Site(now, never, every=False).minute(1) is ALARM


def test_a_period_of_five_minutes_counts_once_it_is_whole() -> None:
    site = Site(replace(CONDITION, period=300, points=1, breaching=1, missing="notBreaching"))
    assert [site.minute(1) for _ in range(5)] == [OK, OK, OK, OK, ALARM]
