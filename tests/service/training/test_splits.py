"""Rows are parted by class, the same for the same seed, and no row is on both sides."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput
from service.training.splits import count_needed, split_rows

CLASSES = ["a", "b"]


def plan(seed: int = 0, folds: int = 5, held_out: float = 0.2) -> Any:
    return SimpleNamespace(seed=seed, folds=folds, held_out=held_out)


LABELS = np.array([0] * 60 + [1] * 40)


def test_training_and_held_out_part_the_rows_and_keep_the_classes_shares() -> None:
    splits = split_rows(LABELS, CLASSES, plan())
    assert sorted([*splits.training, *splits.held_out]) == list(range(100))
    assert np.bincount(LABELS[splits.held_out]).tolist() == [12, 8]


def test_folds_part_the_training_rows_and_judging_parts_all() -> None:
    splits = split_rows(LABELS, CLASSES, plan())
    assert len(splits.folds) == len(splits.judging) == 5
    assert sorted(np.concatenate([judge for _, judge in splits.folds])) == splits.training.tolist()
    assert sorted(np.concatenate([judge for _, judge in splits.judging])) == list(range(100))
    for fit, judge in (*splits.folds, *splits.judging):
        assert not set(fit) & set(judge)
    for fit, _ in splits.folds:
        assert not set(fit) & set(splits.held_out)


def test_a_seed_says_it_all() -> None:
    same, other = (split_rows(LABELS, CLASSES, plan(seed)).to_document() for seed in (0, 1))
    assert split_rows(LABELS, CLASSES, plan()).to_document() == same
    assert same["held_out"] != other["held_out"]
    assert sorted(row for fold in same["judging"] for row in fold) == list(range(100))


@pytest.mark.parametrize("folds", [2, 5, 10])
@pytest.mark.parametrize("held_out", [0.1, 0.2, 0.5])
def test_the_least_number_of_rows_is_enough_and_one_fewer_is_refused(folds: int, held_out: float) -> None:
    asked = plan(folds=folds, held_out=held_out)
    least = count_needed(asked)
    split_rows([0] * 200 + [1] * least, CLASSES, asked)
    with pytest.raises(InvalidInput) as caught:
        split_rows([0] * 200 + [1] * (least - 1), CLASSES, asked)
    assert [(m.place, m.what.split(" rows")[0]) for m in caught.value.mistakes] == [("class b", f"has {least - 1}")]


def test_a_class_without_any_row_is_told_too() -> None:
    with pytest.raises(InvalidInput) as caught:
        split_rows([0] * 3, [*CLASSES, "c"], plan())
    assert [m.place for m in caught.value.mistakes] == ["class a", "class b", "class c"]
