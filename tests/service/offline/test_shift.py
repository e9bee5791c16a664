"""Shift is in the labels and is declared beyond doubt only; drift is in the inputs and is never called shift."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from service.__main__ import main
from service.bundle import reference
from service.bundle.classifier import Classifier
from service.offline.comparing import ShiftReport, compare_feedback
from service.offline.feedback import read_feedback
from service.training.datasets import load_bundled, load_csv

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load(ROOT / "service" / "released" / "tumour")


@pytest.fixture(scope="module")
def lines(classifier: Classifier) -> list[dict[str, Any]]:
    dataset = load_bundled("tumour")
    _, probabilities = classifier.predict(dataset.rows())
    return [
        {
            "label": str(label),
            "probabilities": dict(zip(classifier.manifest.classes, map(float, shares), strict=True)),
            "features": row.tolist(),
            "time": f"2026-01-{1 + number // 20:02d}T00:00:00",
        }
        for number, (label, shares, row) in enumerate(zip(dataset.labels, probabilities, dataset.rows(), strict=True))
    ]


def _compare(classifier: Classifier, path: Path, lines: list[dict[str, Any]], **more: Any) -> ShiftReport:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return compare_feedback(classifier.manifest, read_feedback(path, classifier.manifest), resamples=200, **more)


def test_predictions_as_good_as_released_are_no_shift(
    classifier: Classifier, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    report = _compare(classifier, tmp_path / "f.jsonl", lines, windows=3)
    assert (report.shifts, report.drifts) == ((), ())
    assert report.command == ""
    assert report.window == "2026-01-01T00:00:00 to 2026-01-29T00:00:00"


def test_changed_labels_are_shift_with_metric_class_and_window(
    classifier: Classifier, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    late = [
        {**line, "label": "benign"} if n >= 285 and line["label"] == "malignant" and rng.random() < 0.7 else line
        for n, line in enumerate(lines)
    ]
    report = _compare(classifier, tmp_path / "f.jsonl", late, windows=2)
    named = {(shift.metric, shift.class_name, shift.window) for shift in report.shifts}
    second = "window 2 of 2 (rows 286 to 569)"
    assert ("recall", "benign", second) in named
    assert ("specificity", "", second) in named
    assert not any("window 1" in window for _, _, window in named)
    assert report.drifts == ()
    assert report.command == "outlast model train --problem tumour --csv <table> --target <column>"
    assert "Concept shift" in report.recommendation


def test_the_command_that_retrains_has_a_table_with_the_new_rows_in_it(
    classifier: Classifier, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    feedback, table = tmp_path / "f.jsonl", tmp_path / "table.csv"
    wrong = [{**line, "label": "benign"} for line in lines[:300]]
    wrong[0] = {**wrong[0], "features": [None, *wrong[0]["features"][1:]]}
    feedback.write_text("".join(json.dumps(line) + "\n" for line in wrong))
    asked = ["shift", "--model", "tumour", "--feedback", str(feedback), "--json", "--table", str(table)]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 5, result.stderr
    command = f"outlast model train --problem tumour --csv {table} --target diagnosis"
    assert json.loads(result.stdout)["command"] == command
    assert result.stderr.splitlines()[-1] == f"hint: {command}"
    written, known = load_csv(table, "diagnosis"), load_bundled("tumour")
    assert written.features == known.features
    assert list(written.labels) == [*known.labels, *["benign"] * 300]
    np.testing.assert_array_equal(written.rows()[:569], known.rows())
    assert np.isnan(written.rows()[569, 0])
    np.testing.assert_array_equal(written.rows()[570:], known.rows()[1:300])
    again = CliRunner().invoke(main, asked)
    assert again.exit_code == 3
    assert "exists" in again.stderr
    plain = [{"label": line["label"], "predicted": line["label"]} for line in lines[:30]]
    feedback.write_text("".join(json.dumps(line) + "\n" for line in plain))
    assert "no rows to train on" in CliRunner().invoke(main, [*asked[:-1], f"{table}.new"]).stderr


def test_changed_inputs_alone_are_drift_and_not_shift(
    classifier: Classifier, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    moved = [{**line, "features": [line["features"][0] * 1.3, *line["features"][1:]]} for line in lines]
    report = _compare(classifier, tmp_path / "f.jsonl", moved)
    assert report.shifts == ()
    assert [drift.feature for drift in report.drifts] == ["mean_radius"]
    assert report.to_document()["shift"] is False
    assert "No concept shift" in report.recommendation


def test_predictions_without_labels_show_drift_and_how_right_they_expect_to_be(
    classifier: Classifier, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    unlabelled = [{key: value for key, value in line.items() if key != "label"} for line in lines]
    clean = _compare(classifier, tmp_path / "f.jsonl", unlabelled)
    assert (clean.live, clean.worse, clean.drifts, clean.labelled) == ({}, (), (), False)
    assert clean.expected_right is not None
    assert 0.9 < clean.expected_right < 1.0
    assert "No line has a label" in clean.recommendation
    moved = [{**line, "features": [line["features"][0] * 1.5, *line["features"][1:]]} for line in unlabelled]
    (tmp_path / "f.jsonl").write_text("".join(json.dumps(line) + "\n" for line in moved))
    result = CliRunner().invoke(main, ["shift", "--model", "tumour", "--feedback", str(tmp_path / "f.jsonl")])
    assert result.exit_code == 0, result.stderr
    assert "predictions without labels" in result.stdout
    assert "drift, not shift: mean_radius, stability" in result.stdout


def test_labels_alone_cannot_tell_why_it_is_worse(
    classifier: Classifier, lines: list[dict[str, Any]], tmp_path: Path
) -> None:
    wrong = [{"label": "benign", "predicted": "malignant"}] * 60 + [{"label": "benign", "predicted": "benign"}] * 60
    report = _compare(classifier, tmp_path / "f.jsonl", wrong)
    assert report.shifts == ()
    assert report.worse
    assert report.cause is not None
    assert report.cause.name == "unknown"
    assert "cause unknown" in report.recommendation


def test_few_bad_answers_are_not_yet_shift(classifier: Classifier, lines: list[dict[str, Any]], tmp_path: Path) -> None:
    """Three wrong of forty: worse than released, but the interval still reaches it."""
    few = [{"label": line["label"], "predicted": line["label"]} for line in lines[200:240]]
    for line in few[::15]:
        line["label"] = "benign" if line["label"] == "malignant" else "malignant"
    report = _compare(classifier, tmp_path / "f.jsonl", few)
    assert report.live["accuracy"].measure.value == pytest.approx(37 / 40)
    assert report.shifts == ()
    assert "log_loss" not in report.live, "nothing is said of probabilities that were not given"


Draw = Callable[[np.random.Generator], Any]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_stability_and_ks_are_zero_for_the_same_and_grow_with_the_distance(seed: int) -> None:
    column = np.random.default_rng(seed).normal(size=500)
    known = reference.describe_numbers(column)
    assert sum(known["counts"]) == 500
    measured = []
    for moved in (0.0, 0.5, 2.0):
        expected, live = reference.count_like(known, column + moved)
        measured.append((reference.population_stability(expected, live), reference.kolmogorov_smirnov(expected, live)))
    assert measured[0] == (0.0, 0.0)
    assert measured == sorted(measured)
    assert 0 < measured[1][1] < measured[2][1] <= 1


def test_the_binned_ks_never_overstates() -> None:
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(3)
    for moved in (0.0, 0.2, 1.0):
        a, b = rng.normal(size=400), rng.normal(size=300) + moved
        expected, live = reference.count_like(reference.describe_numbers(a), b)
        assert reference.kolmogorov_smirnov(expected, live) <= ks_2samp(a, b).statistic + 1e-9


def test_a_category_never_seen_counts_as_a_bin_of_its_own() -> None:
    known = reference.describe_categories(["a", "a", "b", ""])
    assert known == {"kind": "categorical", "counts": {"a": 2, "b": 1}, "missing": 1}
    expected, live = reference.count_like(known, ["a", "c", "c", ""])
    assert (expected.tolist(), live.tolist()) == ([2, 1, 0], [1, 0, 2])
    assert reference.population_stability(expected, live) > 1
