"""A candidate from the table and the rows that came back: compared on new rows, released only where asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.__main__ import main
from service.bundle.folder import RELEASED, read_digest
from service.training.datasets import load_bundled

SMALL = """
objective = "Tell malignant tumours."
data = "tumour"
positive_class = "malignant"
[costs]
false_positive = 1
false_negative = 5
[floors]
recall = 0.5
[splits]
held_out = 0.3
[grids.softmax]
C = [0.3]
[grids.dummy]
"""


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [False, True])
def test_a_candidate_is_compared_on_the_new_rows_and_nothing_is_released(tmp_path: Path, wrong: bool) -> None:
    known = load_bundled("tumour")
    labels = ["benign" if wrong else str(label) for label in known.labels[:200]]
    lines = [
        {"label": label, "predicted": "benign", "features": (row * 1.001).tolist()}
        for label, row in zip(labels, known.rows()[:200], strict=True)
    ]
    feedback, problem = tmp_path / "f.jsonl", tmp_path / "tumour.toml"
    feedback.write_text("".join(json.dumps(line) + "\n" for line in lines))
    problem.write_text(SMALL)
    before = read_digest(RELEASED / "tumour")
    asked = ["retrain", "--feedback", str(feedback), "--model", "tumour", "--problem", str(problem), "--jobs", "1"]
    result = CliRunner().invoke(main, [*asked, "--artifacts", str(tmp_path / "out"), "--json"])
    said = json.loads(result.stdout)
    assert 30 < said["compared"]["rows"] < 90, "some of the 200 new rows are held out"
    assert said["passed"] is (result.exit_code == 0), result.stderr
    assert (tmp_path / "out" / "model.onnx").exists()
    assert read_digest(RELEASED / "tumour") == before


def test_feedback_of_another_model_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"label": "7", "predicted": "7"}\n' * 30)
    result = CliRunner().invoke(main, ["retrain", "--feedback", str(path), "--model", "tumour"])
    assert result.exit_code == 2
    assert "is not one of the classes" in result.stderr
