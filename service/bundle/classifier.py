"""The released model in memory: rows in, labels and probabilities out. Goes into the image: numpy and onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import ArrayLike, NDArray

from service.bundle.columns import Tensor, Value
from service.bundle.decision import decide
from service.bundle.folder import Release, load_release
from service.bundle.golden import GoldenRow, find_mistakes
from service.bundle.manifest import Manifest
from service.bundle.rows import Rows, part_rows, prepare_rows, read_rows, split_rows
from service.errors import InvalidInput, Mistake, ModelMismatch

_TYPES = {
    "FP32": "tensor(float)",
    "FP64": "tensor(double)",
    "INT32": "tensor(int32)",
    "INT64": "tensor(int64)",
    "BYTES": "tensor(string)",
}
_FATAL_ONLY = 4  # onnxruntime's log level: what goes wrong is raised, not written to stderr


class Predictions(NamedTuple):
    """`labels` [n], class names; `probabilities` [n, classes], float32, columns in the manifest's order."""

    labels: NDArray[np.object_]
    probabilities: NDArray[np.float32]


class Classifier:
    """A released model that answers. Safe to call from several threads: onnxruntime's `run` is."""

    def __init__(self, release: Release, *, threads: int = 1) -> None:
        self.manifest: Manifest = release.manifest
        self.digest: str = release.digest
        self.golden: tuple[GoldenRow, ...] = release.golden
        self._dtype = np.dtype(self.manifest.input.dtype)
        self._classes = np.array(self.manifest.classes, dtype=object)
        self._session = open_session(release.model_bytes, threads=threads)
        self._flat = self._refuse_other_shape()

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Classifier:
        """Read a released model's folder.

        Raises InvalidInput or ModelMismatch when the folder does not hold what its manifest says.
        """
        return cls(load_release(folder), threads=threads)

    def predict(self, rows: ArrayLike | Sequence[Sequence[Value]]) -> Predictions:
        """Classify rows of shape [n, columns]: an array as `service.bundle.rows` reads one, or lists of JSON's values.

        Raises InvalidInput when the shape or the type of the rows is wrong.
        """
        probabilities = self.predict_probabilities(rows)
        return Predictions(self._classes[self.decide(probabilities)], probabilities)

    def predict_probabilities(self, rows: ArrayLike | Sequence[Sequence[Value]]) -> NDArray[np.float32]:
        """Probabilities [n, classes] of rows [n, columns]."""
        asked, spec = self._as_input(rows), self.manifest.input
        if not len(asked):  # some of onnxruntime's kernels refuse an empty batch
            return np.empty((0, len(self._classes)), dtype=np.float32)
        if not spec.texts:
            return self._run(asked)
        return np.concatenate([self._run(part) for part in part_rows(spec, asked)])

    def decide(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
        """The index of the class predicted for each row: by the released threshold, else the most probable."""
        return decide(probabilities, self.manifest.classes, self.manifest.thresholds)

    def golden_failures(self, rows: Sequence[GoldenRow] | None = None) -> list[str]:
        """Why the model does not give its golden answers: one line for each row that differs; empty when it does."""
        asked = self.golden if rows is None else rows
        labels, probabilities = self.predict([row.features for row in asked])
        return find_mistakes(asked, labels.tolist(), probabilities, self.manifest.tolerance)

    def _as_input(self, rows: ArrayLike | Sequence[Sequence[Value]]) -> Rows:
        spec = self.manifest.input
        try:
            array = np.asarray(rows if isinstance(rows, np.ndarray) else self.read(rows), dtype=self._dtype)
        except (TypeError, ValueError) as error:
            raise InvalidInput(
                f"the rows do not fit the {len(spec.columns)} columns: {error}",
                hint="send a list of rows, each a list of values in the order of the manifest's columns",
            ) from error
        if array.ndim != 2 or array.shape[1] != len(spec.columns):
            raise InvalidInput(
                f"the rows have the shape {list(array.shape)}, not [n, {len(spec.columns)}]",
                hint=f"send the features in this order: {', '.join(spec.features[:3])}, …",
            )
        return array

    def read(self, rows: Any) -> Rows:
        """Lists of JSON's values as an array of rows; numbers alone numpy reads by itself, None as NaN.

        Raises InvalidInput.
        """
        spec = self.manifest.input
        if spec.dtype != "object" or not len(rows):
            return np.asarray(rows, dtype=spec.dtype)
        read, wrong = read_rows(spec, rows)
        if wrong:
            mistakes = [Mistake(f"row {row}, {spec.features[place]}", why) for row, place, why in wrong]
            raise InvalidInput("the rows do not fit the model", mistakes, hint="the manifest lists the columns' types")
        return read

    def _run(self, rows: Rows) -> NDArray[np.float32]:
        (answer,) = self._session.run(["probabilities"], self._feed(rows))
        return np.asarray(answer, dtype=np.float32)

    def _feed(self, rows: Rows) -> dict[str, NDArray[Any]]:
        spec = self.manifest.input
        feeds = split_rows(spec, prepare_rows(spec, rows))
        return feeds | {name: feeds[name].ravel() for name in self._flat} if self._flat else feeds

    def _refuse_other_shape(self) -> list[str]:
        """The manifest and the graph must agree on the input; the digests alone do not say so.

        Returns the tensors that the graph wants flat, [n] for [n, 1].
        """
        nodes = {node.name: [node.type, *node.shape[1:]] for node in self._session.get_inputs()}
        flat = [t.name for t in self.manifest.input.tensors if len(t.columns) == 1 and len(nodes.get(t.name, ())) == 1]
        expected = {tensor.name: _describe(tensor, tensor.name in flat) for tensor in self.manifest.input.tensors}
        if nodes != expected:
            raise ModelMismatch(
                f"the model takes {nodes}, its manifest says {expected}",
                hint=f"remake it with `make model PROBLEM={self.manifest.problem}`",
            )
        return flat


def _describe(tensor: Tensor, flat: bool) -> list[str | int]:
    return [_TYPES[tensor.datatype]] if flat else [_TYPES[tensor.datatype], len(tensor.columns)]


def open_session(model_bytes: bytes, *, threads: int = 1) -> ort.InferenceSession:
    """An onnxruntime session on the CPU that starts no more threads than asked and never spins."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
