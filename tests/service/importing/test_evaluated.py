"""Predictions get the metrics, intervals and report of a model, and are never released."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.importing.evaluated import Evaluated, evaluate_predictions

pytestmark = pytest.mark.usefixtures("quick")


def _evaluate(folder: Path, columns: dict[str, Any], **more: Any) -> Evaluated:
    path = folder / "theirs.csv"
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
    given = {"table": None, "positive": "yes", "threshold": None, "problem": None, "artifacts": folder / "out", **more}
    return evaluate_predictions(path, "y", **given)


TRUTH = ["yes", "no", "no", "yes"] * 10
SCORE = [0.9, 0.2, 0.6, 0.3] * 10


def test_probabilities_get_every_metric(tmp_path: Path) -> None:
    found = _evaluate(tmp_path, {"y": TRUTH, "score": SCORE})
    estimates = found.judged.measured.estimates
    assert estimates["accuracy"].measure.value == 0.5
    assert estimates["auc"].measure.value == 0.75
    report = found.report.read_text()
    assert "What is not known" in report
    assert "average precision" in report
    assert "May be released" not in report
    assert "nothing was released" in found.say()
    assert found.to_document()["read"] == {"the probability of yes": "score"}


def test_a_threshold_decides_as_asked(tmp_path: Path) -> None:
    found = _evaluate(tmp_path, {"y": TRUTH, "score": SCORE}, threshold=0.25)
    assert found.judged.measured.estimates["recall"].measure.value == 1


def test_labels_get_the_metrics_of_counts_alone(tmp_path: Path) -> None:
    found = _evaluate(tmp_path, {"y": TRUTH, "label": ["yes", "no", "yes", "no"] * 10})
    assert found.judged.measured.estimates["accuracy"].measure.value == 0.5
    assert "auc" not in found.judged.to_metrics()["judged"]
    assert "average precision" not in found.report.read_text()


def test_the_files_own_labels_count_more_than_the_half(tmp_path: Path) -> None:
    found = _evaluate(tmp_path, {"y": TRUTH, "score": SCORE, "label": TRUTH})
    assert found.judged.measured.estimates["accuracy"].measure.value == 1


@pytest.mark.parametrize("problem", ["tumour"])
def test_a_problem_files_costs_and_floors_are_shown(problem: str, tmp_path: Path) -> None:
    truth = np.where(np.array(TRUTH) == "yes", "malignant", "benign")
    found = _evaluate(tmp_path, {"y": truth, "score": SCORE}, positive=None, problem=problem)
    assert found.judged.positive == "malignant"
    assert "Refused." in found.report.read_text()
