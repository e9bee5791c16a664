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


def test_rows_of_one_group_lie_on_one_side_of_every_split() -> None:
    groups = np.repeat(np.arange(50), 2)
    labels = np.repeat(np.array([0] * 30 + [1] * 20), 2)
    splits = split_rows(labels, CLASSES, plan(), groups=groups)
    for fit, judge in ((splits.training, splits.held_out), *splits.folds, *splits.judging):
        assert not set(groups[fit]) & set(groups[judge])
        assert set(labels[judge]) == {0, 1}
    assert sorted([*splits.training, *splits.held_out]) == splits.judged.tolist() == list(range(100))
    assert splits.tuned.tolist() == splits.training.tolist()


def test_many_groups_are_parted_as_few_are() -> None:
    rng = np.random.default_rng(0)
    groups = np.concatenate([np.arange(4000), rng.integers(0, 4000, 1000)])  # a fifth are copies
    labels = (groups % 4 == 0).astype(int)
    splits = split_rows(labels, CLASSES, plan(), groups=groups)
    for fit, judge in ((splits.training, splits.held_out), *splits.folds, *splits.judging):
        assert not set(groups[fit]) & set(groups[judge])
        assert abs(labels[judge].mean() - labels.mean()) < 0.03


def test_groups_of_one_row_each_change_nothing() -> None:
    alone = split_rows(LABELS, CLASSES, plan(), groups=np.arange(100)[::-1])
    assert alone.to_document() == split_rows(LABELS, CLASSES, plan()).to_document()


def test_a_class_of_too_few_groups_is_refused() -> None:
    groups = np.concatenate([np.arange(60), np.full(40, 99)])
    with pytest.raises(InvalidInput) as caught:
        split_rows(LABELS, CLASSES, plan(), groups=groups)
    assert [str(m).partition(";")[0] for m in caught.value.mistakes] == [
        "class b: has 1 groups of rows that belong together"
    ]


def test_by_time_what_judges_is_later_than_what_trains_and_equal_times_are_not_parted() -> None:
    rng = np.random.default_rng(1)
    times = rng.permutation(np.repeat(np.arange(50.0), 4))
    labels = rng.integers(0, 2, 200)
    splits = split_rows(labels, CLASSES, plan(), times=times)
    assert len(splits.held_out) == 40
    for fit, judge in ((splits.training, splits.held_out), *splits.folds, *splits.judging):
        assert times[fit].max() < times[judge].min()
    assert len(splits.folds) == 5
    assert len(splits.judged) == 200 - len(splits.judging[0][0])


def test_a_class_that_comes_late_is_refused_by_time() -> None:
    labels = np.array([0] * 60 + [1] * 40)
    with pytest.raises(InvalidInput, match="parted by time") as caught:
        split_rows(labels, CLASSES, plan(), times=np.arange(100.0))
    assert [m.place for m in caught.value.mistakes] == ["class b"]
