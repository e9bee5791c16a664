"""Drift is found in columns and answers, without labels; what is clean raises no alarm, what is gone is named."""

from __future__ import annotations

import numpy as np
import pytest

from service.bundle.classifier import Classifier
from service.bundle.folder import RELEASED
from service.offline.drift import find_drift
from service.training.datasets import load_bundled

LEVEL = 0.02 / 31


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load(RELEASED / "tumour")


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.asarray(load_bundled("tumour").rows(), dtype=np.float64)


def test_rows_of_training_raise_no_alarm(classifier: Classifier, rows: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    for n in (20, 60, 300):
        for _ in range(10):
            drawn = rows[rng.integers(0, len(rows), n)]
            labels = classifier.predict(drawn).labels.tolist()
            assert find_drift(classifier.manifest, drawn.tolist(), labels, level=LEVEL) == []


def test_a_column_that_moved_is_named_and_so_are_other_answers(classifier: Classifier, rows: np.ndarray) -> None:
    moved = rows.copy()
    moved[:, 0] *= 1.4
    found = find_drift(classifier.manifest, moved.tolist(), ["malignant"] * len(moved), level=LEVEL)
    assert {drift.feature for drift in found} == {"mean_radius", "(label)"}
    assert all("stability" in drift.words for drift in found)


def test_a_column_that_is_missing_in_every_row_is_named_as_that(classifier: Classifier, rows: np.ndarray) -> None:
    gone = rows[:40].copy()
    gone[:, 3] = np.nan
    labels = classifier.predict(rows[:40]).labels.tolist()
    (drift,) = [d for d in find_drift(classifier.manifest, gone.tolist(), labels, level=LEVEL) if d.missing]
    assert drift.words == "mean_area is missing in every live row (in training in 0.0%)"
    some = rows[:40].copy()
    some[:15, 3] = np.nan
    named = [d.words for d in find_drift(classifier.manifest, some.tolist(), labels, level=LEVEL) if d.missing]
    assert named == ["mean_area is missing in 37.5% (in training 0.0%)"]


def test_answers_alone_are_looked_at_where_no_features_came(classifier: Classifier) -> None:
    found = find_drift(classifier.manifest, None, ["malignant"] * 100, level=LEVEL)
    assert [drift.feature for drift in found] == ["(label)"]
