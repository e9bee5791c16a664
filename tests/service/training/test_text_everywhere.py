"""A table with free text beside numbers and categories: training, graph, endpoint and scored file answer alike."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from service.bundle.classifier import Classifier
from service.bundle.rows import prepare_rows, read_rows
from service.errors import InvalidInput
from service.evaluation.workbench import Workbench
from service.offline.batch import predict_file
from service.server.protocol.named import decode_named
from service.server.protocol.tensors import as_model_input, decode_request
from service.training.algorithms import ALGORITHMS
from service.training.candidate import Candidate, write_candidate
from service.training.datasets import Dataset, load_bundled, load_csv
from service.training.draft import draft_problem
from service.training.export import export_onnx, measure_parity, run_onnx
from service.training.pipeline import build_pipeline, encode_labels, fit_pipeline
from service.training.problem import parse_problem

JSON = {b"content-type": b"application/json"}
MAIL, TALK = ["free", "offer", "buy", "now", "$", "!"], ["lunch", "meeting", "noon", "report", "café", "3"]
WORDS = [*MAIL, *TALK, "naïve", "我爱你", "привет", "שלום", "👩‍💻", "नमस्ते"]
HARD = ["", " NA ", "nan", "\u200b", "e\u0301" * 3, "\u202eשלום", "🇩🇪" * 9, "word " * 2100, '"quoted",\n line']
Row = Sequence[float | str | None]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    rng, path = np.random.default_rng(7), tmp_path_factory.mktemp("table") / "tickets.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["age", "note", "plan", "visits", "kind"])
        for _ in range(240):
            kind = int(rng.integers(0, 3))
            age = "" if rng.random() < 0.1 else f"{rng.normal(40, 9):.2f}"
            note = " ".join(rng.choice(WORDS[kind * 5 : kind * 5 + 8], 9))
            writer.writerow([age, note, rng.choice(["basic", "plus", ""]), rng.integers(0, 5), "xyz"[kind]])
    return load_csv(path, "kind")


class Trained:
    """One model in its forms. No dataclass: hypothesis would show the bytes of one."""

    def __init__(self, pipeline: Pipeline, model: bytes, classifier: Classifier) -> None:
        self.pipeline, self.model, self.classifier = pipeline, model, classifier


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    classes, truth = encode_labels(dataset, None)
    pipeline = build_pipeline("softmax", {"C": 100.0, "text": "both"}, dataset, classes=3)
    fit_pipeline(pipeline, dataset.rows(), truth)
    model = export_onnx(pipeline, name="tickets", spec=dataset.spec)
    candidate = Candidate("tickets", "softmax", dataset, model, classes, None, {}, dataset.labels.tolist())
    folder = tmp_path_factory.mktemp("released")
    write_candidate(candidate, folder, previous=None, now=datetime(2026, 11, 29, tzinfo=UTC))
    return Trained(pipeline, model, Classifier.load(folder))


def _ask(classifier: Classifier, row: Row) -> list[Any]:
    """The row by each way in, as the model takes it."""
    spec = classifier.manifest.input
    named = decode_named(spec, JSON, json.dumps({"features": dict(zip(spec.features, row, strict=True))}).encode())
    kinds = {"number": "FP64", "whole number": "INT64"}
    tensors = [
        {"name": c.name, "shape": [1, 1], "datatype": kinds.get(c.type, "BYTES"), "data": [value]}
        for c, value in zip(spec.columns, row, strict=True)
    ]
    asked = decode_request(spec, JSON, json.dumps({"inputs": tensors}).encode(), 8)
    return [as_model_input(request.rows, spec) for request in (named, asked)]


def _score(classifier: Classifier, rows: Sequence[Row], folder: Path) -> list[list[str]]:
    """The rows as a CSV file, scored: label and probabilities of each."""
    source, out = folder / "in.csv", folder / "out.csv"
    with source.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(classifier.manifest.input.features)
        writer.writerows(["" if value is None else value for value in row] for row in rows)
    predict_file(classifier, source, out, overwrite=True)
    with out.open(newline="", encoding="utf-8") as stream:
        return [
            [line["label"], *(line[f"probability_{name}"] for name in classifier.manifest.classes)]
            for line in csv.DictReader(stream)
        ]


_texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60) | st.sampled_from([*HARD, *WORDS])
_rows = st.tuples(
    st.none() | st.floats(-1e6, 1e6), _texts, st.sampled_from(["basic", "plus", "gold", None]), st.integers(-5, 5)
)


@pytest.mark.parametrize("text", [*HARD, *WORDS[-4:]])
def test_a_hard_text_has_one_answer_by_every_way(text: str, trained: Trained, tmp_path: Path) -> None:
    _compare(trained, tmp_path, [(None, text, "plus", 2), (41.5, "free offer", None, 0)])


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_rows, min_size=1, max_size=2))
def test_any_row_has_one_answer_by_every_way(trained: Trained, tmp_path: Path, rows: list[Row]) -> None:
    _compare(trained, tmp_path, rows)


def _compare(trained: Trained, folder: Path, rows: list[Row]) -> None:
    classifier, spec = trained.classifier, trained.classifier.manifest.input
    read, wrong = read_rows(spec, rows)
    assert wrong == []
    prepared = prepare_rows(spec, read)
    ours = trained.pipeline.predict_proba(prepared)
    labels, answers = classifier.predict(rows)
    assert np.abs(ours - run_onnx(trained.model, prepared, spec)).max() < 1e-9
    assert np.abs(ours - answers).max() <= 1e-5
    assert labels.tolist() == [classifier.manifest.classes[index] for index in ours.argmax(axis=1)]
    for place, row in enumerate(rows):
        for asked in _ask(classifier, row):
            assert np.abs(classifier.predict_probabilities(asked)[0] - answers[place]).max() <= 1e-6
    for line, label, answer in zip(_score(classifier, rows, folder), labels, answers, strict=True):
        assert line[0] == label
        assert np.array(line[1:], dtype=float) == pytest.approx(answer, abs=1e-5)


@pytest.mark.parametrize("algorithm", [name for name, algorithm in ALGORITHMS.items() if algorithm.texts])
def test_every_algorithm_that_reads_text_answers_in_onnx_as_trained(algorithm: str, dataset: Dataset) -> None:
    truth = encode_labels(dataset, None)[1]
    pipeline = build_pipeline(algorithm, {"text": "both"}, dataset, classes=3)
    fit_pipeline(pipeline, dataset.rows(), truth)
    parity = measure_parity(pipeline, export_onnx(pipeline, name="x", spec=dataset.spec), dataset.rows(), dataset.spec)
    assert parity.holds, parity


def test_a_released_model_of_text_gives_its_golden_answers(trained: Trained) -> None:
    manifest = trained.classifier.manifest
    assert trained.classifier.golden_failures() == []
    assert [column.type for column in manifest.input.columns] == ["number", "text", "category", "whole number"]
    assert manifest.reference["note"]["kind"] == "text"


def test_many_texts_are_answered_a_few_at_a_time(trained: Trained) -> None:
    rows: list[Row] = [[None, f"free offer {n}", "plus", 1] for n in range(100)]
    answers = trained.classifier.predict_probabilities(rows)
    assert answers.shape == (100, 3)
    assert (answers[99] == trained.classifier.predict_probabilities(rows[99:])[0]).all()


def test_an_algorithm_that_reads_no_text_is_refused_before_anything_is_fitted(dataset: Dataset, tmp_path: Path) -> None:
    text = draft_problem("tickets", "kind", dataset.labels.tolist(), texts=True)
    assert set(Workbench(parse_problem(text, name="tickets"), dataset, tmp_path).problem.grids) > {"softmax", "dummy"}
    problem = parse_problem(text + "[grids.random_forest]\n", name="tickets")
    with pytest.raises(InvalidInput, match="does not fit tickets") as caught:
        Workbench(problem, dataset, tmp_path)
    assert "grids.random_forest: learns from no free text, which note is" in str(caught.value)


def test_words_of_a_table_without_text_are_refused(tmp_path: Path) -> None:
    tumour = load_bundled("tumour")
    text = draft_problem("tumour", "diagnosis", tumour.labels.tolist(), texts=True)
    with pytest.raises(InvalidInput, match=r"does not fit tumour") as caught:
        Workbench(parse_problem(text, name="tumour"), tumour, tmp_path)
    assert "grids.softmax.text: says how free text is read" in str(caught.value)


def test_near_copies_of_a_text_lie_on_one_side_of_every_split(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    letters = [" ".join(rng.choice(WORDS, 40)) for _ in range(60)]
    lines = [f"{letters[row // 2]} {row},{'ab'[row // 2 % 2]}" for row in range(120)]
    (tmp_path / "letters.csv").write_text("note,t\n" + "\n".join(lines) + "\n")
    dataset = load_csv(tmp_path / "letters.csv", "t")
    problem = parse_problem(draft_problem("letters", "t", dataset.labels.tolist(), texts=True), name="letters")
    bench = Workbench(problem, dataset, tmp_path)
    pairs = np.arange(120) // 2
    for fit, judge in (*bench.splits.folds, *bench.splits.judging, (bench.splits.training, bench.splits.held_out)):
        assert not set(pairs[fit]) & set(pairs[judge])
    assert bench.copied_rows.tolist() == []
