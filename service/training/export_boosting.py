"""Histogram gradient boosting as ONNX, whose answers are those of scikit-learn to the last digits of a float32 score.

A row arrives in float32, thresholds are learnt in float64: rounded down, each parts the same float32 numbers as before
(skl2onnx rounds to the nearest, which moves a threshold past a neighbouring number). The trees' sum is made a
probability in float64, as scikit-learn does, so that what is near 0 or 1 can still be calibrated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn.ensemble import HistGradientBoostingClassifier


def describe_trees(model: HistGradientBoostingClassifier) -> dict[str, Any]:
    """The attributes of ONNX's TreeEnsembleRegressor: one target for two classes, else one for each class."""
    trees = [(target, tree.nodes) for stage in model._predictors for target, tree in enumerate(stage)]
    nodes = np.concatenate([each for _, each in trees])
    numbers = np.repeat(np.arange(len(trees)), [len(each) for _, each in trees])
    places = np.concatenate([np.arange(len(each)) for _, each in trees])
    targets = np.repeat([target for target, _ in trees], [len(each) for _, each in trees])
    leaf = nodes["is_leaf"].astype(bool)
    if nodes["is_categorical"].any():
        raise ValueError("categories are one-hot before boosting: a split by a set of them has no ONNX operator here")
    return {
        "n_targets": int(model.n_trees_per_iteration_),
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "base_values": np.ravel(model._baseline_prediction).astype(np.float32).tolist(),
        "nodes_treeids": numbers.tolist(),
        "nodes_nodeids": places.tolist(),
        "nodes_featureids": np.where(leaf, 0, nodes["feature_idx"]).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_values": round_down(np.where(leaf, 0.0, nodes["num_threshold"])).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, nodes["left"]).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, nodes["right"]).tolist(),
        "nodes_missing_value_tracks_true": np.where(leaf, 0, nodes["missing_go_to_left"]).astype(int).tolist(),
        "target_treeids": numbers[leaf].tolist(),
        "target_nodeids": places[leaf].tolist(),
        "target_ids": targets[leaf].tolist(),
        "target_weights": nodes["value"][leaf].astype(np.float32).tolist(),
    }


def round_down(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Each value as the largest float32 that is not above it."""
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
    return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _shape(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(operator.raw_operator.classes_)])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator

    def add(kind: str, source: str | list[str], output: str = "", **attributes: Any) -> str:
        name = output or scope.get_unique_variable_name(kind.lower())
        container.add_node(kind, source, name, name=scope.get_unique_operator_name(kind), **attributes)
        return name

    trees = describe_trees(model)
    scores = add("TreeEnsembleRegressor", operator.inputs[0].full_name, op_domain="ai.onnx.ml", op_version=3, **trees)
    exact = add("Cast", scores, to=TensorProto.DOUBLE)
    answers = operator.outputs[1].full_name
    if trees["n_targets"] == 1:
        add("Concat", [add("Sigmoid", add("Neg", exact)), add("Sigmoid", exact)], answers, axis=1)
    else:
        add("Softmax", exact, answers, axis=1)
    add("ArgMax", answers, operator.outputs[0].full_name, axis=1, keepdims=0)


def register_converter() -> None:
    """Have skl2onnx write histogram gradient boosting this way from now on in this process."""
    update_registered_converter(
        HistGradientBoostingClassifier,
        "OutlastHistGradientBoosting",
        _shape,
        _convert,
        options={"zipmap": [False], "nocl": [True, False], "output_class_labels": [False], "raw_scores": [True, False]},
    )
