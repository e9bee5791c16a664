"""An algorithm's answers calibrated, and the model that is served with the calibration in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from service.evaluation.metrics import Floats
from service.evaluation.workbench import Workbench
from service.training.algorithms import ALGORITHMS
from service.training.calibration import IN_DOUBLES, IN_FLOAT32, Chosen, choose_calibration
from service.training.export import Parity, compare_answers, export_onnx, run_onnx
from service.training.export_calibration import add_calibration


def calibrate_folds(bench: Workbench, algorithm: str, answers: Floats, folds: Any, method: str) -> Chosen:
    """Answers out of fold [n, classes], calibrated by what the other folds say; and the map for new rows."""
    limits = IN_DOUBLES if ALGORITHMS[algorithm].arithmetic else IN_FLOAT32
    judged = [judge for _, judge in folds]
    return choose_calibration(answers, bench.truth, judged, method=method, limits=limits)


def export_calibrated(
    bench: Workbench, algorithm: str, pipeline: Pipeline, answers: Floats
) -> tuple[Chosen, bytes, Parity]:
    """The calibration that wins on `answers` out of fold, the model with it, and its parity on every row.

    Where a calibration would cost the parity, the model goes without one.
    """
    data, rows, within = bench.dataset, bench.dataset.rows(), ALGORITHMS[algorithm].parity
    plain = export_onnx(pipeline, name=bench.problem.name, spec=data.spec)
    ours = np.asarray(pipeline.predict_proba(rows), dtype=np.float64)
    for method in (bench.problem.calibration, "none"):
        chosen = calibrate_folds(bench, algorithm, answers, bench.splits.folds, method)
        model = add_calibration(plain, chosen.calibration)
        parity = compare_answers(chosen.calibration.apply(ours), run_onnx(model, rows, data.spec), within=within)
        if parity.holds:
            break
    return chosen, model, parity
