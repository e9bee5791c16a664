from __future__ import annotations

import pytest

from sandbox.alarms.rule import SERIES, Condition, Measure


@pytest.mark.parametrize(
    ("comparison", "beyond"), [(">", [False, False, True]), (">=", [False, True, True]), ("<", [True, False, False])]
)
def test_a_value_at_the_threshold_is_beyond_only_where_the_comparison_says_so(
    comparison: str, beyond: list[bool]
) -> None:
    condition = Condition((("value", Measure("errors", "aws", "sum")),), "value", 60, 1, 1, comparison, 5.0)
    assert [condition.is_beyond(value) for value in (4.0, 5.0, 6.0)] == beyond


def test_every_series_says_what_it_is() -> None:
    assert all(SERIES.values())
