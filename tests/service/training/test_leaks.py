"""Rows that are nearly there twice and columns that give the label away are found, and ordinary ones are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from service.training.datasets import load_bundled
from service.training.leaks import find_near_copies, find_telling, group_copies

RNG = np.random.default_rng(3)


def _frame(rows: int = 500) -> pd.DataFrame:
    numbers = {f"x{i}": RNG.normal(size=rows) * 10.0**i for i in range(5)}
    return pd.DataFrame({**numbers, "colour": RNG.choice(["red", "blue"], rows), "flag": RNG.integers(0, 2, rows)})


def test_a_row_again_but_for_its_last_digits_is_a_near_copy() -> None:
    frame = _frame()
    frame.loc[100] = frame.loc[7]
    frame.loc[100, "x3"] += 0.1
    frame.loc[200] = frame.loc[8]  # to the last digit: a duplicate
    frame.loc[300] = frame.loc[9]
    frame.loc[300, "colour"] = "green"
    frame.loc[400] = frame.loc[10]
    frame.loc[400, "x2"] = np.nan
    frame.loc[50] = frame.loc[60]
    frame.loc[50, "x0"] += 1e-5
    assert find_near_copies(frame) == [60, 100]


@pytest.mark.parametrize("name", ["tumour", "digits"])
def test_the_bundled_tables_have_neither(name: str) -> None:
    dataset = load_bundled(name)
    assert find_near_copies(dataset.frame) == []
    assert find_telling(dataset.frame, dataset.labels) == []


def test_few_columns_are_near_by_chance() -> None:
    assert find_near_copies(_frame()[["x0", "x1", "colour"]]) == []
    assert find_near_copies(pd.DataFrame({"c": ["a", "b"]})) == []


@pytest.mark.slow
def test_many_copies_take_no_longer() -> None:
    frame = pd.concat([_frame(10)] * 3000, ignore_index=True)
    assert find_near_copies(frame) == []


@pytest.mark.parametrize("classes", [["no", "yes"], ["a", "b", "c"]])
def test_a_column_that_is_the_label_in_disguise_is_named(classes: list[str]) -> None:
    frame = _frame()
    codes = RNG.integers(0, len(classes), len(frame))
    codes[:3] = range(3) if len(classes) == 3 else (0, 1, 1)
    labels = np.array(classes, dtype=object)[codes]
    frame["code"] = codes.astype(float)
    frame["score"] = codes + RNG.uniform(0, 0.9, len(frame))
    frame["word"] = [f"is {label}" for label in labels]
    assert find_telling(frame, labels) == ["code", "score", "word"]
    frame.loc[:20, "code"] = 0.0
    frame.loc[:20, "score"] = RNG.uniform(0, 3, 21)
    assert find_telling(frame, labels) == ["word"]


def test_what_is_missing_in_one_class_only_gives_it_away() -> None:
    frame = _frame()
    labels = np.array(["no"] * 250 + ["yes"] * 250, dtype=object)
    frame["closed"] = np.where(np.arange(500) < 250, np.nan, 1.0)
    assert find_telling(frame, labels) == ["closed"]


def test_a_rare_class_does_not_make_every_column_telling() -> None:
    labels = np.array(["no"] * 495 + ["yes"] * 5, dtype=object)
    assert find_telling(_frame(), labels) == []


def test_copies_and_near_copies_are_one_group_and_other_rows_are_alone() -> None:
    frame = _frame(100)
    frame.loc[40] = frame.loc[7]
    frame.loc[80] = frame.loc[7]
    frame.loc[80, "x3"] += 0.1
    frame.loc[90] = frame.loc[80]
    groups = group_copies(frame)
    assert len(set(groups[[7, 40, 80, 90]])) == 1
    assert len(set(groups)) == 97


def test_among_few_rows_of_the_rarer_class_no_column_is_called_telling() -> None:
    labels = np.array(["no"] * 40 + ["yes"] * 19, dtype=object)
    frame = pd.DataFrame({"code": (labels == "yes").astype(float)})
    assert find_telling(frame, labels) == []
    more = np.append(labels, "yes")
    assert find_telling(pd.DataFrame({"code": (more == "yes").astype(float)}), more) == ["code"]
