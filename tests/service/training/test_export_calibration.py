"""The calibrated model that is served answers like the map that was learnt, digit for digit of a double."""

from __future__ import annotations

import numpy as np
import pytest

from service.training.calibration import IN_FLOAT32, Plain, choose_calibration
from service.training.datasets import load_bundled
from service.training.export import export_onnx, run_onnx
from service.training.export_calibration import add_calibration
from service.training.pipeline import build_pipeline, encode_labels, fit_pipeline


@pytest.mark.parametrize("algorithm", ["naive_bayes", "decision_tree"])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("name", ["tumour", "digits"])
def test_parity_of_calibrated_models(name: str, method: str, algorithm: str) -> None:
    dataset = load_bundled(name)
    classes, truth = encode_labels(dataset, "malignant")
    rows = dataset.rows()
    parameters = {"max_depth": 4} if algorithm == "decision_tree" else {"var_smoothing": 1e-3}
    pipeline = build_pipeline(algorithm, parameters, dataset, classes=len(classes))
    fit_pipeline(pipeline, rows[::2], truth[::2])
    answers = np.asarray(pipeline.predict_proba(rows), dtype=np.float64)
    folds = [np.arange(start, len(rows), 3) for start in range(3)]
    calibration = choose_calibration(answers, truth, folds, method=method, limits=IN_FLOAT32).calibration
    plain = export_onnx(pipeline, name=name, spec=dataset.spec)
    model = add_calibration(plain, calibration)
    served, meant = run_onnx(model, rows, dataset.spec), calibration.apply(answers)
    assert np.abs(served - meant).max() <= 1e-6
    assert (served.argmax(axis=1) == meant.argmax(axis=1)).all()
    assert np.abs(served - run_onnx(plain, rows, dataset.spec)).max() > 1e-3, "there was something to calibrate"
    assert add_calibration(plain, calibration) == model, "the same map must give the same bytes"


def test_without_a_map_not_a_byte_changes() -> None:
    assert add_calibration(b"any bytes", Plain()) == b"any bytes"
