"""What is wrong with a table is found by row and column, and what is merely unusual is not called wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.evaluation.quality import find_far_values, find_out_of_range, report_quality
from service.training.datasets import Dataset


def table(labels: list[str], **columns: list[Any]) -> Dataset:
    return Dataset("t", pd.DataFrame(columns), np.array(labels, dtype=object), "label", "00")


def test_missing_constant_repeated_and_contradicting_rows_are_found() -> None:
    found = report_quality(table(["a", "a", "b", "a"], x=[1.0, 1.0, 1.0, np.nan], y=[2.0, 2.0, 2.0, 2.0]))
    assert found["missing_values"] == 1
    assert found["constant_columns"] == ["y"]
    assert found["duplicate_rows"] == [1, 2]
    assert found["contradicting_rows"] == [2], "the same features as row 0, and another label"
    assert found["classes"] == {"a": 3, "b": 1}
    assert found["imbalance_ratio"] == 3.0


def test_columns_are_described_by_their_kind() -> None:
    described = report_quality(table(["a", "b", "a"], x=[1.0, 2.0, np.nan], word=["u", "", "v"]))["columns"]
    assert described == [
        {"name": "x", "missing": 1, "distinct": 2, "type": "whole number", "min": 1.0, "max": 2.0, "mean": 1.5},
        {"name": "word", "missing": 1, "distinct": 3, "type": "category", "values": ["", "u", "v"]},
    ]


@pytest.mark.parametrize(
    ("ranges", "rows"),
    [
        ({}, {}),
        ({"x": (0.0, 10.0)}, {"x": [0, 3]}),
        ({"*": (0.0, 10.0)}, {"x": [0, 3], "y": [1]}),
        ({"x": (-1.0, 11.0), "*": (0.0, 10.0)}, {"y": [1]}),
    ],
)
def test_a_range_is_a_columns_own_or_that_of_all_others(
    ranges: dict[str, tuple[float, float]], rows: dict[str, list[int]]
) -> None:
    frame = pd.DataFrame({"x": [-1.0, 0.0, 10.0, 11.0], "y": [1.0, 99.0, np.nan, 2.0]})
    assert find_out_of_range(frame, ranges) == rows


def test_a_value_is_far_out_by_the_spread_of_its_own_column() -> None:
    small = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 100.0]
    far = find_far_values(pd.DataFrame({"x": small, "wide": [v * 50 for v in range(8)], "one": [3.0] * 7 + [9.0]}))
    assert far.sum(axis=0).tolist() == [1, 0, 0], "a column of one value has no spread to be far from"
    assert bool(far[7, 0])


def test_a_missing_value_is_not_far_out_and_a_table_without_numbers_has_none() -> None:
    assert not find_far_values(pd.DataFrame({"x": [1.0, np.nan, 2.0, 3.0]})).any()
    assert report_quality(table(["a", "b"], word=["u", "v"]))["anomalous_rows"] == []


def test_a_row_is_anomalous_when_more_than_a_fifth_of_its_numbers_are_far_out() -> None:
    columns = {f"x{i}": [float(v + i) for v in range(9)] for i in range(5)}
    columns["x0"][8] = 500.0
    assert report_quality(table(list("ab" * 4 + "a"), **columns))["anomalous_rows"] == []
    columns["x1"][8] = 500.0
    found = report_quality(table(list("ab" * 4 + "a"), **columns))
    assert found["anomalous_rows"] == [8]
    assert found["far_values"] == {"x0": 1, "x1": 1}


def test_a_text_that_is_nearly_an_earlier_one_is_a_near_copy() -> None:
    letter = "dear {} your order has left our house and will be with you in two days, as we said in the shop"
    notes = [letter.format("ada"), "something else, of which nobody has ever written", letter.format("grace")]
    frame = pd.DataFrame({"note": [*notes, notes[1]]})
    dataset = Dataset("t", frame, np.array(["a", "b", "a", "b"], dtype=object), "t", "00", texts=frozenset({"note"}))
    found = report_quality(dataset)
    assert found["near_copies"] == [2]
    assert found["duplicate_rows"] == [3]
