"""One decision, whoever asks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bundle.decision import decide, measure_margins

CLASSES = ("benign", "malignant")
SHARES = st.floats(0, 1, width=32)


def test_without_a_threshold_the_most_probable_class_is_predicted() -> None:
    rows = [[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]]
    assert decide(rows, ("a", "b", "c"), {}).tolist() == [1, 0]


@pytest.mark.parametrize("positive", CLASSES)
def test_the_threshold_belongs_to_the_positive_class(positive: str) -> None:
    index = CLASSES.index(positive)
    rows = np.array([[0.3, 0.7], [0.7, 0.3]])
    expected = [index if row[index] >= 0.25 else 1 - index for row in rows]
    assert decide(rows, CLASSES, {positive: 0.25}).tolist() == expected == [index, index]


@given(SHARES, st.floats(0, 1))
def test_a_probability_is_decided_the_same_as_float32_as_float64_and_as_written_out(
    share: float, threshold: float
) -> None:
    served = np.array([[1 - share, share]], dtype=np.float32)
    written = [[float(repr(value.item())) for value in row] for row in served]
    wide = served.astype(np.float64)
    decided = {int(decide(rows, CLASSES, {"malignant": threshold})[0]) for rows in (served, wide, written)}
    assert len(decided) == 1
    assert decided == {int(served[0, 1] >= np.float32(threshold))}


def test_a_threshold_that_is_met_exactly_is_met() -> None:
    # 0.1 is a little less in float64 than the float32 nearest to it.
    assert decide(np.array([[0.9, 0.1]], dtype=np.float32), CLASSES, {"malignant": 0.1}).tolist() == [1]
    assert decide([[0.7, 0.3]], CLASSES, {"malignant": 0.3}).tolist() == [1]


def test_margins_are_the_distance_to_another_answer() -> None:
    rows = np.array([[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]])
    np.testing.assert_allclose(measure_margins(rows, ("a", "b", "c"), {}), [0.2, 0.85])
    np.testing.assert_allclose(measure_margins(rows[:, :2], CLASSES, {"malignant": 0.3}), [0.2, 0.25])
