"""Each algorithm's model, fitted on the training rows: here, or in a job elsewhere whose result is read from a file.

What is carried between machines is data and no code: the graph, what the fitted model answered to every row of the
table, and the weights of a linear one. The graph is run here, so that parity also compares the two machines.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from sklearn.pipeline import Pipeline

from service.bundle.columns import InputSpec
from service.evaluation.coefficients import name_weights
from service.evaluation.metrics import Floats
from service.evaluation.workbench import Workbench
from service.training.algorithms import ALGORITHMS, LINEAR
from service.training.export import export_onnx, run_onnx
from service.training.fit_names import digest_code, name_fit
from service.training.sealed import read_sealed, write_sealed

FOLDER = "finals"
_EXPORT = tuple(f"training/export{kind}.py" for kind in ("", "_boosting", "_neighbours", "_svm", "_text"))


class Final(Protocol):
    """A fitted model, wherever it was fitted: `graph` is its ONNX file, `answers` [n, classes] those to every row."""

    @property
    def graph(self) -> bytes:
        """Without a calibration."""

    @property
    def answers(self) -> Floats:
        """Without a calibration."""

    @property
    def weights(self) -> Mapping[str, Floats]:
        """Of a linear model each column's weights, by the column's name; of others nothing."""

    def predict_proba(self, rows: Any) -> Floats:
        """Probabilities [n, classes] of prepared rows."""


@dataclass(frozen=True)
class FittedHere:
    """A pipeline of scikit-learn."""

    algorithm: str
    pipeline: Pipeline
    bench: Workbench = field(repr=False)

    @cached_property
    def graph(self) -> bytes:
        """Exported when first asked for."""
        return export_onnx(self.pipeline, name=self.bench.problem.name, spec=self.bench.dataset.spec)

    @cached_property
    def answers(self) -> Floats:
        """Asked of the pipeline when first asked for."""
        return self.predict_proba(self.bench.dataset.rows())

    @cached_property
    def weights(self) -> Mapping[str, Floats]:
        """Those of the fitted classifier."""
        return name_weights(self.pipeline, self.bench.dataset.features) if self.algorithm in LINEAR else {}

    def predict_proba(self, rows: Any) -> Floats:
        """By scikit-learn."""
        return np.asarray(self.pipeline.predict_proba(rows), dtype=np.float64)


@dataclass(frozen=True)
class FittedElsewhere:
    """What a job left of a model that it fitted."""

    graph: bytes = field(repr=False)
    answers: Floats = field(repr=False)
    weights: Mapping[str, Floats] = field(repr=False)
    spec: InputSpec = field(repr=False)

    def predict_proba(self, rows: Any) -> Floats:
        """By the graph."""
        return run_onnx(self.graph, rows, self.spec)


def take_final(bench: Workbench, algorithm: str, parameters: Mapping[str, Any], fit: Callable[[], Pipeline]) -> Final:
    """The model that is kept where the workbench keeps these, else one that is fitted now.

    Where they are kept, one that is fitted now is read back as well: a process that goes on answers to the last bit
    like one that was never interrupted.
    """
    if bench.fits is None:
        return FittedHere(algorithm, fit(), bench)
    path = bench.fits / FOLDER / f"{_name(bench, algorithm, parameters)}.final"
    content = read_sealed(path)
    if content is None:
        content = _render(FittedHere(algorithm, fit(), bench))
        write_sealed(path, content)
    return _parse(content, bench.dataset.spec)


def _name(bench: Workbench, algorithm: str, parameters: Mapping[str, Any]) -> str:
    """As the names of the other fits, and of what exports the model: its graph is kept with it."""
    libraries = ("onnx", "skl2onnx", *(("onnxmltools",) if ALGORITHMS[algorithm].package else ()))
    exported_by = [bench.problem.name, *map(version, libraries), digest_code(_EXPORT)]
    return name_fit([*bench.bench.shared_by_fits, exported_by], algorithm, parameters, [bench.splits.training])


def _render(final: Final) -> bytes:
    out = io.BytesIO()
    columns = np.array(list(final.weights), dtype=np.str_)
    weights = np.array([*final.weights.values()], dtype=np.float64)
    graph = np.frombuffer(final.graph, dtype=np.uint8)
    np.savez(out, graph=graph, answers=final.answers, columns=columns, weights=weights)
    return out.getvalue()


def _parse(content: bytes, spec: InputSpec) -> FittedElsewhere:
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        weights = dict(zip(held["columns"].tolist(), held["weights"], strict=True))
        return FittedElsewhere(held["graph"].tobytes(), held["answers"], weights, spec)
