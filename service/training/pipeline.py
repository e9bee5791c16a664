"""The whole path from a raw row to probabilities as one scikit-learn Pipeline, so that all of it is exported.

Every cast is a step of the pipeline, before anything is learnt: what ONNX sees at serving is what scikit-learn saw at
training. Numbers are cast to float32, as they arrive; then the algorithms that do arithmetic go on in float64, in both
runtimes, and trees, which only compare, stay with float32, as their splits do: a threshold between two float64 numbers
may part what is one number in float32. Of a table with texts the numbers stay numbers: a graph never reads one out of a
text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skl2onnx.sklapi import CastTransformer
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from service.training.algorithms import ALGORITHMS, Algorithm
from service.training.datasets import Dataset


def build_pipeline(
    algorithm: str,
    parameters: Mapping[str, Any],
    dataset: Dataset,
    *,
    classes: int,
    seed: int = 0,
    balanced: bool = False,
) -> Pipeline:
    """Casts, imputation, one-hot and standardisation, then the classifier, not yet fitted."""
    chosen = ALGORITHMS[algorithm]
    classifier = chosen.build(parameters, seed, balanced, classes)
    if not dataset.categorical:
        return Pipeline([*_prepare_numbers(chosen), ("classifier", classifier)])
    texts = [dataset.features.index(name) for name in dataset.categorical]
    numbers = [index for index in range(len(dataset.features)) if index not in texts]
    parts: list[tuple[str, Any, list[int]]] = [("categories", _prepare_categories(chosen.arithmetic), texts)]
    if numbers:
        parts.insert(0, ("numbers", Pipeline(_prepare_numbers(chosen)), numbers))
    return Pipeline([("columns", ColumnTransformer(parts)), ("classifier", classifier)])


def fit_pipeline(pipeline: Pipeline, rows: NDArray[Any], truth: ArrayLike) -> Pipeline:
    """Fit on one thread: the sums of a linear algebra library depend on how many threads share them."""
    with threadpool_limits(1):
        fitted: Pipeline = pipeline.fit(rows, truth)
    return fitted


def encode_labels(dataset: Dataset, positive: str | None) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The classes' names, sorted, of two the positive one last; and each row's index into them."""
    names = sorted({str(label) for label in dataset.labels})
    if positive is not None and len(names) == 2:
        names.sort(key=lambda name: name == positive)
    index = {name: position for position, name in enumerate(names)}
    return tuple(names), np.array([index[str(label)] for label in dataset.labels], dtype=np.intp)


def _prepare_numbers(algorithm: Algorithm) -> list[tuple[str, Any]]:
    steps: list[tuple[str, Any]] = [("as_input", CastTransformer(dtype=np.float32))]
    if not algorithm.missing:
        steps.append(("impute", SimpleImputer(strategy="median", keep_empty_features=True)))
    if algorithm.arithmetic:
        steps += [("as_double", CastTransformer(dtype=np.float64)), ("standardise", StandardScaler())]
    return steps


def _prepare_categories(arithmetic: bool) -> Pipeline:
    # A missing value is a category of its own ("": absence often means something); one unseen in training is none.
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    steps: list[tuple[str, Any]] = [("one_hot", one_hot)]
    if arithmetic:
        steps.append(("as_double", CastTransformer(dtype=np.float64)))
    return Pipeline(steps)
