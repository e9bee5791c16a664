"""What is served answers as the original does, and how far it is from it is measured on every row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from service.bundle.columns import Column
from service.errors import InvalidInput
from service.importing.convert import Said, convert, measure_gap, spell_labels, to_probabilities
from service.importing.foreign import Answers, Foreign
from service.importing.release import build_dataset
from service.importing.table import read_table
from service.training.export import run_onnx
from tests.service.importing.graphs import NAMES, build, draw_rows, linear, softmax, table_of, true_labels, value

SAID = Said()


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("zipped", [True, False])
def test_any_way_to_write_it_is_served_alike(labels: bool, zipped: bool, tmp_path: Path) -> None:
    rows = draw_rows()
    table = read_table(table_of(tmp_path / "t.csv", rows, true_labels(rows)), "y")
    said = SAID if zipped or labels else Said(classes=NAMES)
    found = convert(Foreign("somebody's", linear(zipped=zipped, labels=labels)), table, said, place="m.onnx")
    assert found.classes == NAMES
    assert found.spec.columns == (Column("a"), Column("b"))
    assert (found.original.labels is not None) == labels
    served = run_onnx(found.model, build_dataset(table, found, "t").rows(), found.spec)
    np.testing.assert_allclose(served, softmax(rows), atol=1e-6)


def test_a_graph_that_takes_four_rows_at_a_time_is_asked_so(tmp_path: Path) -> None:
    model = linear(labels=True)
    for one in (*model.graph.input, *model.graph.output):
        one.type.tensor_type.shape.dim[0].dim_value = 4
    rows = draw_rows(30)
    table = read_table(table_of(tmp_path / "t.csv", rows, true_labels(rows)), "y")
    found = convert(Foreign("somebody's", model), table, SAID, place="m.onnx")
    np.testing.assert_allclose(found.original.probabilities, softmax(rows), atol=1e-6)


def test_text_columns_say_their_categories_and_what_may_be_missing(tmp_path: Path) -> None:
    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["plan"],
            ["code"],
            domain="ai.onnx.ml",
            keys_strings=["basic", "plus"],
            values_floats=[-1.0, 1.0],
        ),
        helper.make_node("Add", ["code", "age"], ["scores"]),
        helper.make_node("Sigmoid", ["scores"], ["p"]),
    ]
    model = build(nodes, [value("plan", 8, ("n", 1)), value("age", 1, ("n", 1))], [value("p", shape=("n", 1))])
    path = tmp_path / "t.csv"
    path.write_text("age,plan,y\n1,basic,0\n2,NA,1\n-3,plus,0\n")
    found = convert(Foreign("somebody's", model), read_table(path, "y"), SAID, place="m.onnx")
    assert found.spec.columns == (
        Column("age"),
        Column("plan", "category", missing=True, categories=("basic", "plus")),
    )
    assert [tensor.datatype for tensor in found.spec.tensors] == ["FP32", "BYTES"]
    assert found.classes == ("0", "1")


def _answering(width: int) -> onnx.ModelProto:
    """A graph that gives so many classes the same probability."""
    shares = np.full((2, width), 1 / width)
    nodes = [
        helper.make_node("Mul", ["x", "zero"], ["nothing"]),
        helper.make_node("Constant", [], ["zero"], value=helper.make_tensor("z", 1, [], [0.0])),
        helper.make_node("MatMul", ["nothing", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["p"], axis=1),
    ]
    nodes[0], nodes[1] = nodes[1], nodes[0]
    return build(nodes, [value("x")], [value("p", shape=("n", width))], weights=shares)


def test_a_thousand_classes_and_one_are_refused(tmp_path: Path) -> None:
    rows = draw_rows()
    table = read_table(table_of(tmp_path / "t.csv", rows, true_labels(rows)), "y")
    with pytest.raises(InvalidInput, match="the model tells 1000 classes apart; at most 100"):
        convert(Foreign("somebody's", _answering(1000)), table, SAID, place="m")
    with pytest.raises(InvalidInput, match="the model knows one class only, low"):
        convert(Foreign("somebody's", _answering(1), classes=("low",)), table, SAID, place="m")


def test_rows_that_the_graph_does_not_take_are_said(tmp_path: Path) -> None:
    model = linear()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "any"
    rows = np.zeros((3, 3))
    table = read_table(table_of(tmp_path / "t.csv", rows, ["x", "y", "z"], ["a", "b", "c"]), "y")
    with pytest.raises(InvalidInput, match="the model does not take the table's rows: "):
        convert(Foreign("somebody's", model), table, SAID, place="m.onnx")


@pytest.mark.parametrize("maker", ["softmax", "sigmoid", ""])
def test_scores_become_probabilities(maker: str) -> None:
    scores = np.array([[800.0, 0.0], [0.0, -800.0]]) if maker else np.array([[0.25, 0.75]])
    shares = to_probabilities(scores, maker)
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_whole_numbers_are_the_same_however_they_are_spelt() -> None:
    labels = np.array(["1.0", "01", "0", "-1", "1.5"], dtype=object)
    assert spell_labels(labels, ["0", "1"]).tolist() == ["1", "1", "0", "-1", "1.5"]
    assert spell_labels(labels, ["0", "one"]) is labels


def test_a_gap_names_its_worst_row_and_the_rows_of_another_class() -> None:
    original = Answers(np.array([[0.9, 0.1], [0.3, 0.7], [0.5, 0.5]]), None)
    served = np.array([[0.9, 0.1], [0.6, 0.4], [0.499999, 0.500001]])
    gap = measure_gap(original, served, ["a", "b"], {}, 1e-5)
    assert (gap.rows, gap.worst, gap.labels_differ, gap.first_other, gap.ties) == (3, 1, 1, 1, 1)
    assert gap.largest == pytest.approx(0.3)


def test_no_number_is_the_largest_gap() -> None:
    gap = measure_gap(Answers(np.array([[0.9, 0.1]]), None), np.array([[np.nan, 0.1]]), ["a", "b"], {}, 1e-5)
    assert gap.largest == np.inf
