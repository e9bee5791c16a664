"""A search with a budget ends in time, spends it on what looks best, and always has an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from service.training import halving
from service.training.halving import search_within
from service.training.tuning import Task

TRUTH = np.arange(1000) % 2
FOLDS = [(np.setdiff1d(np.arange(1000), judge), judge) for judge in np.array_split(np.arange(1000), 2)]
GRIDS = {"softmax": {"C": [0.1, 1.0, 10.0, 100.0, 1e3, 1e4]}, "naive_bayes": {}, "svm": {"C": [1.0, 2.0]}}


class _Fitter:
    """Answers better the larger C is; a fit takes as many seconds as it has hundreds of rows."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fits: list[tuple[str, float, int]] = []

    def predict(self, tasks: Sequence[Task]) -> list[Any]:
        answers = []
        for task in tasks:
            self.now += len(task.fit) / 100
            strength = float(task.parameters.get("C", 0.0))
            self.fits.append((task.algorithm, strength, len(task.fit)))
            right = 1 - 0.5 / (1 + np.log1p(strength))
            answers.append(np.where(np.eye(2)[TRUTH[task.judge]] == 1, right, 1 - right))
        return answers


def _search(minutes: float, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], _Fitter]:
    monkeypatch.setattr(halving, "_FEWEST_ROWS", 20)
    fitter: Any = _Fitter()
    found = search_within(fitter, GRIDS, FOLDS, TRUTH, minutes=minutes, clock=lambda: fitter.now)
    return found, fitter


def test_with_time_enough_every_point_is_tried_small_and_the_better_third_on_all_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, fitter = _search(60, monkeypatch)
    assert list(found) == list(GRIDS)
    assert Counter(rows for _, _, rows in fitter.fits) == {56: 18, 166: 8, 500: 6}
    assert found["softmax"][0].parameters == {"C": 1e4}
    assert {strength for name, strength, rows in fitter.fits if name == "softmax" and rows == 500} == {1e4}


def test_a_budget_that_is_too_short_is_spent_on_what_looks_best_and_hardly_overdrawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, fitter = _search(0.5, monkeypatch)
    assert "softmax" in found
    assert fitter.now <= 30 + 10, "one full fit beyond, at most"
    nothing, fitter = _search(1e-9, monkeypatch)
    assert [len(trials) for trials in nothing.values()] == [1], "an answer all the same"


def test_classes_are_drawn_alike_and_the_same_rows_each_time() -> None:
    truth = np.array([0] * 960 + [1] * 40)
    drawn = halving._draw(np.arange(1000), truth, 1 / 9)
    assert np.bincount(truth[drawn]).tolist() == [107, 4]
    np.testing.assert_array_equal(drawn, halving._draw(np.arange(1000), truth, 1 / 9))
    rare = np.array([0] * 997 + [1] * 3)
    assert np.bincount(rare[halving._draw(np.arange(1000), rare, 1 / 9)])[1] == 3, "a class can be calibrated"


def test_few_rows_are_not_made_fewer() -> None:
    fitter: Any = _Fitter()
    search_within(fitter, GRIDS, FOLDS, TRUTH, minutes=60, clock=lambda: fitter.now)
    assert {rows for _, _, rows in fitter.fits} == {166, 500}
