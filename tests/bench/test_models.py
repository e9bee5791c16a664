"""The part `models` judges all on the same rows, and prints what was missed as missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench import models
from bench.models import PEERS, Row, Score, judge, measure_table, render, score
from service.training.datasets import Dataset
from service.training.problem import ProblemFile, parse_problem


def _row(table: str, ours: Score) -> Row:
    peers = {name: Score(0.9 - place / 100, 0.3 + place / 100) for place, name in enumerate(PEERS)}
    return Row(table, 1000, 7, 2, ("softmax", "softmax", "random forest"), ours, peers, 12.3)


def test_targets_are_against_the_best_of_the_peers_in_each_metric() -> None:
    near, far = _row("near", Score(0.896, 0.305)), _row("far", Score(0.894, 0.307))
    assert near.points == pytest.approx(-0.4)
    assert far.ratio == pytest.approx(0.307 / 0.3)
    verdicts = judge([near, far])
    assert [verdict.met for verdict in verdicts] == [True, True, False, False]
    page = render([near, far], verdicts, (1, 2, 3), quick=False)
    assert "2 of 4 missed." in page
    assert page.count("**missed**") == 2
    assert "| near | 1,000 | 7 | 2 | softmax / random forest | 0.8960 | 0.9000 |" in page
    assert "A quick run" not in page
    assert "A quick run" in render([near], judge([near]), (1,), quick=True)


def test_scores_are_scikit_learns() -> None:
    truth, probabilities = np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.2, 0.8]])
    found = score(truth, probabilities, np.array([0, 0, 0, 1]))
    assert found.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.6, 0.4, 0.8]).mean())
    assert score(np.array([0, 1]), np.eye(2), np.array([0, 1])).log_loss > 0, "a ratio can be made of it"


def test_all_are_fitted_and_judged_on_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one algorithm on both sides and nothing to search, ours and the peer's answers are the same."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=300) for i in range(3)})
    labels = np.where(frame["x0"] + rng.normal(size=300) / 2 > 0, "yes", "no").astype(object)

    def draft(dataset: Dataset, seed: int) -> ProblemFile:
        text = (
            'objective = "x"\npositive_class = "yes"\n[costs]\nfalse_positive = 1\nfalse_negative = 1\n'
            f"[floors]\nrecall = 0.1\n[prepare]\ncalibration = 'none'\n[splits]\nseed = {seed}\n[grids.softmax]\n"
        )
        return parse_problem(text, name="t")

    monkeypatch.setattr(models, "PEERS", ("softmax",))
    monkeypatch.setattr(models, "_draft", draft)
    monkeypatch.setattr(models, "_JOBS", 1)
    row: Any = measure_table(Dataset("t", frame, labels, "y", "0" * 64), (1, 2))
    assert row.ours.log_loss == pytest.approx(row.peers["softmax"].log_loss, abs=1e-9)
    assert (row.rows, row.features, row.classes) == (300, 3, 2)
    assert row.winners == ("softmax logistic regression",) * 2
