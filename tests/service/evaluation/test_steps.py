"""From a problem to a release: what each step leaves, what the gate lets through, and what stays as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import onnx
import pytest

from service.bundle.classifier import Classifier
from service.bundle.decision import decide
from service.bundle.folder import load_release
from service.bundle.reference import PREDICTIONS
from service.errors import InvalidInput, ModelMismatch, ReleaseRefused
from service.evaluation import steps
from service.evaluation.card import render_card
from service.evaluation.closer import examine
from service.evaluation.comparison import choose_winner
from service.evaluation.exploration import measure_association
from service.evaluation.findings import Findings
from service.evaluation.report import render_report
from service.evaluation.workbench import Workbench
from service.offline.batch import predict_file
from service.training.export import Parity, run_onnx

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "least"),
    [("tumour", {"auc": 0.99, "recall": 0.95}), ("digits", {"macro_f1": 0.96})],
)
def test_the_released_models_keep_what_is_promised_on_the_held_out_rows(
    name: str, least: dict[str, float], released: Path
) -> None:
    manifest = load_release(released / name).manifest
    for metric, value in least.items():
        assert manifest.metrics["held_out"][metric]["value"] >= value
    assert manifest.verdict["passed"]
    assert all(floor["holds"] and floor["low"] >= floor["floor"] for floor in manifest.verdict["floors"])
    assert set(manifest.reference) == {*manifest.input.features, PREDICTIONS}


def test_the_released_bytes_score_on_the_held_out_rows_what_their_manifest_says(
    workbench: Workbench, released: Path
) -> None:
    """Recomputed from the ONNX file and the recorded split: not taken from training."""
    classifier = Classifier.load(released / "tumour")
    held_out = workbench.splits.held_out
    labels, probabilities = classifier.predict(workbench.dataset.rows()[held_out])
    truth = workbench.dataset.labels[held_out]
    said = classifier.manifest.metrics["held_out"]
    assert len(held_out) == classifier.manifest.metrics["held_out_rows"]
    assert (labels == truth).mean() == pytest.approx(said["accuracy"]["value"], abs=1e-6)
    malignant = truth == "malignant"
    assert (labels[malignant] == "malignant").mean() == pytest.approx(said["recall"]["value"], abs=1e-6)
    pairs = probabilities[malignant, 1][:, None] - probabilities[~malignant, 1][None, :]
    assert ((pairs > 0) + 0.5 * (pairs == 0)).mean() == pytest.approx(said["auc"]["value"], abs=1e-6)


def test_each_step_leaves_its_artifact(workbench: Workbench) -> None:
    for step in (steps.frame, steps.inspect_data, steps.explore_data, steps.prepare, steps.train, steps.tune):
        path = step(workbench)
        assert json.loads(path.read_text())
    names = {path.name for path in workbench.folder.iterdir()}
    expected = {"frame.json", "data.json", "explore.json", "prepare.json", "train.json", "tune.json", "projection.png"}
    assert expected <= names
    splits = json.loads((workbench.folder / "prepare.json").read_text())["splits"]
    assert splits["held_out"] == workbench.splits.held_out.tolist(), "the split is recorded"


def test_copies_and_near_copies_lie_on_one_side_of_every_split(workbench: Workbench, tmp_path: Path) -> None:
    assert len(workbench.copied_rows) == 0
    frame = workbench.dataset.frame.copy()
    seen, unseen = workbench.splits.training[3], workbench.splits.held_out[5]
    frame.loc[unseen] = frame.loc[seen]
    near = workbench.splits.held_out[6]
    frame.loc[near] = frame.loc[seen] * (1 + 1e-7)
    copied = Workbench(workbench.problem, replace(workbench.dataset, frame=frame), tmp_path)
    assert copied.copied_rows.tolist() == []
    assert json.loads(steps.prepare(copied).read_text())["held_out_rows_copied_in_training"] == []
    splits = copied.splits
    for fit, _ in ((splits.training, None), *splits.folds, *splits.judging):
        assert len({int(row) in fit for row in (seen, unseen, near)}) == 1


def test_rows_of_a_table_that_has_only_a_few_different_ones_are_no_copies(workbench: Workbench, tmp_path: Path) -> None:
    frame = (workbench.dataset.frame[["mean_radius"]] > 14).astype(float)
    few = Workbench(workbench.problem, replace(workbench.dataset, frame=frame), tmp_path)
    assert few.groups is None
    assert len(few.copied_rows) == len(few.splits.held_out)


def test_the_quality_report_finds_what_is_wrong(workbench: Workbench) -> None:
    from service.evaluation.quality import report_quality

    frame = workbench.dataset.frame.copy()
    frame.loc[5] = frame.loc[4]
    frame.loc[7, "mean_radius"] = np.nan
    frame.loc[8, "mean_radius"] = -3.0
    frame["mean_area"] = 1.0
    labels = workbench.dataset.labels.copy()
    labels[4:6] = "benign", "malignant"
    found = report_quality(replace(workbench.dataset, frame=frame, labels=labels), {"*": (0.0, 1e4)})
    assert found["missing_values"] == 1
    assert found["constant_columns"] == ["mean_area"]
    assert found["duplicate_rows"] == [5]
    assert found["contradicting_rows"] == [5]
    assert found["near_copies"] == found["telling_columns"] == []
    assert found["out_of_range"] == {"mean_radius": [8]}
    assert found["imbalance_ratio"] == pytest.approx(1.7, abs=0.1)


def test_columns_left_out_or_in_doubt_are_in_the_quality_report(workbench: Workbench) -> None:
    from service.evaluation.quality import report_quality

    left_out, doubts = {"id": "counts the rows"}, {"price": "is numbers with a currency"}
    read_as = {"delimiter": "semicolon"}
    found = report_quality(replace(workbench.dataset, left_out=left_out, doubts=doubts, read_as=read_as))
    assert found["left_out"] == [{"column": "id", "why": "counts the rows"}]
    assert found["doubts"] == [{"column": "price", "why": "is numbers with a currency"}]
    assert found["read_as"] == {"delimiter": "semicolon"}


@pytest.mark.slow
def test_report_card_and_metrics_name_the_columns_left_out(findings: Findings, tmp_path: Path) -> None:
    quality = {**findings.quality, "left_out": [{"column": "id", "why": "counts the rows (0, 1, 2 …)"}]}
    found = replace(findings, quality=quality, bench=replace(findings.bench, folder=tmp_path))
    assert "id: counts the rows (0, 1, 2 …)" in steps.present(found).read_text()
    assert "Column `id` was left out: it counts the rows (0, 1, 2 …)." in (tmp_path / "model-card.md").read_text()
    assert found.to_document()["left_out"] == quality["left_out"]
    assert steps.summarise(found, None)["left_out"] == ["id"]


def test_nothing_is_trained_while_a_column_is_in_doubt(workbench: Workbench, tmp_path: Path) -> None:
    doubted = replace(workbench.dataset, doubts={"price": "is numbers with a currency"})
    bench = Workbench(workbench.problem, doubted, tmp_path)
    steps.inspect_data(bench)
    with pytest.raises(InvalidInput, match="not learnt from before its columns are clear") as caught:
        steps.train(bench)
    assert "--drop COLUMN" in caught.value.hint
    assert [mistake.place for mistake in caught.value.mistakes] == ["column price"]


def test_the_winner_is_the_first_that_is_not_clearly_worse_and_may_be_released(findings: Findings) -> None:
    contenders = dict(findings.comparison.contenders)
    metric = findings.comparison.choice.metric
    assert choose_winner(contenders, metric) == "softmax"
    contenders["softmax"] = replace(contenders["softmax"], parity=Parity(569, 1e-3, 0))
    assert choose_winner(contenders, metric) == "one_vs_rest", "a model that misses parity cannot win"
    del contenders["one_vs_rest"], contenders["softmax"]
    assert choose_winner(contenders, metric) == "naive_bayes", "the baseline cannot win"


def test_the_baseline_is_clearly_worse_and_two_names_of_one_model_are_equal(findings: Findings) -> None:
    differences = findings.comparison.differences
    assert differences["dummy"].clear
    assert differences["dummy"].value > 0
    assert not differences["one_vs_rest"].clear
    assert findings.linear is not None
    assert findings.linear["largest_probability_gap"] == 0.0


def test_the_gate_judges_what_is_released_and_every_row_out_of_fold_stands_beside_it(findings: Findings) -> None:
    """The held-out rows, by the exported model and the one threshold that is released."""
    held_out = findings.bench.splits.held_out
    assert findings.verdict.rows == findings.judged.evaluation.rows == len(held_out)
    probabilities = run_onnx(
        findings.winner.model, findings.bench.dataset.rows()[held_out], findings.bench.dataset.spec
    )
    predicted = decide(probabilities, findings.bench.classes, findings.thresholds)
    np.testing.assert_array_equal(findings.judged.evaluation.predicted, predicted)
    assert findings.cross_validated.evaluation.rows == 569
    assert findings.judged.estimates["recall"].interval.method == "exact"
    assert findings.judged.estimates["auc"].interval.method == "score"


def test_a_release_is_signed_off_and_made_again_without_a_changed_byte(findings: Findings, tmp_path: Path) -> None:
    first = steps.release(findings, now=NOON, released=tmp_path)
    assert first.changed
    assert first.release.manifest.version == "1"
    assert first.release.manifest.created == "2026-01-01T12:00:00Z"
    assert Classifier(first.release).golden_failures() == []
    before = {path.name: path.read_bytes() for path in (tmp_path / "tumour").iterdir()}
    again = steps.release(findings, now=LATER, released=tmp_path)
    assert not again.changed
    assert {path.name: path.read_bytes() for path in (tmp_path / "tumour").iterdir()} == before
    assert (findings.bench.folder / "manifest.json").read_bytes() == before["manifest.json"]
    cautious = replace(
        findings.comparison,
        contenders={**findings.comparison.contenders, "softmax": replace(findings.winner, threshold=0.2)},
    )
    moved = steps.release(replace(findings, comparison=cautious), now=LATER, released=tmp_path)
    assert moved.changed
    assert (moved.release.manifest.version, moved.release.manifest.created) == ("2", "2026-02-01T12:00:00Z")


def _trained_elsewhere(model: bytes, *, by: float) -> bytes:
    """The model's bytes with another comment, and every weight moved by so much."""
    graph = onnx.load_from_string(model)
    graph.doc_string = "trained on another CPU"
    for tensor in graph.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float64:
            moved = onnx.numpy_helper.from_array(values + by, tensor.name)
            tensor.CopyFrom(moved)
    return bytes(graph.SerializeToString())


def test_a_model_that_answers_as_the_released_one_changes_no_byte_of_it(findings: Findings, tmp_path: Path) -> None:
    """Another CPU adds up in another order: its bytes differ, and its answers in the sixteenth digit."""
    first = steps.release(findings, now=NOON, released=tmp_path).release

    def again(by: float) -> steps.Released:
        model = _trained_elsewhere(first.model_bytes, by=by)
        assert model != first.model_bytes
        winner = replace(findings.winner, model=model)
        comparison = replace(findings.comparison, contenders={**findings.comparison.contenders, "softmax": winner})
        return steps.release(replace(findings, comparison=comparison), now=LATER, released=tmp_path)

    same = again(1e-12)
    assert not same.changed
    assert same.release.model_bytes == first.model_bytes
    assert (findings.bench.folder / "model.onnx").read_bytes() == first.model_bytes
    other = again(1e-4)
    assert other.changed
    assert other.release.manifest.version == "2"


def test_a_release_of_other_floors_is_signed_anew(findings: Findings, tmp_path: Path) -> None:
    steps.release(findings, now=NOON, released=tmp_path)
    floors = tuple(replace(check, floor=check.floor / 2) for check in findings.verdict.floors)
    lower = replace(findings, verdict=replace(findings.verdict, floors=floors))
    assert steps.release(lower, now=LATER, released=tmp_path).changed


def test_a_damaged_release_is_not_replaced_and_says_how_to_go_on(findings: Findings, tmp_path: Path) -> None:
    steps.release(findings, now=NOON, released=tmp_path)
    model = tmp_path / "tumour" / "model.onnx"
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(ModelMismatch) as caught:
        steps.release(findings, now=LATER, released=tmp_path)
    assert f"git checkout -- {tmp_path / 'tumour'}" in caught.value.hint
    assert model.read_bytes().endswith(b"x")


def test_a_refused_release_leaves_the_released_model_alone(findings: Findings, tmp_path: Path) -> None:
    steps.release(findings, now=NOON, released=tmp_path)
    before = load_release(tmp_path / "tumour").digest
    refused = replace(findings, verdict=replace(findings.verdict, algorithm="dummy"))
    with pytest.raises(ReleaseRefused):
        steps.release(refused, now=LATER, released=tmp_path)
    assert load_release(tmp_path / "tumour").digest == before
    assert (findings.bench.folder / "model.onnx").exists(), "the candidate is kept to be looked at"


@pytest.mark.slow
def test_a_table_of_somebodys_is_walked_from_its_file_to_predictions_by_its_release(
    three: Findings, three_report: str, tmp_path: Path
) -> None:
    for step in (steps.frame, steps.inspect_data, steps.explore_data, steps.prepare, steps.train, steps.tune):
        step(three.bench)
    steps.evaluate(three)
    done = steps.release(three, now=NOON, released=tmp_path)
    assert {"report.html", "metrics.json", "model.onnx", "manifest.json", "model-card.md"} <= {
        path.name for path in three.bench.folder.iterdir()
    }
    classifier = Classifier(done.release)
    assert classifier.golden_failures() == []
    assert classifier.manifest.classes == ("even", "fast", "slow")
    source, out = tmp_path / "new.csv", tmp_path / "out.csv"
    source.write_text("id,age,colour,size,kind\n7,40,red,0.9,x\n8,41,violet,NA,y\n9,old,red,0.1,x\n10,,red,0.1,x\n")
    summary = predict_file(classifier, source, out)
    assert (summary.predicted, summary.bad) == (2, 2)
    lines = out.read_text().splitlines()
    assert lines[1].startswith("1,7,fast,")
    assert "size is missing" in lines[2]
    assert "colour is 'violet', which training never saw" in lines[2]
    assert "age is 'old', not a number" in (tmp_path / "out.csv.bad.csv").read_text()


def test_categories_are_explored_by_class(three: Findings) -> None:
    explored = three.exploration
    assert list(explored.association) == ["colour", "kind"], "the one that says more of the class comes first"
    frame, labels = three.bench.dataset.frame, three.bench.dataset.labels
    rows, shares = explored.shares["colour"]["red"]
    red = labels[(frame["colour"] == "red").to_numpy()]
    assert rows == len(red)
    assert shares == pytest.approx([(red == label).mean() for label in three.bench.classes])
    assert "" in explored.shares["colour"], "missing is a value of its own"
    table = np.array([[40, 10], [20, 30]])  # by hand: chi square 16.67 of 100 rows
    values = np.repeat(np.array(["a", "b"], dtype=object), table.sum(axis=1))
    truth = np.concatenate([np.repeat([0, 1], row) for row in table])
    assert measure_association(values, truth) == pytest.approx((100 / 6 / 100) ** 0.5)


def test_the_linear_models_columns_are_named_as_they_reach_the_classifier(three: Findings, three_report: str) -> None:
    """The pipeline puts numbers first: a coefficient under the name of another column would be believed."""
    assert three.linear is not None
    names = ["age", "size", "colour = (missing)", "colour = green", "colour = red", "kind = x", "kind = y"]
    assert three.linear["columns"] == names
    weights = np.array(three.linear["models"]["softmax"]["coefficients"])
    assert weights.shape == (3, len(names))
    fast = three.bench.classes.index("fast")
    assert weights[fast, names.index("size")] == weights[fast].max(), "the rule is size first"
    gaps = [abs(row["softmax"][2] - row["one_vs_rest"][2]) for row in three.linear["rows"]]
    assert max(gaps) <= three.linear["largest_probability_gap"] + 2e-4  # of rounding
    assert "colour = red" in three_report
    assert "Categories by class" in three_report
    assert f"<td>{three.linear['rows'][0]['row']}</td>" in three_report


class _Page(HTMLParser):
    """Collects what a page would fetch, and whether every element is closed."""

    VOID = ("meta", "link", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.images = 0
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.fetched += [str(said[key]) for key in ("src", "href", "srcset", "action") if key in said]
        if tag == "img":
            self.images += 1
            assert said["alt"], "a picture says in words what it shows"
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(findings: Findings) -> str:
    """The report of a problem that somebody wrote mark-up into."""
    problem = replace(findings.bench.problem, objective="<script>alert(1)</script>")
    changed = replace(findings, bench=replace(findings.bench, problem=problem))
    return render_report(changed, examine(findings), [])


def test_the_report_is_one_file_that_fetches_nothing(report: str) -> None:
    page = _Page()
    page.feed(report)
    assert page.open == []
    assert page.images >= 10
    assert all(address.startswith(("data:", "#")) for address in page.fetched)
    assert "url(" not in report
    assert "@import" not in report


def test_the_report_looks_closely_at_the_winner(three: Findings, three_report: str) -> None:
    found = json.loads((three.bench.folder / "closer.json").read_text())
    assert {each["column"] for each in found["importance"]} == set(three.bench.dataset.features)
    assert found["importance"][0]["column"] in ("size", "colour", "age")
    assert {row["row"] for row in found["worst_rows"]} <= set(three.bench.splits.held_out.tolist())
    assert {each["column"] for each in found["slices"]} >= {"colour", "kind"}
    assert "The rows it gets most wrong" in three_report
    assert "For whom it does worse" in three_report


def test_the_report_escapes_what_comes_from_outside(report: str) -> None:
    assert "<script>" not in report
    assert "&lt;script&gt;alert(1)" in report


def test_metrics_and_card_say_the_same_as_the_gate(findings: Findings) -> None:
    document = json.loads(steps.evaluate(findings).read_text())
    assert document["winner"] == "softmax"
    assert document["contenders"]["naive_bayes"]["against_winner"]["value"] is not None
    assert document["contenders"]["dummy"]["may_be_released"] is False
    card = render_card(findings)
    assert f"{findings.judged.estimates['recall'].measure.value:.4f}" in card
    assert f"{findings.cross_validated.estimates['recall'].measure.value:.4f}" in card
    assert "## Not for" in card
