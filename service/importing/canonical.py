"""A foreign ONNX graph as the one that is served: inputs of any number of rows, one output of probabilities.

In front, inputs keep their names and types where the protocol has these, and get another shape or a wider type where it
has not; behind, the scores become probabilities [n, classes] in 32 bits. What makes labels is left out: the manifest's
threshold says which class is predicted. The classifier between keeps its own nodes and weights, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper

from service.importing.inputs import GraphInput, Inputs

PROBABILITIES = "probabilities"
_DEFAULT_OPSET = 18  # of a graph that uses no operator of the default domain
_PREFIX = "foreign."  # of every name of the foreign graph, so that none is one of ours
_OURS = "outlast."
_SERVED = {
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "BYTES": TensorProto.STRING,
}


def build_served(
    model: onnx.ModelProto, inputs: Inputs, scores: str, *, classes: int, one_column: bool, maker: str
) -> bytes:
    """The graph that is served, as bytes: the same for the same model.

    `scores` is the output that holds them, in `one_column` those of the second class alone; `maker` is the function
    that makes probabilities of them, "" where they are some.
    """
    foreign: onnx.ModelProto = compose.add_prefix(model, _PREFIX)
    pairs = list(zip(inputs.inputs, inputs.columns, strict=True))
    head = [node for one, names in pairs for node in _build_head(one, len(names))]
    middle = keep_needed(foreign.graph.node, {_PREFIX + scores})
    served = helper.make_graph(
        [*head, *middle, *_build_tail(_PREFIX + scores, one_column=one_column, maker=maker)],
        "imported",
        [_declare(one, len(names)) for one, names in pairs],
        [helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["n", classes])],
        initializer=_keep_used(foreign.graph.initializer, middle),
        sparse_initializer=list(foreign.graph.sparse_initializer),
    )
    return _pack(foreign, served)


def name_input(one: GraphInput) -> str:
    """What a served input is called: as the foreign one, unless that is the output's name."""
    return f"{one.name}.input" if one.name == PROBABILITIES else one.name


def _declare(one: GraphInput, width: int) -> onnx.ValueInfoProto:
    """A served input: of any number of rows, flat where the foreign one is."""
    shape: list[str | int | None] = ["n"] if one.shape == () else ["n", width]
    return helper.make_tensor_value_info(name_input(one), _SERVED[one.datatype], shape)


def _build_head(one: GraphInput, width: int) -> Iterator[onnx.NodeProto]:
    """Nodes that make a foreign input of the served one: another shape, another element type, or the same."""
    source, target = name_input(one), _PREFIX + one.name
    if len(one.shape) > 1:
        sizes, shaped = f"{_OURS}{one.name}.sizes", f"{_OURS}{one.name}.shaped"
        yield _constant(sizes, np.array([-1, *(size or width for size in one.shape)], dtype=np.int64))
        yield helper.make_node("Reshape", [source, sizes], [shaped])
        source = shaped
    if _SERVED[one.datatype] == one.type:
        yield helper.make_node("Identity", [source], [target])
    else:
        yield helper.make_node("Cast", [source], [target], to=one.type)


def _build_tail(scores: str, *, one_column: bool, maker: str) -> Iterator[onnx.NodeProto]:
    """Nodes that make probabilities [n, classes] of the scores."""
    cast, each = f"{_OURS}cast", f"{_OURS}each"
    yield helper.make_node("Cast", [scores], [cast], to=TensorProto.FLOAT)
    if one_column:
        yield from _build_two(cast, maker)
    elif maker == "softmax":
        yield helper.make_node("Softmax", [cast], [PROBABILITIES], axis=1)
    elif maker == "sigmoid":
        yield helper.make_node("Sigmoid", [cast], [each])
        yield helper.make_node("LpNormalization", [each], [PROBABILITIES], axis=1, p=1)
    else:
        yield from _clip(cast, PROBABILITIES)


def _clip(source: str, target: str) -> Iterator[onnx.NodeProto]:
    """From 0 to 1: a forest adds up shares in 32 bits, and comes to 1.0000004."""
    zero, one, above = f"{_OURS}zero", f"{_OURS}one", f"{_OURS}above"
    yield _constant(zero, np.array([0], dtype=np.float32))
    yield _constant(one, np.array([1], dtype=np.float32))
    yield helper.make_node("Max", [source, zero], [above])
    yield helper.make_node("Min", [above, one], [target])


def _build_two(scores: str, maker: str) -> Iterator[onnx.NodeProto]:
    """Of the second class's score, [n] or [n, 1], the probabilities of both."""
    sizes, one, column, first = (f"{_OURS}{name}" for name in ("sizes", "one", "column", "first"))
    second = f"{_OURS}second"
    yield _constant(sizes, np.array([-1, 1], dtype=np.int64))
    yield helper.make_node("Reshape", [scores, sizes], [column])
    if maker:
        yield helper.make_node("Sigmoid", [column], [second])
        yield _constant(one, np.array([1], dtype=np.float32))
    else:
        yield from _clip(column, second)
    yield helper.make_node("Sub", [one, second], [first])
    yield helper.make_node("Concat", [first, second], [PROBABILITIES], axis=1)


def _constant(name: str, value: NDArray[Any]) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value, name))


def keep_needed(nodes: Sequence[onnx.NodeProto], wanted: set[str]) -> list[onnx.NodeProto]:
    """The nodes that some values come from, in order; those that make labels are left out, as nobody asks for them."""
    wanted, kept = set(wanted), []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(_list_read(node))
    return kept[::-1]


def _list_read(node: onnx.NodeProto) -> Iterator[str]:
    """The names that a node reads, and those that graphs within it do: they see what is around them."""
    yield from node.input
    for attribute in node.attribute:
        for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            yield from (output.name for output in inner.output)
            for other in inner.node:
                yield from _list_read(other)


def _keep_used(tensors: Sequence[onnx.TensorProto], nodes: Sequence[onnx.NodeProto]) -> list[onnx.TensorProto]:
    read = {name for node in nodes for name in _list_read(node)}
    return [tensor for tensor in tensors if tensor.name in read]


def _pack(model: onnx.ModelProto, graph: onnx.GraphProto) -> bytes:
    """A graph with the versions and functions of the model that it came from."""
    opsets = {("" if entry.domain == "ai.onnx" else entry.domain): entry.version for entry in model.opset_import}
    opsets.setdefault("", _DEFAULT_OPSET)
    served = helper.make_model(
        graph,
        ir_version=model.ir_version,
        functions=list(model.functions),
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items())],
        producer_name=model.producer_name,
        producer_version=model.producer_version,
    )
    content: bytes = served.SerializeToString(deterministic=True)
    return content
