"""Small ONNX classifiers, made node by node, as other people's exporters write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = np.array([[2.0, -1.0, 0.0], [0.0, 1.0, -2.0]])  # of two columns and three classes
NAMES = ("low", "middle", "high")


def softmax(rows: NDArray[Any], weights: NDArray[Any] = WEIGHTS) -> NDArray[np.float64]:
    """What `linear` answers."""
    raised = np.exp(np.asarray(rows, dtype=np.float64) @ weights)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def value(name: str, kind: int = TensorProto.FLOAT, shape: Sequence[Any] = ("n", 2)) -> onnx.ValueInfoProto:
    """An input or an output."""
    return helper.make_tensor_value_info(name, kind, list(shape))


def build(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    *,
    opset: int = 18,
    weights: NDArray[Any] = WEIGHTS,
) -> onnx.ModelProto:
    """A graph of these nodes, with `weights` among its initializers."""
    tensors = [numpy_helper.from_array(weights.astype(np.float32), "weights")]
    graph = helper.make_graph(list(nodes), "foreign", list(inputs), list(outputs), initializer=tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="somebody")


def linear(*, zipped: bool = False, labels: bool = False, names: Sequence[str] = NAMES) -> onnx.ModelProto:
    """A softmax over two columns of one tensor; its probabilities in a ZipMap, its labels beside them, as asked."""
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["shares"], axis=1),
    ]
    outputs = [value("shares", shape=("n", 3))]
    if zipped:
        nodes.append(helper.make_node("ZipMap", ["shares"], ["zipped"], domain="ai.onnx.ml", classlabels_strings=names))
        kind = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        outputs = [helper.make_value_info("zipped", helper.make_sequence_type_proto(kind))]
    if labels:
        nodes.append(helper.make_node("ArgMax", ["shares"], ["place"], axis=1, keepdims=0))
        known = helper.make_tensor("names", TensorProto.STRING, [3], [name.encode() for name in names])
        nodes.append(helper.make_node("Constant", [], ["names"], value=known))
        nodes.append(helper.make_node("Gather", ["names", "place"], ["label"], axis=0))
        outputs.insert(0, value("label", TensorProto.STRING, ("n",)))
    return build(nodes, [value("x")], outputs)


def table_of(path: Path, rows: NDArray[Any], labels: Sequence[str], columns: Sequence[str] = ("a", "b")) -> Path:
    """A CSV file of rows with their labels in column y."""
    lines = [",".join([*columns, "y"])]
    lines += [",".join([*map(str, row), label]) for row, label in zip(rows.tolist(), labels, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def draw_rows(count: int = 60, seed: int = 0) -> NDArray[np.float64]:
    """Rows of two columns that 32 bits hold exactly."""
    return np.asarray(np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32), dtype=np.float64)


def drawn_labels(rows: NDArray[Any], seed: int = 0) -> list[str]:
    """Classes as likely as `linear` says: to these it is calibrated, and right as often as it may be."""
    shares = softmax(rows)
    drawn = np.random.default_rng(seed).random((len(shares), 1))
    return [NAMES[place] for place in (shares.cumsum(axis=1) < drawn).sum(axis=1)]


def true_labels(rows: NDArray[Any], names: Sequence[str] = NAMES) -> list[str]:
    """The classes that `linear` gives."""
    return [names[place] for place in softmax(rows).argmax(axis=1)]
