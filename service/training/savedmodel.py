"""A linear model as a TensorFlow SavedModel: an optional extra, `pip install .[savedmodel]`.

What is exported is the model's formula, read from the fitted pipeline; TensorFlow only evaluates it. The ONNX file
stays the unit that is released and served.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline

from service.errors import InvalidInput, Unavailable
from service.training.export import INPUT_NAME, Parity

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LinearForm:
    """Probabilities of rows x [n, f]: missing values become `medians` [f]; z = (x - mean) / scale; logits = z W' + b.

    `weights` [k, f] and `intercepts` [k]; of two classes, [1, f] and [1]. `softmax`: over the logits; else each class's
    sigmoid, scaled to sum to 1.
    """

    medians: Floats
    mean: Floats
    scale: Floats
    weights: Floats
    intercepts: Floats
    softmax: bool

    def evaluate(self, rows: NDArray[Any], lib: Any = np) -> Any:
        """Probabilities [n, k] by numpy, or by TensorFlow's experimental numpy."""
        x = lib.asarray(rows, lib.float32)
        x = lib.where(lib.isnan(x), lib.asarray(self.medians, lib.float32), x)
        logits = lib.matmul((lib.asarray(x, lib.float64) - self.mean) / self.scale, self.weights.T) + self.intercepts
        if len(self.intercepts) == 1:
            positive = 1 / (1 + lib.exp(-logits))
            return lib.concatenate([1 - positive, positive], axis=1)
        raised = (
            lib.exp(logits - lib.max(logits, axis=1, keepdims=True)) if self.softmax else 1 / (1 + lib.exp(-logits))
        )
        return raised / lib.sum(raised, axis=1, keepdims=True)


def read_linear_form(pipeline: Pipeline) -> LinearForm:
    """The formula of a fitted softmax or one-vs-rest model on numbers. Raises InvalidInput for another pipeline."""
    steps, classifier = pipeline.named_steps, pipeline.steps[-1][1]
    if not {"impute", "standardise"} <= set(steps) or not (
        hasattr(classifier, "coef_") or isinstance(classifier, OneVsRestClassifier)
    ):
        what = f"a {type(classifier).__name__} on these columns has no linear formula to write as a SavedModel"
        raise InvalidInput(what, hint="export a softmax or one-vs-rest model of numeric columns, or use the ONNX file")
    parts = getattr(classifier, "estimators_", [classifier])
    return LinearForm(
        medians=np.asarray(steps["impute"].statistics_, dtype=np.float64),
        mean=np.asarray(steps["standardise"].mean_),
        scale=np.asarray(steps["standardise"].scale_),
        weights=np.vstack([part.coef_ for part in parts]),
        intercepts=np.concatenate([part.intercept_ for part in parts]),
        softmax=not isinstance(classifier, OneVsRestClassifier),
    )


def export_savedmodel(pipeline: Pipeline, folder: Path) -> None:
    """Write the SavedModel. Raises Unavailable where TensorFlow is not installed."""
    tf, form = _import_tensorflow(), read_linear_form(pipeline)
    numpy_of_tf = importlib.import_module("tensorflow.experimental.numpy")
    module = tf.Module()
    signature = tf.TensorSpec([None, len(form.mean)], tf.float32, name=INPUT_NAME)
    serve = tf.function(lambda features: {"probabilities": form.evaluate(features, numpy_of_tf)})
    module.serve = serve
    tf.saved_model.save(module, str(folder), signatures=serve.get_concrete_function(signature))


def measure_savedmodel_parity(pipeline: Pipeline, folder: Path, rows: NDArray[Any]) -> Parity:
    """Compare scikit-learn with the SavedModel on every row: held to the same tolerance as ONNX."""
    tf = _import_tensorflow()
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    theirs = np.asarray(serve(**{INPUT_NAME: tf.constant(rows.astype(np.float32))})["probabilities"])
    ours = np.asarray(pipeline.predict_proba(rows), dtype=np.float64)
    differ = int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
    return Parity(len(rows), float(np.abs(ours - theirs).max(initial=0.0)), differ)


def _import_tensorflow() -> Any:
    try:
        return importlib.import_module("tensorflow")
    except ImportError as error:
        raise Unavailable("TensorFlow is not installed", hint="pip install .[savedmodel]") from error
