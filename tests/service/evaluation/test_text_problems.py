"""Problems of text walked from the table to the release: one made up here, and those that are fetched, if they are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.bundle.classifier import Classifier
from service.errors import Unavailable
from service.evaluation import steps
from service.evaluation.findings import gather_findings
from service.evaluation.workbench import Workbench
from service.training.datasets import load_csv
from service.training.draft import draft_problem
from service.training.export import export_onnx, measure_parity
from service.training.fetched import SOURCES, load_fetched
from service.training.pipeline import build_pipeline, fit_pipeline
from service.training.problem import load_problem, parse_problem

MAIL, TALK = ["free", "offer", "buy", "now", "$", "!", "win"], ["lunch", "meeting", "noon", "report", "café", "?"]


@pytest.mark.slow
def test_a_table_with_text_is_explored_reported_and_released(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    lines = ["note,size,plan,kind"]
    for row in range(240):
        words = (MAIL, TALK)[row % 2]
        note = " ".join(rng.choice(words if rng.random() < 0.9 else MAIL + TALK, 9))
        plan, kind = rng.choice(["a", "b", ""]), ("spam", "ham")[row % 2]
        lines.append(f"{note} {row},{rng.normal() + row % 2:.3f},{plan},{kind}")
    (tmp_path / "notes.csv").write_text("\n".join(lines) + "\n")
    dataset = load_csv(tmp_path / "notes.csv", "kind")
    problem = parse_problem(draft_problem("notes", "kind", dataset.labels.tolist(), texts=True), name="notes")
    grids: Any = {
        "softmax": {"text": ["both"], "C": [10.0]},
        "one_vs_rest": {"text": ["words"], "C": [10.0]},
        "multinomial_naive_bayes": {"alpha": [0.1]},
        "dummy": {},
    }
    bench = Workbench(replace(problem, grids=grids), dataset, tmp_path / "artifacts")
    for step in (steps.frame, steps.inspect_data, steps.explore_data, steps.prepare):
        step(bench)
    assert json.loads((bench.folder / "data.json").read_text())["columns"][0]["type"] == "text"
    found = gather_findings(bench, released=None, resamples=100)
    report = steps.present(found).read_text()
    assert re.search(r"<td>note: (characters )?&#39;", report), "the heaviest n-grams are shown"
    done = steps.release(found, now=datetime(2026, 11, 29, tzinfo=UTC), released=tmp_path / "released")
    classifier = Classifier.load(done.release.folder)
    asked: list[list[Any]] = [["Buy NOW, you win!!!", 0.1, None], ["Lunch at noon? Café!", 0.9, "b"]]
    assert classifier.predict(asked).labels.tolist() == ["spam", "ham"]
    assert [column.type for column in done.release.manifest.input.columns] == ["text", "number", "category"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "algorithm", "parameters", "bar"),
    [
        ("spam", "linear_svm", {"text": "words", "C": 1.0}, 0.98),
        ("languages", "softmax", {"text": "characters", "C": 10.0}, 0.97),
        ("languages", "multinomial_naive_bayes", {"text": "characters", "alpha": 0.01}, 0.97),
    ],
)
def test_the_bar_is_reached_on_held_out_rows(
    name: str, algorithm: str, parameters: dict[str, Any], bar: float, tmp_path: Path
) -> None:
    try:
        dataset = load_fetched(name)
    except Unavailable as error:
        pytest.skip(f"{error.what}; {error.hint}")
    bench = Workbench(load_problem(name), dataset, tmp_path)
    splits, rows = bench.splits, dataset.rows()
    pipeline = build_pipeline(algorithm, parameters, dataset, classes=len(bench.classes))
    fit_pipeline(pipeline, rows[splits.training], bench.truth[splits.training])
    assert (pipeline.predict(rows[splits.held_out]) == bench.truth[splits.held_out]).mean() >= bar
    some = rows[splits.held_out[:300]]
    parity = measure_parity(pipeline, export_onnx(pipeline, name=name, spec=dataset.spec), some, dataset.spec)
    assert parity.holds, parity


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_learnt_from_other_peoples_texts_is_not_committed(name: str) -> None:
    assert steps.home_of(load_problem(name)).name == "drafts"
