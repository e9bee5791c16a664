"""A fitted pipeline as ONNX, and the proof that both answer alike."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx.utils import Extractor
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra.onnx_ops import OnnxAdd, OnnxArgMax, OnnxMatMul
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from service.bundle.classifier import open_session
from service.bundle.columns import InputSpec
from service.bundle.rows import part_rows, split_rows
from service.training import export_boosting, export_neighbours, export_svm, export_text
from service.training.algorithms import PARITY_TOLERANCE
from service.training.boosting import register_converters

OPSETS = {"": 18, "ai.onnx.ml": 3}  # pinned: every onnxruntime since 1.14 runs them
INPUT_NAME = "features"
_TENSORS = {"FP32": FloatTensorType, "BYTES": StringTensorType}


def _shape_of_dummy(operator: Any) -> None:
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(operator.raw_operator.classes_)])


def _convert_dummy(scope: Any, operator: Any, container: Any) -> None:
    """The classes' shares for every row: skl2onnx has no converter for the dummy of its own."""
    version, prior = container.target_opset, operator.raw_operator.class_prior_
    columns = operator.inputs[0].type.shape[1]
    nothing = OnnxMatMul(operator.inputs[0], np.zeros((columns, len(prior))), op_version=version)
    probabilities = OnnxAdd(nothing, np.asarray(prior)[None, :], op_version=version, output_names=operator.outputs[1:])
    labels = OnnxArgMax(nothing, axis=1, keepdims=0, op_version=version, output_names=operator.outputs[:1])
    probabilities.add_to(scope, container)
    labels.add_to(scope, container)


update_registered_converter(
    DummyClassifier,
    "OutlastDummyClassifier",
    _shape_of_dummy,
    _convert_dummy,
    options={"zipmap": [False], "nocl": [True, False], "output_class_labels": [False]},
)
export_svm.register_converter()
export_boosting.register_converter()
export_neighbours.register_converter()
export_text.register_converters()


@dataclass(frozen=True)
class Parity:
    """Two runtimes on the same rows: how many rows, the largest gap of a probability, rows whose class differs.

    `within` is the largest gap allowed.
    """

    rows: int
    largest_gap: float
    labels_differ: int
    within: float = PARITY_TOLERANCE

    @property
    def holds(self) -> bool:
        """Labels equal on every row and probabilities within the gap allowed."""
        return self.labels_differ == 0 and self.largest_gap <= self.within


def export_onnx(pipeline: Pipeline, *, name: str, spec: InputSpec) -> bytes:
    """The pipeline as the bytes of an ONNX file: the spec's tensors in, `probabilities` [n, classes] out.

    It has no output of labels: which class is predicted is for the threshold in the manifest to say, and a graph that
    answers 0.5 beside it would contradict it. The same pipeline gives the same bytes.
    """
    classifier = pipeline.steps[-1][1]
    register_converters(classifier)
    with warnings.catch_warnings():
        # skl2onnx 1.20 reads attributes of SVC that scikit-learn 1.9 has deprecated; both are pinned.
        warnings.simplefilter("ignore", FutureWarning)
        graph: Any = convert_sklearn(
            _follow_tensors(pipeline, spec),
            name=name,  # a random one otherwise
            initial_types=[(t.name, _TENSORS[t.datatype]([None, len(t.columns)])) for t in spec.tensors],
            final_types=None,
            options={id(classifier): {"zipmap": False}},
            target_opset=OPSETS,
        )
    only = Extractor(graph).extract_model([tensor.name for tensor in spec.tensors], ["probabilities"])
    # skl2onnx keeps these in a set, whose order is another one in each process.
    opsets = sorted(only.opset_import, key=lambda entry: entry.domain)
    del only.opset_import[:]
    only.opset_import.extend(opsets)
    content: bytes = only.SerializeToString(deterministic=True)
    return content


def _follow_tensors(pipeline: Pipeline, spec: InputSpec) -> Pipeline:
    """The fitted pipeline with its columns counted as the graph's inputs hold them, one tensor after the other."""
    held = [spec.places[name] for tensor in spec.tensors for name in tensor.columns]
    if held == sorted(held):
        return pipeline
    moved = {place: position for position, place in enumerate(held)}
    return Pipeline([(name, _move(step, moved)) for name, step in pipeline.steps])


def _move(step: Any, moved: Mapping[int, int]) -> Any:
    if not isinstance(step, ColumnTransformer):
        return step
    other = copy.copy(step)
    other.transformers_ = [
        (name, part, [moved[place] for place in places] if isinstance(places, list) else moved[places])
        for name, part, places in step.transformers_
    ]
    return other


def run_onnx(model: bytes, rows: NDArray[Any], spec: InputSpec, *, threads: int = 1) -> NDArray[np.float64]:
    """Probabilities [n, classes] of prepared rows by an exported model."""
    session = open_session(model, threads=threads)
    answers = [session.run(["probabilities"], split_rows(spec, part))[0] for part in part_rows(spec, rows)]
    return np.asarray(np.concatenate(answers), dtype=np.float64)


def measure_parity(
    pipeline: Pipeline, model: bytes, rows: NDArray[Any], spec: InputSpec, *, within: float = PARITY_TOLERANCE
) -> Parity:
    """Compare scikit-learn with ONNX on every row."""
    ours = np.asarray(pipeline.predict_proba(rows), dtype=np.float64)
    return compare_answers(ours, run_onnx(model, rows, spec), within=within)


def compare_answers(ours: NDArray[np.float64], theirs: NDArray[np.float64], *, within: float) -> Parity:
    """Two runtimes' probabilities [n, classes] of the same rows."""
    gap = float(np.abs(ours - theirs).max(initial=0.0))
    return Parity(len(ours), gap, int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum()), within)
