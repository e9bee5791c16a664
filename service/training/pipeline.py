"""The whole path from a raw row to probabilities as one scikit-learn Pipeline, so that all of it is exported.

Every cast is a step of the pipeline, before anything is learnt: what ONNX sees at serving is what scikit-learn saw at
training. Numbers are cast to float32, as they arrive; then the algorithms that do arithmetic go on in float64, in both
runtimes, and trees, which only compare, stay with float32, as their splits do: a threshold between two float64 numbers
may part what is one number in float32. Of a table with texts the numbers stay numbers: a graph never reads one out of a
text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skl2onnx.sklapi import CastTransformer
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from service.training.algorithms import ALGORITHMS, TEXT, TEXT_UNITS, Algorithm
from service.training.datasets import Dataset
from service.training.text_columns import TextNgrams


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
    of_classifier = {name: value for name, value in parameters.items() if name != TEXT}
    classifier = chosen.build(of_classifier, seed, balanced, classes)
    texts, categories = (_find_places(dataset, names) for names in (dataset.texts, dataset.categorical))
    numbers = [place for place in range(len(dataset.features)) if place not in {*texts, *categories}]
    parts: list[tuple[str, Any, list[int]]] = []
    if numbers:
        parts.append(("numbers", Pipeline(_prepare_numbers(chosen)), numbers))
    if categories:
        parts.append(("categories", _prepare_categories(chosen.arithmetic), categories))
    parts += [(f"{unit} {place}", TextNgrams(unit), [place]) for place in texts for unit in _units_of(parameters)]
    if len(parts) == 1 and numbers:
        return Pipeline([*_prepare_numbers(chosen), ("classifier", classifier)])
    # What free text becomes is nearly all zeros, and kept as such beside whatever columns.
    columns = ColumnTransformer(parts, sparse_threshold=1.0 if texts else 0.0)
    return Pipeline([("columns", columns), ("classifier", classifier)])


def _find_places(dataset: Dataset, names: Collection[str]) -> list[int]:
    return [place for place, name in enumerate(dataset.features) if name in names]


def _units_of(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    return TEXT_UNITS[parameters.get(TEXT, "words")]


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
        scale = MinMaxScaler(clip=True) if algorithm.counts else StandardScaler()
        steps += [("as_double", CastTransformer(dtype=np.float64)), ("standardise", scale)]
    return steps


def _prepare_categories(arithmetic: bool) -> Pipeline:
    # A missing value is a category of its own ("": absence often means something); one unseen in training is none.
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    steps: list[tuple[str, Any]] = [("one_hot", one_hot)]
    if arithmetic:
        steps.append(("as_double", CastTransformer(dtype=np.float64)))
    return Pipeline(steps)
