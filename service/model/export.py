"""A fitted pipeline as ONNX, and the proof that both answer alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx.utils import Extractor
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.pipeline import Pipeline

from service.model.inference import open_session

OPSETS = {"": 18, "ai.onnx.ml": 3}  # pinned: every onnxruntime since 1.14 runs them
PARITY_TOLERANCE = 1e-6
INPUT_NAME = "features"


@dataclass(frozen=True)
class Parity:
    """Two runtimes on the same rows: how many rows, the largest gap of a probability, rows whose class differs."""

    rows: int
    largest_gap: float
    labels_differ: int

    @property
    def holds(self) -> bool:
        """Labels equal on every row and probabilities within 1e-6."""
        return self.labels_differ == 0 and self.largest_gap <= PARITY_TOLERANCE


def export_onnx(pipeline: Pipeline, *, name: str, features: int, datatype: str) -> bytes:
    """The pipeline as the bytes of an ONNX file: input `features` [n, features], output `probabilities` [n, classes].

    It has no output of labels: which class is predicted is for the threshold in the manifest to say, and a graph that
    answers 0.5 beside it would contradict it. The same pipeline gives the same bytes.
    """
    tensor = FloatTensorType if datatype == "FP32" else StringTensorType
    classifier = pipeline.steps[-1][1]
    graph: Any = convert_sklearn(
        pipeline,
        name=name,  # a random one otherwise
        initial_types=[(INPUT_NAME, tensor([None, features]))],
        final_types=None,
        options={id(classifier): {"zipmap": False}},
        target_opset=OPSETS,
    )
    only = Extractor(graph).extract_model([INPUT_NAME], ["probabilities"])
    content: bytes = only.SerializeToString(deterministic=True)
    return content


def run_onnx(model: bytes, rows: NDArray[Any], *, threads: int = 1) -> NDArray[np.float64]:
    """Probabilities [n, classes] of raw rows by an exported model."""
    session = open_session(model, threads=threads)
    dtype = np.float32 if session.get_inputs()[0].type == "tensor(float)" else np.object_
    (answer,) = session.run(["probabilities"], {INPUT_NAME: rows.astype(dtype)})
    return np.asarray(answer, dtype=np.float64)


def measure_parity(pipeline: Pipeline, model: bytes, rows: NDArray[Any]) -> Parity:
    """Compare scikit-learn with ONNX on every row."""
    ours = np.asarray(pipeline.predict_proba(rows), dtype=np.float64)
    theirs = run_onnx(model, rows)
    gap = float(np.abs(ours - theirs).max(initial=0.0))
    return Parity(len(rows), gap, int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum()))
