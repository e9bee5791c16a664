"""The winner beside what people would use instead: boosting at its defaults, and the model that is released now.

All answer the same held-out rows; where the table has changed, the released model may have been trained on some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.bundle.decision import decide
from service.bundle.folder import Release
from service.evaluation.comparison import train
from service.evaluation.findings import Findings
from service.evaluation.metrics import Floats
from service.training.algorithms import ALGORITHMS
from service.training.calibration import log_losses
from service.training.export import run_onnx

BOOSTING = "hist_gradient_boosting"


@dataclass(frozen=True)
class Beside:
    """One model on the held-out rows: the share that is right, and the log loss."""

    model: str
    accuracy: float
    log_loss: float


def set_beside(found: Findings, released: Release | None) -> list[Beside]:
    """The winner, boosting, and the released model where it takes the same columns and tells the same classes."""
    bench, winner = found.bench, found.winner
    truth, held_out = bench.truth[bench.splits.held_out], winner.held_out.evaluation
    rows = [_measure(ALGORITHMS[winner.algorithm].title, truth, held_out.probabilities, held_out.predicted)]
    if not bench.dataset.texts:  # boosting learns from no texts
        boosted = _answer_by_boosting(found)
        rows.append(_measure(f"{ALGORITHMS[BOOSTING].title}, defaults", truth, boosted, boosted.argmax(axis=1)))
    if released is not None and _is_comparable(found, released):
        manifest = released.manifest
        answers = run_onnx(released.model_bytes, bench.dataset.rows()[bench.splits.held_out], manifest.input)
        predicted = decide(answers, manifest.classes, manifest.thresholds)
        rows.append(_measure(f"released, version {manifest.version}", truth, answers, predicted))
    return rows


def _answer_by_boosting(found: Findings) -> Floats:
    bench = found.bench
    pipeline = train(bench, BOOSTING, {}, bench.splits.training)
    return np.asarray(pipeline.predict_proba(bench.dataset.rows()[bench.splits.held_out]), dtype=np.float64)


def _is_comparable(found: Findings, released: Release) -> bool:
    bench, manifest = found.bench, released.manifest
    return manifest.input.features == bench.dataset.features and manifest.classes == bench.classes


def _measure(model: str, truth: NDArray[np.intp], answers: Floats, predicted: NDArray[np.intp]) -> Beside:
    return Beside(model, float((predicted == truth).mean()), float(log_losses(truth, answers).mean()))
