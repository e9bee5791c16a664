"""Whatever a foreign graph takes and gives, the served one takes any number of rows and gives probabilities."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from service.bundle.classifier import open_session
from service.importing.canonical import build_served, keep_needed
from service.importing.inputs import read_inputs
from service.importing.outputs import unzip_outputs
from tests.service.importing.graphs import build, draw_rows, linear, softmax, value

FLOAT, DOUBLE, HALF, INT8, STRING = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.FLOAT16,
    TensorProto.INT8,
    TensorProto.STRING,
)
MATMUL = helper.make_node("MatMul", ["in", "weights"], ["scores"])


def _serve(
    model: onnx.ModelProto,
    scores: str,
    feeds: dict[str, object],
    *,
    classes: int = 3,
    maker: str = "",
    one: bool = False,
) -> np.ndarray:
    inputs = read_inputs(model, ["a", "b"])
    session = open_session(build_served(model, inputs, scores, classes=classes, one_column=one, maker=maker))
    assert [output.name for output in session.get_outputs()] == ["probabilities"]
    (answer,) = session.run(None, feeds)
    assert answer.dtype == np.float32
    return np.asarray(answer)


def test_labels_and_zipmaps_are_left_out() -> None:
    model, _ = unzip_outputs(linear(zipped=True, labels=True))
    rows = draw_rows()
    served = build_served(model, read_inputs(model, ["a", "b"]), "shares", classes=3, one_column=False, maker="")
    kinds = {node.op_type for node in onnx.load_from_string(served).graph.node}
    assert kinds.isdisjoint({"ZipMap", "ArgMax", "Gather"})
    np.testing.assert_allclose(_serve(model, "shares", {"x": rows.astype(np.float32)}), softmax(rows), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "served"), [(FLOAT, np.float32), (DOUBLE, np.float64), (HALF, np.float32), (INT8, np.int32)]
)
def test_a_type_that_the_protocol_has_not_is_served_as_a_wider_one(kind: int, served: type) -> None:
    nodes = [helper.make_node("Cast", ["x"], ["in"], to=FLOAT), MATMUL]
    model = build(nodes, [value("x", kind)], [value("scores", shape=("n", 3))])
    rows = np.array([[1, 2], [3, -1]])
    answer = _serve(model, "scores", {"x": rows.astype(served)}, maker="softmax")
    np.testing.assert_allclose(answer, softmax(rows), atol=1e-6)


def test_an_image_is_taken_as_columns() -> None:
    flat = helper.make_node("Flatten", ["x"], ["in"])
    model = build([flat, MATMUL], [value("x", shape=("n", 1, 2, 1))], [value("scores", shape=("n", 3))])
    rows = draw_rows()
    answer = _serve(model, "scores", {"x": rows.astype(np.float32)}, maker="softmax")
    np.testing.assert_allclose(answer, softmax(rows), atol=1e-6)


def test_a_graph_of_one_row_at_a_time_takes_many() -> None:
    nodes = [helper.make_node("Identity", ["x"], ["in"]), MATMUL]
    model = build(nodes, [value("x", shape=(1, 2))], [value("scores", shape=(1, 3))])
    rows = draw_rows()
    answer = _serve(model, "scores", {"x": rows.astype(np.float32)}, maker="softmax")
    np.testing.assert_allclose(answer, softmax(rows), atol=1e-6)


def test_a_flat_input_a_column_stays_flat() -> None:
    nodes = [
        helper.make_node("Unsqueeze", ["a", "axes"], ["a.wide"]),
        helper.make_node("Unsqueeze", ["b", "axes"], ["b.wide"]),
        helper.make_node("Constant", [], ["axes"], value_ints=[1]),
        helper.make_node("Concat", ["a.wide", "b.wide"], ["in"], axis=1),
        MATMUL,
    ]
    nodes.insert(0, nodes.pop(2))
    model = build(nodes, [value("a", shape=("n",)), value("b", shape=("n",))], [value("scores", shape=("n", 3))])
    rows = draw_rows().astype(np.float32)
    answer = _serve(model, "scores", {"a": rows[:, 0], "b": rows[:, 1]}, maker="softmax")
    np.testing.assert_allclose(answer, softmax(rows), atol=1e-6)


@pytest.mark.parametrize("maker", ["", "sigmoid"])
@pytest.mark.parametrize("flat", [True, False])
def test_one_column_of_scores_becomes_the_probabilities_of_both_classes(maker: str, flat: bool) -> None:
    weights = np.array([[1.5], [-1.0]])
    nodes = [helper.make_node("Identity", ["x"], ["in"]), MATMUL]
    last = "scores"
    if not maker:
        nodes.append(helper.make_node("Sigmoid", [last], [last := "share"]))
    if flat:
        nodes.append(helper.make_node("Constant", [], ["axes"], value_ints=[1]))
        nodes.append(helper.make_node("Squeeze", [last, "axes"], [last := "flat"]))
    model = build(nodes, [value("x")], [value(last, shape=("n",) if flat else ("n", 1))], weights=weights)
    rows = draw_rows()
    answer = _serve(model, last, {"x": rows.astype(np.float32)}, classes=2, maker=maker, one=True)
    second = 1 / (1 + np.exp(-rows @ weights))
    np.testing.assert_allclose(answer, np.hstack([1 - second, second]), atol=1e-6)


def test_scores_of_each_class_alone_are_scaled_to_one() -> None:
    nodes = [helper.make_node("Identity", ["x"], ["in"]), MATMUL]
    model = build(nodes, [value("x")], [value("scores", shape=("n", 3))])
    rows = draw_rows()
    answer = _serve(model, "scores", {"x": rows.astype(np.float32)}, maker="sigmoid")
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)


def test_a_share_beyond_one_by_rounding_is_one() -> None:
    nodes = [
        helper.make_node("Constant", [], ["sums"], value=helper.make_tensor("s", FLOAT, [2], [1.0000004, -0.0000004])),
        helper.make_node("Constant", [], ["nought"], value=helper.make_tensor("z", FLOAT, [2, 2], [0.0] * 4)),
        helper.make_node("MatMul", ["x", "nought"], ["nothing"]),
        helper.make_node("Add", ["nothing", "sums"], ["shares"]),
    ]
    model = build(nodes, [value("x")], [value("shares")])
    answer = _serve(model, "shares", {"x": draw_rows().astype(np.float32)}, classes=2)
    assert set(answer.ravel()) == {0.0, 1.0}


def test_an_input_that_is_called_as_our_output_is_renamed() -> None:
    nodes = [helper.make_node("Identity", ["probabilities"], ["in"]), MATMUL]
    model = build(nodes, [value("probabilities")], [value("scores", shape=("n", 3))])
    rows = draw_rows()
    answer = _serve(model, "scores", {"probabilities.input": rows.astype(np.float32)}, maker="softmax")
    np.testing.assert_allclose(answer, softmax(rows), atol=1e-6)


def test_the_same_model_gives_the_same_bytes() -> None:
    made = [
        build_served(linear(), read_inputs(linear(), ["a", "b"]), "shares", classes=3, one_column=False, maker="")
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_a_value_that_only_a_branch_reads_is_kept() -> None:
    inner = helper.make_graph(
        [helper.make_node("Identity", ["outside"], ["inner"])], "branch", [], [value("inner", shape=("n", 3))]
    )
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["outside"]),
        helper.make_node("If", ["always"], ["y"], then_branch=inner, else_branch=inner),
        helper.make_node("Abs", ["x"], ["unused"]),
    ]
    assert [node.op_type for node in keep_needed(nodes, {"y"})] == ["MatMul", "If"]
