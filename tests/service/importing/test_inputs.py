"""A graph's inputs are matched with a table's columns, and what does not fit is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from service.errors import InvalidInput
from service.importing.inputs import GraphInput, list_inputs, read_inputs
from tests.service.importing.graphs import build, linear, value

FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def _of_columns(*inputs: tuple[str, int, tuple[Any, ...]]) -> onnx.ModelProto:
    values = [value(name, kind, shape) for name, kind, shape in inputs]
    return build([helper.make_node("Identity", [inputs[0][0]], ["y"])], values, [value("y", inputs[0][1])])


def test_one_tensor_takes_the_columns_in_their_order() -> None:
    found = read_inputs(linear(), ["b", "a"])
    assert found.types == {"b": "number", "a": "number"}
    fed = found.feed({"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])})
    assert fed["x"].dtype == np.float32
    np.testing.assert_array_equal(fed["x"], [[3, 1], [4, 2]])


def test_an_input_a_column_is_found_by_its_name() -> None:
    model = _of_columns(("age", FLOAT, ("n", 1)), ("visits", INT64, ("n",)), ("plan", STRING, (None, 1)))
    found = read_inputs(model, ["id", "plan", "age", "visits"])
    assert found.types == {"plan": "category", "age": "number", "visits": "whole number"}
    fed = found.feed({"age": np.array([1.5]), "visits": np.array([2.0]), "plan": np.array(["x"], dtype=object)})
    assert {name: (array.dtype.kind, array.shape) for name, array in fed.items()} == {
        "plan": ("O", (1, 1)),
        "age": ("f", (1, 1)),
        "visits": ("i", (1,)),
    }


def test_an_image_of_columns_is_fed_in_its_shape() -> None:
    one = GraphInput("x", FLOAT, (1, 2, 2))
    assert one.width == 4
    assert one.feed([np.arange(3.0)] * 4).shape == (3, 1, 2, 2)


def test_weights_among_the_inputs_are_none() -> None:
    model = linear()
    model.graph.input.append(value("weights", shape=(2, 3)))
    assert [one.name for one in list_inputs(model)] == ["x"]


@pytest.mark.parametrize(
    ("model", "features", "words"),
    [
        (linear(), ["a", "b", "c"], "the model takes 2 columns, the table has 3 beside the target"),
        (_of_columns(("age", FLOAT, ("n", 1)), ("size", FLOAT, ("n", 1))), ["age"], "input size: is no column of the"),
        (_of_columns(("age", FLOAT, ("n", 1)), ("rest", FLOAT, ("n", 4))), ["age"], "input rest: takes 4 columns"),
        (_of_columns(("x", TensorProto.COMPLEX64, ("n", 2))), ["a", "b"], "is neither numbers nor texts"),
        (_of_columns(("x", FLOAT, ("n", None, 2))), ["a", "b"], "the graph does not say how long they are"),
    ],
    ids=["one too many", "a name that is none", "a wide one among several", "a type", "an open size"],
)
def test_columns_that_do_not_fit_are_named(model: onnx.ModelProto, features: list[str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_inputs(model, features)
