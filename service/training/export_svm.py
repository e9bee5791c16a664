"""Support vector machines as ONNX in double precision.

skl2onnx writes the operator `SVMClassifier`, which onnxruntime evaluates in float32: tuned on the tumour data, its
probabilities are off by 2e-6. So the decision function is written out here in plain operators on doubles, as
scikit-learn computes it: one machine for each pair of classes (Chang and Lin 2011), the sign of each a vote, and the
sums of their values, squeezed below a third of a vote, to part classes of equal votes.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx import update_registered_converter
from skl2onnx.algebra.onnx_ops import (
    OnnxAbs,
    OnnxAdd,
    OnnxArgMax,
    OnnxCast,
    OnnxDiv,
    OnnxExp,
    OnnxLess,
    OnnxMatMul,
    OnnxMul,
    OnnxPow,
    OnnxReduceSumSquare,
    OnnxSub,
    OnnxTanh,
)
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn.svm import SVC

_DOUBLE = 11  # TensorProto.DOUBLE
Floats = NDArray[np.float64]


def pair_weights(machine: SVC) -> tuple[Floats, Floats]:
    """The pairwise machines of k classes: weights [support vectors, pairs] and the pairs' signs [pairs, k].

    A sign is +1 for the class that a positive value votes for, -1 for the other, 0 for the rest.
    """
    classes = len(machine.classes_)
    of_class = np.repeat(np.arange(classes), machine.n_support_)
    pairs = list(itertools.combinations(range(classes), 2))
    weights, signs = np.zeros((len(of_class), len(pairs))), np.zeros((len(pairs), classes))
    for column, (first, second) in enumerate(pairs):
        # Row r of dual_coef_ holds a vector's weight against the r-th class other than its own.
        weights[of_class == first, column] = machine.dual_coef_[second - 1, of_class == first]
        weights[of_class == second, column] = machine.dual_coef_[first, of_class == second]
        signs[column, first], signs[column, second] = 1.0, -1.0
    return weights, signs


def _shape(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(operator.raw_operator.classes_)])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Scores [n, k]: scikit-learn's decision function; of two classes its negative beside it."""
    machine, version = operator.raw_operator, container.target_opset
    rows = OnnxCast(operator.inputs[0], to=_DOUBLE, op_version=version)
    similarity = _write_kernel(machine, rows, version)
    if len(machine.classes_) == 2:
        # scikit-learn turns the sign of the one machine so that it speaks for the second class.
        weights, intercept = np.vstack([-machine.dual_coef_, machine.dual_coef_]).T, machine.intercept_[0]
        scores = OnnxAdd(
            OnnxMatMul(similarity, weights, op_version=version),
            np.array([[-intercept, intercept]]),
            op_version=version,
            output_names=operator.outputs[1:],
        )
    else:
        scores = _write_votes(machine, similarity, version, operator.outputs[1:])
    labels = OnnxArgMax(scores, axis=1, keepdims=0, op_version=version, output_names=operator.outputs[:1])
    scores.add_to(scope, container)
    labels.add_to(scope, container)


def _write_kernel(machine: SVC, rows: Any, version: int) -> Any:
    """The kernel between rows and support vectors: [n, support vectors]."""
    vectors, gamma = machine.support_vectors_, machine._gamma
    products = OnnxMatMul(rows, vectors.T, op_version=version)
    if machine.kernel == "linear":
        return products
    if machine.kernel == "rbf":
        # |x - v|² = |x|² + |v|² - 2 x·v; in doubles what cancels leaves some 1e-14.
        lengths = OnnxAdd(
            OnnxReduceSumSquare(rows, np.array([1], dtype=np.int64), keepdims=1, op_version=version),
            (vectors**2).sum(axis=1)[None, :],
            op_version=version,
        )
        distances = OnnxSub(lengths, OnnxMul(products, np.array([2.0]), op_version=version), op_version=version)
        return OnnxExp(OnnxMul(distances, np.array([-gamma]), op_version=version), op_version=version)
    scaled = OnnxAdd(
        OnnxMul(products, np.array([gamma]), op_version=version), np.array([machine.coef0]), op_version=version
    )
    if machine.kernel == "sigmoid":
        return OnnxTanh(scaled, op_version=version)
    return OnnxPow(scaled, np.array([float(machine.degree)]), op_version=version)


def _write_votes(machine: SVC, similarity: Any, version: int, outputs: Any) -> Any:
    """Votes of the pairwise machines plus their squeezed sums: [n, k]."""
    weights, signs = pair_weights(machine)
    values = OnnxAdd(
        OnnxMatMul(similarity, weights, op_version=version), machine.intercept_[None, :], op_version=version
    )
    against = OnnxCast(
        OnnxLess(values, np.array([0.0]), op_version=version), to=_DOUBLE, op_version=version
    )  # 1 where the pair's second class has the vote
    votes = OnnxSub(
        (signs > 0).sum(axis=0, keepdims=True).astype(np.float64),
        OnnxMatMul(against, signs, op_version=version),
        op_version=version,
    )
    sums = OnnxMatMul(values, signs, op_version=version)
    room = OnnxMul(
        OnnxAdd(OnnxAbs(sums, op_version=version), np.array([1.0]), op_version=version),
        np.array([3.0]),
        op_version=version,
    )
    return OnnxAdd(votes, OnnxDiv(sums, room, op_version=version), op_version=version, output_names=outputs)


def register_converter() -> None:
    """Have skl2onnx write support vector machines this way from now on in this process."""
    update_registered_converter(
        SVC,
        "OutlastSVC",
        _shape,
        _convert,
        options={"zipmap": [False], "nocl": [True, False], "raw_scores": [True, False]},
    )
