"""Boosting answers after its export as before it, from missing numbers and categories too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from service.training.algorithms import ALGORITHMS
from service.training.boosting import is_installed, register_converters
from service.training.datasets import Dataset
from service.training.export import export_onnx, measure_parity, run_onnx
from service.training.pipeline import build_pipeline, fit_pipeline

NAMES = ("hist_gradient_boosting", "lightgbm", "xgboost")


def _table(rows: int = 600) -> tuple[Dataset, np.ndarray]:
    """Numbers of several sizes, a tenth missing, and labels of which being missing says something."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=rows) * 10.0**i for i in range(-2, 4)})
    missing = rng.random(frame.shape) < 0.1
    truth = ((frame["x0"] + frame["x1"] / 10 > 0) ^ missing[:, 2]).to_numpy().astype(np.intp)
    frame = frame.mask(missing)
    return Dataset("t", frame, truth.astype(str).astype(object), "y", "0" * 64), truth


@pytest.mark.parametrize("name", NAMES)
def test_missing_numbers_are_learnt_from_and_answered_alike(name: str) -> None:
    if not is_installed(ALGORITHMS[name].package):
        pytest.skip(f"{ALGORITHMS[name].package} is not installed")
    dataset, truth = _table()
    few = {"max_iter" if name == "hist_gradient_boosting" else "n_estimators": 30}
    pipeline = build_pipeline(name, few, dataset, classes=2)
    assert "impute" not in dict(pipeline.steps)
    rows = dataset.rows()
    fit_pipeline(pipeline, rows[:400], truth[:400])
    assert (pipeline.predict(rows[400:]) == truth[400:]).mean() > 0.8
    model = export_onnx(pipeline, name="t", spec=dataset.spec)
    parity = measure_parity(pipeline, model, rows, dataset.spec, within=ALGORITHMS[name].parity)
    assert parity.holds, parity
    nothing = np.full((1, 6), np.nan)
    np.testing.assert_allclose(run_onnx(model, nothing, dataset.spec), pipeline.predict_proba(nothing), atol=1e-6)
    assert export_onnx(pipeline, name="t", spec=dataset.spec) == model


def test_thresholds_are_learnt_on_what_arrives() -> None:
    """Numbers that only a float64 tells apart are one number to the model: it is given float32."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    frame = pd.DataFrame({"x": 1e6 + truth * 1e-3 + rng.random(300) * 1e-4})
    dataset = Dataset("t", frame, truth.astype(str).astype(object), "y", "0" * 64)
    rows = dataset.rows()
    pipeline = fit_pipeline(build_pipeline("hist_gradient_boosting", {}, dataset, classes=2), rows, truth)
    model = export_onnx(pipeline, name="t", spec=dataset.spec)
    assert measure_parity(pipeline, model, rows, dataset.spec).holds
    assert np.ptp(pipeline.predict_proba(rows)[:, 1]) == 0


def test_other_classifiers_are_left_to_skl2onnx() -> None:
    register_converters(ALGORITHMS["softmax"].build({}, 0, False, 2))
