"""The formula behind a SavedModel is the model; with TensorFlow installed, so is the SavedModel."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from service.errors import InvalidInput, Unavailable
from service.training.algorithms import LINEAR
from service.training.datasets import Dataset, load_bundled
from service.training.pipeline import build_pipeline, encode_labels, fit_pipeline
from service.training.savedmodel import export_savedmodel, measure_savedmodel_parity, read_linear_form

HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None


def _fit(algorithm: str, dataset: Dataset) -> Pipeline:
    classes, truth = encode_labels(dataset, "malignant")
    pipeline = build_pipeline(algorithm, {"C": 0.1}, dataset, classes=len(classes))
    return fit_pipeline(pipeline, dataset.rows(), truth)


@pytest.mark.parametrize("algorithm", LINEAR)
@pytest.mark.parametrize("name", ["tumour", "digits"])
def test_the_formula_is_the_model(name: str, algorithm: str) -> None:
    dataset = load_bundled(name)
    pipeline, rows = _fit(algorithm, dataset), dataset.rows().copy()
    rows[3, 2] = np.nan
    np.testing.assert_allclose(
        read_linear_form(pipeline).evaluate(rows), pipeline.predict_proba(rows), rtol=0, atol=1e-12
    )


@pytest.mark.skipif(not HAS_TENSORFLOW, reason="TensorFlow is an optional extra: pip install .[savedmodel]")
@pytest.mark.parametrize("algorithm", LINEAR)
@pytest.mark.parametrize("name", ["tumour", "digits"])
def test_parity_of_the_savedmodel_on_every_row(name: str, algorithm: str, tmp_path: Path) -> None:
    dataset = load_bundled(name)
    pipeline = _fit(algorithm, dataset)
    export_savedmodel(pipeline, tmp_path / "saved")
    assert measure_savedmodel_parity(pipeline, tmp_path / "saved", dataset.rows()).holds


@pytest.mark.skipif(HAS_TENSORFLOW, reason="TensorFlow is installed")
def test_without_tensorflow_it_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        export_savedmodel(_fit("softmax", load_bundled("tumour")), tmp_path)
    assert ".[savedmodel]" in caught.value.hint


def test_what_is_not_linear_is_refused() -> None:
    dataset = load_bundled("tumour")
    _, truth = encode_labels(dataset, "malignant")
    pipeline = fit_pipeline(build_pipeline("naive_bayes", {}, dataset, classes=2), dataset.rows(), truth)
    with pytest.raises(InvalidInput, match="no linear formula"):
        read_linear_form(pipeline)
