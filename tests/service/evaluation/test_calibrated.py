"""What is served is the calibrated model, and parity comes before calibration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.evaluation import calibrated
from service.evaluation.calibrated import export_calibrated
from service.evaluation.comparison import train
from service.evaluation.finals import FittedHere
from service.evaluation.workbench import Workbench
from service.training.export import Parity, run_onnx


@pytest.fixture(scope="module")
def bench(workbench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    problem = replace(workbench.problem, calibration="auto")
    return Workbench(problem, workbench.dataset, tmp_path_factory.mktemp("calibrated"))


def _export(bench: Workbench) -> tuple[Any, bytes, Parity]:
    fitted = train(bench, "naive_bayes", {}, bench.splits.training)
    answers = bench.bench.predict_folds("naive_bayes", {}, bench.splits.folds)
    return export_calibrated(bench, "naive_bayes", FittedHere("naive_bayes", fitted, bench), answers)


def test_naive_bayes_is_sure_of_too_much_and_is_mended(bench: Workbench) -> None:
    chosen, model, parity = _export(bench)
    assert chosen.calibration.method in ("sigmoid", "isotonic")
    assert parity.holds
    held_out = bench.splits.held_out
    served = run_onnx(model, bench.dataset.rows()[held_out], bench.dataset.spec)
    true = served[np.arange(len(held_out)), bench.truth[held_out]]
    assert -np.log(true).mean() < 0.6 * chosen.losses["none"]


def test_a_calibration_that_would_cost_the_parity_is_left_out(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    parities = iter([Parity(1, 1.0, 0), Parity(1, 0.0, 0)])
    monkeypatch.setattr(calibrated, "compare_answers", lambda *_, **__: next(parities))
    chosen, _, parity = _export(bench)
    assert chosen.calibration.method == "none"
    assert parity.holds


def test_the_artifacts_of_a_problem_that_asks_for_none_are_uncalibrated(bench: Workbench, tmp_path: Path) -> None:
    plain = Workbench(replace(bench.problem, calibration="none"), bench.dataset, tmp_path)
    assert _export(plain)[0].calibration.method == "none"
