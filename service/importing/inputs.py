"""What a foreign ONNX graph takes: one tensor of all columns, or one input a column; and how a table's rows feed it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from service.bundle.columns import CATEGORY, NUMBER, WHOLE
from service.errors import InvalidInput, Mistake

# For each element type the datatype under which it is served. Of the types with "cast", the served one is wider.
DATATYPES: dict[int, str] = {
    TensorProto.FLOAT: "FP32",
    TensorProto.DOUBLE: "FP64",
    TensorProto.FLOAT16: "FP32",
    TensorProto.INT64: "INT64",
    **dict.fromkeys((TensorProto.INT32, TensorProto.INT16, TensorProto.INT8), "INT32"),
    **dict.fromkeys((TensorProto.UINT8, TensorProto.BOOL), "INT32"),
    TensorProto.STRING: "BYTES",
}
_TYPES = {"FP32": NUMBER, "FP64": NUMBER, "INT64": WHOLE, "INT32": WHOLE, "BYTES": CATEGORY}

Values = Mapping[str, NDArray[Any]]  # by column [rows]: float64, or texts


@dataclass(frozen=True)
class GraphInput:
    """One input: its name, its element type, and its shape behind the rows' dimension; None where a size is open.

    `rows` is how many rows it takes at a time, where it takes no other number.
    """

    name: str
    type: int
    shape: tuple[int | None, ...]
    rows: int | None = None

    @property
    def width(self) -> int | None:
        """How many columns it takes of each row; None where the graph does not say."""
        return None if None in self.shape else math.prod(size for size in self.shape if size is not None)

    @property
    def datatype(self) -> str:
        """The Open Inference Protocol's name of the type that is served for it."""
        return DATATYPES[self.type]

    def feed(self, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The columns' values as this input takes them."""
        dtype = np.dtype(object) if self.type == TensorProto.STRING else onnx.helper.tensor_dtype_to_np_dtype(self.type)
        rows = np.column_stack(values).astype(dtype)
        shape = self.shape if self.width is not None else rows.shape[1:]
        return rows.reshape(len(rows), *(size for size in shape if size is not None))


@dataclass(frozen=True)
class Inputs:
    """What a graph takes: its inputs, and for each the table's columns in it, in order."""

    inputs: tuple[GraphInput, ...]
    columns: tuple[tuple[str, ...], ...]

    @property
    def types(self) -> dict[str, str]:
        """The type of each column, by name, in order."""
        pairs = zip(self.inputs, self.columns, strict=True)
        return {name: _TYPES[one.datatype] for one, names in pairs for name in names}

    def feed(self, values: Values) -> dict[str, NDArray[Any]]:
        """A table's columns as the graph's inputs."""
        pairs = zip(self.inputs, self.columns, strict=True)
        return {one.name: one.feed([values[name] for name in names]) for one, names in pairs}


def read_inputs(model: onnx.ModelProto, features: Sequence[str]) -> Inputs:
    """Match a graph's inputs with a table's columns: by name where each column has an input, else by their order.

    Raises InvalidInput, with every mistake found, for columns that do not fit.
    """
    inputs = list_inputs(model)
    _refuse_types(inputs)
    if len(inputs) == 1 and (inputs[0].name not in features or inputs[0].width == len(features)):
        return _match_order(inputs[0], features)
    return _match_names(inputs, features)


def list_inputs(model: onnx.ModelProto) -> list[GraphInput]:
    """The inputs that are asked of a caller: not the weights, which older files list among them."""
    weights = {tensor.name for tensor in model.graph.initializer}
    found = []
    for value in model.graph.input:
        if value.name not in weights:
            tensor = value.type.tensor_type
            sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
            found.append(GraphInput(value.name, tensor.elem_type, tuple(sizes[1:]), (sizes or [None])[0]))
    return found


def _refuse_types(inputs: Sequence[GraphInput]) -> None:
    wrong = [
        Mistake(f"input {one.name}", "is neither numbers nor texts, so no column of a table can be given to it")
        for one in inputs
        if one.type not in DATATYPES
    ]
    if wrong or not inputs:
        hint = "a classifier takes one tensor of all columns, or one input a column"
        raise InvalidInput("the model's inputs are not those of a table", wrong, hint=hint)


def _match_order(one: GraphInput, features: Sequence[str]) -> Inputs:
    if one.width is None and len(one.shape) > 1:
        what = f"input {one.name} takes {len(one.shape)} dimensions a row, and the graph does not say how long they are"
        raise InvalidInput(what, hint="export it with fixed sizes, all but the number of rows")
    if one.width not in (None, len(features)):
        what = f"the model takes {one.width} columns, the table has {len(features)} beside the target"
        hint = f"--drop COLUMN leaves one out; the table's columns are {', '.join(features[:20])}"
        raise InvalidInput(what, hint=hint)
    return Inputs((one,), (tuple(features),))


def _match_names(inputs: Sequence[GraphInput], features: Sequence[str]) -> Inputs:
    mistakes = [
        Mistake(f"input {one.name}", f"takes {one.width} columns; of several inputs each takes one")
        for one in inputs
        if one.width not in (None, 1)
    ]
    mistakes += [
        Mistake(f"input {one.name}", "is no column of the table") for one in inputs if one.name not in features
    ]
    if mistakes:
        hint = "name the table's columns as the model's inputs are named; --drop COLUMN leaves one out"
        raise InvalidInput("the table's columns do not fit the model's inputs", mistakes, hint=hint)
    ordered = sorted(inputs, key=lambda one: features.index(one.name))
    return Inputs(tuple(ordered), tuple((one.name,) for one in ordered))
