"""An algorithm's answers calibrated, and the model that is served with the calibration in it."""

from __future__ import annotations

from typing import Any

from service.evaluation.finals import Final
from service.evaluation.metrics import Floats
from service.evaluation.workbench import Workbench
from service.training.algorithms import ALGORITHMS
from service.training.calibration import IN_DOUBLES, IN_FLOAT32, Chosen, choose_calibration
from service.training.export import Parity, compare_answers, run_onnx
from service.training.export_calibration import add_calibration


def calibrate_folds(bench: Workbench, algorithm: str, answers: Floats, folds: Any, method: str) -> Chosen:
    """Answers out of fold [n, classes], calibrated by what the other folds say; and the map for new rows."""
    limits = IN_DOUBLES if ALGORITHMS[algorithm].arithmetic else IN_FLOAT32
    judged = [judge for _, judge in folds]
    return choose_calibration(answers, bench.truth, judged, method=method, limits=limits)


def export_calibrated(bench: Workbench, algorithm: str, final: Final, answers: Floats) -> tuple[Chosen, bytes, Parity]:
    """The calibration that wins on `answers` out of fold, the model with it, and its parity on every row.

    Where a calibration would cost the parity, the model goes without one.
    """
    data, rows, within = bench.dataset, bench.dataset.rows(), ALGORITHMS[algorithm].parity
    for method in (bench.problem.calibration, "none"):
        chosen = calibrate_folds(bench, algorithm, answers, bench.splits.folds, method)
        model = add_calibration(final.graph, chosen.calibration)
        parity = compare_answers(
            chosen.calibration.apply(final.answers), run_onnx(model, rows, data.spec), within=within
        )
        if parity.holds:
            break
    return chosen, model, parity
