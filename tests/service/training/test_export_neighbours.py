"""Nearest neighbours are written as ONNX in doubles, and only where the graph says what they do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from service.bundle.columns import InputSpec
from service.training.datasets import Dataset
from service.training.export import export_onnx, measure_parity
from service.training.pipeline import build_pipeline, fit_pipeline

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("neighbours", [1, 4, 15])
@pytest.mark.parametrize("classes", [2, 3])
def test_rows_never_seen_get_the_same_votes(neighbours: int, classes: int) -> None:
    frame = pd.DataFrame(RNG.normal(size=(300, 4)) * [1, 10, 1e-3, 1e5], columns=list("abcd"))
    truth = RNG.integers(0, classes, 300)
    dataset = Dataset("t", frame, truth.astype(str).astype(object), "y", "0" * 64)
    pipeline = build_pipeline("k_nearest_neighbours", {"n_neighbors": neighbours}, dataset, classes=classes)
    fit_pipeline(pipeline, dataset.rows()[:200], truth[:200])
    model = export_onnx(pipeline, name="t", spec=dataset.spec)
    parity = measure_parity(pipeline, model, dataset.rows(), dataset.spec)
    assert parity.labels_differ == 0
    assert parity.largest_gap <= 1e-12


def test_votes_by_distance_are_refused_rather_than_written_wrongly() -> None:
    model = KNeighborsClassifier(weights="distance").fit(RNG.normal(size=(20, 2)), np.arange(20) % 2)
    with pytest.raises(ValueError, match="each with one vote"):
        export_onnx(Pipeline([("classifier", model)]), name="t", spec=InputSpec.of_numbers(("a", "b")))
