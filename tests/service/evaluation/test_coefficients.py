"""The coefficients of linear models stand beside each other by the name of their column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from service.evaluation import coefficients
from service.evaluation.coefficients import gather_coefficients, name_columns, name_weights
from service.training.datasets import Dataset
from service.training.pipeline import build_pipeline, fit_pipeline

NOTES = ["buy it now", "lunch at noon", "buy lunch", "now or never"] * 10


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    frame = pd.DataFrame({"size": np.arange(40.0), "note": NOTES, "plan": ["a", ""] * 20})
    labels = np.array(["x", "y"] * 20, dtype=object)
    return Dataset("table", frame, labels, "t", "0" * 64, texts=frozenset({"note"}))


def test_each_column_is_named_by_what_it_is(dataset: Dataset) -> None:
    pipeline = build_pipeline("softmax", {"text": "both"}, dataset, classes=2)
    names = name_columns(fit_pipeline(pipeline, dataset.rows(), [0, 1] * 20), dataset.features)
    assert names[:5] == ["size", "plan = (missing)", "plan = a", "note: 'at'", "note: 'at noon'"]
    assert "note: characters ' no'" in names


def test_what_only_one_model_has_weighs_nothing_in_the_other(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = {
        name: fit_pipeline(build_pipeline("softmax", {"text": unit}, dataset, classes=2), dataset.rows(), [0, 1] * 20)
        for name, unit in (("ours", "words"), ("theirs", "characters"))
    }
    named = {name: name_weights(pipeline, dataset.features) for name, pipeline in fitted.items()}
    columns, weights = gather_coefficients(named)
    assert weights["ours"].shape == weights["theirs"].shape == (1, len(columns))
    lonely = columns.index("note: characters 'buy'")
    assert weights["ours"][0, lonely] == 0 != weights["theirs"][0, lonely]
    monkeypatch.setattr(coefficients, "_MOST_COLUMNS", 3)
    assert len(gather_coefficients(named)[0]) == 3
