"""The released model in memory: rows in, labels and probabilities out. Goes into the image: numpy and onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import ArrayLike, NDArray

from service.bundle import missing
from service.bundle.decision import decide
from service.bundle.folder import Release, load_release
from service.bundle.golden import GoldenRow, find_mistakes
from service.bundle.manifest import Manifest
from service.errors import InvalidInput, ModelMismatch

_FATAL_ONLY = 4  # onnxruntime's log level: what goes wrong is raised, not written to stderr


class Predictions(NamedTuple):
    """`labels` [n], class names; `probabilities` [n, classes], float32, columns in the manifest's order."""

    labels: NDArray[np.object_]
    probabilities: NDArray[np.float32]


class Classifier:
    """A released model that answers. Safe to call from several threads: onnxruntime's `run` is.

    `takes_missing`: the pipeline, whole in the file, puts the median of training where a number is missing.
    """

    takes_missing = True

    def __init__(self, release: Release, *, threads: int = 1) -> None:
        self.manifest: Manifest = release.manifest
        self.digest: str = release.digest
        self.golden: tuple[GoldenRow, ...] = release.golden
        self._classes = np.array(self.manifest.classes, dtype=object)
        self._session = open_session(release.model_bytes, threads=threads)
        self._spellings = _spellings_of_missing(self.manifest)
        self._refuse_other_shape()

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Classifier:
        """Read a released model's folder.

        Raises InvalidInput or ModelMismatch when the folder does not hold what its manifest says.
        """
        return cls(load_release(folder), threads=threads)

    def predict(self, rows: ArrayLike) -> Predictions:
        """Classify rows of shape [n, features]: numbers for an FP32 model, texts for a BYTES model.

        Raises InvalidInput when the shape or the type of the rows is wrong.
        """
        probabilities = self.predict_probabilities(rows)
        return Predictions(self._classes[self.decide(probabilities)], probabilities)

    def predict_probabilities(self, rows: ArrayLike) -> NDArray[np.float32]:
        """Probabilities [n, classes] of rows [n, features]."""
        asked = self._as_input(rows)
        if not len(asked):  # some of onnxruntime's kernels refuse an empty batch
            return np.empty((0, len(self._classes)), dtype=np.float32)
        (answer,) = self._session.run(["probabilities"], {self.manifest.input.name: asked})
        return np.asarray(answer, dtype=np.float32)

    def decide(self, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
        """The index of the class predicted for each row: by the released threshold, else the most probable."""
        return decide(probabilities, self.manifest.classes, self.manifest.thresholds)

    def golden_failures(self, rows: Sequence[GoldenRow] | None = None) -> list[str]:
        """Why the model does not give its golden answers: one line for each row that differs; empty when it does."""
        asked = self.golden if rows is None else rows
        labels, probabilities = self.predict([row.features for row in asked])
        return find_mistakes(asked, labels.tolist(), probabilities, self.manifest.tolerance)

    def _as_input(self, rows: ArrayLike) -> NDArray[Any]:
        spec = self.manifest.input
        try:
            array = np.asarray(rows, dtype=np.float32 if spec.datatype == "FP32" else np.object_)
        except (TypeError, ValueError) as error:
            raise InvalidInput(
                f"the rows are not numbers in {len(spec.features)} columns: {error}",
                hint="send a list of rows, each a list of numbers in the order of the manifest's features",
            ) from error
        if array.ndim != 2 or array.shape[1] != len(spec.features):
            raise InvalidInput(
                f"the rows have the shape {list(array.shape)}, not [n, {len(spec.features)}]",
                hint=f"send the features in this order: {', '.join(spec.features[:3])}, …",
            )
        return self._spell_missing(array) if self._spellings else array

    def _spell_missing(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Rows of texts, every spelling of a missing value as the graph knows it; the caller's own stay as they are."""
        spelt = rows
        for column, spellings in enumerate(self._spellings):
            for row, text in enumerate(rows[:, column]):
                if (known := spellings.get(text)) is not None:
                    spelt = rows.copy() if spelt is rows else spelt
                    spelt[row, column] = known
        return spelt

    def _refuse_other_shape(self) -> None:
        """The manifest and the graph must agree on the input; the digests alone do not say so."""
        spec = self.manifest.input
        expected = [spec.name, "tensor(float)" if spec.datatype == "FP32" else "tensor(string)", len(spec.features)]
        inputs = [[node.name, node.type, node.shape[-1]] for node in self._session.get_inputs()]
        if inputs != [expected]:
            raise ModelMismatch(
                f"the model takes {inputs}, its manifest says {[expected]}",
                hint=f"remake it with `make model PROBLEM={self.manifest.problem}`",
            )


def _spellings_of_missing(manifest: Manifest) -> list[dict[str, str]]:
    """For each column of a model of texts: a spelling of a missing value -> the one that the graph was trained on."""
    if manifest.input.datatype != "BYTES":
        return []
    columns = [manifest.reference.get(name, {}) for name in manifest.input.features]
    return [missing.spellings(column.get("kind") == "numeric", column.get("counts", ())) for column in columns]


def open_session(model_bytes: bytes, *, threads: int = 1) -> ort.InferenceSession:
    """An onnxruntime session on the CPU that starts no more threads than asked and never spins."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
