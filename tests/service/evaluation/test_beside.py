"""The winner stands beside boosting and the released model, on the same held-out rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.bundle.folder import load_release
from service.evaluation.beside import set_beside
from service.evaluation.findings import Findings


def test_the_three_answer_the_same_held_out_rows(findings: Findings, released: Path) -> None:
    release = load_release(released / "tumour")
    winner, boosting, before = set_beside(findings, release)
    held_out = findings.winner.held_out.estimates
    assert winner.accuracy == pytest.approx(held_out["accuracy"].measure.value)
    assert winner.log_loss == pytest.approx(held_out["log_loss"].measure.value)
    assert boosting.model == "histogram gradient boosting, defaults"
    assert boosting.accuracy > 0.9
    said = release.manifest.metrics["held_out"]
    assert before.accuracy == pytest.approx(said["accuracy"]["value"], abs=1e-6)
    assert before.log_loss == pytest.approx(said["log_loss"]["value"], abs=1e-6)


def test_a_released_model_of_other_columns_is_not_compared(findings: Findings, released: Path) -> None:
    assert len(set_beside(findings, load_release(released / "digits"))) == len(set_beside(findings, None)) == 2
