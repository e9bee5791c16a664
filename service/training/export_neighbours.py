"""k-nearest neighbours as ONNX in double precision: the distances to all training rows, the nearest, their share.

skl2onnx writes a loop over the rows, under names that are others each time; here it is one product of matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn.neighbors import KNeighborsClassifier


def _shape(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(operator.raw_operator.classes_)])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    if model.weights != "uniform" or model.effective_metric_ != "euclidean":
        raise ValueError("only the nearest by Euclidean distance, each with one vote, are written as ONNX here")
    rows, classes = np.asarray(model._fit_X, dtype=np.float64), len(model.classes_)

    def add(kind: str, sources: list[str], outputs: int = 1, output: str = "", **attributes: Any) -> list[str]:
        names = [output] if output else [scope.get_unique_variable_name(kind.lower()) for _ in range(outputs)]
        container.add_node(kind, sources, names, name=scope.get_unique_operator_name(kind), op_version=13, **attributes)
        return names

    def hold(values: Any) -> str:
        array = np.asarray(values)
        kind = TensorProto.DOUBLE if array.dtype == np.float64 else TensorProto.INT64
        name: str = scope.get_unique_variable_name("held")
        container.add_initializer(name, kind, list(array.shape), array.ravel().tolist())
        return name

    # |x - v|² but for |x|², which is the same for every v.
    exact = add("Cast", [operator.inputs[0].full_name], to=TensorProto.DOUBLE)
    products = add("MatMul", [*exact, hold(-2 * rows.T)])
    distances = add("Add", [*products, hold((rows**2).sum(axis=1)[None, :])])
    nearest = add("TopK", [*distances, hold([model.n_neighbors])], outputs=2, axis=1, largest=0)[1]
    votes = np.eye(classes)[np.asarray(model._y)] / model.n_neighbors
    shares = add("Transpose", add("Gather", [hold(votes), nearest], axis=0), perm=[0, 2, 1])
    total = add("MatMul", [*shares, hold(np.ones((model.n_neighbors, 1)))])
    answers = operator.outputs[1].full_name
    add("Reshape", [*total, hold([-1, classes])], output=answers)
    add("ArgMax", [answers], output=operator.outputs[0].full_name, axis=1, keepdims=0)


def register_converter() -> None:
    """Have skl2onnx write nearest neighbours this way from now on in this process."""
    options = {"zipmap": [False], "nocl": [True, False], "output_class_labels": [False], "raw_scores": [True, False]}
    update_registered_converter(KNeighborsClassifier, "OutlastNeighbours", _shape, _convert, options=options)
