"""What linear models weigh: the coefficients of each beside the others', by the name of what reaches the classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.pipeline import Pipeline

from service.evaluation.metrics import Floats
from service.training.text_columns import CHARACTERS, TextNgrams

_MOST_COLUMNS = 500  # n-grams are tens of thousands


def name_weights(pipeline: Pipeline, features: Sequence[str]) -> dict[str, Floats]:
    """The weights of a linear model's columns, by the column's name: one for each class, or one alone for two."""
    return dict(zip(name_columns(pipeline, features), read_coefficients(pipeline).T, strict=True))


def gather_coefficients(named: Mapping[str, Mapping[str, Floats]]) -> tuple[list[str], dict[str, Floats]]:
    """The columns' names, and of each model its weights [classes, columns], or [1, columns] for two classes.

    A column that one model has and another has not weighs 0 there. Of very many the heaviest are taken.
    """
    heaviest: dict[str, float] = {}
    for weights in named.values():
        for column, weight in weights.items():
            heaviest[column] = max(heaviest.get(column, 0.0), float(np.abs(weight).max()))
    least = sorted(heaviest.values(), reverse=True)[:_MOST_COLUMNS][-1]
    columns = [column for column, weight in heaviest.items() if weight >= least][:_MOST_COLUMNS]
    return columns, {name: _pick(weights, columns) for name, weights in named.items()}


def read_coefficients(pipeline: Pipeline) -> Floats:
    """The weights of a linear model on standardised columns: [classes, columns], or [1, columns] for two classes."""
    classifier = pipeline.steps[-1][1]
    if hasattr(classifier, "estimators_"):
        return np.vstack([part.coef_ for part in classifier.estimators_])
    return np.asarray(classifier.coef_, dtype=np.float64)


def name_columns(pipeline: Pipeline, features: Sequence[str]) -> list[str]:
    """What each column that reaches the classifier is: a number by its name, `name = category`, `name: n-gram`."""
    if "columns" not in pipeline.named_steps:
        return list(features)
    names: list[str] = []
    for part, fitted, indices in pipeline.named_steps["columns"].transformers_:
        if part == "categories":
            known = zip(indices, fitted.named_steps["one_hot"].categories_, strict=True)
            names += [f"{features[i]} = {value or '(missing)'}" for i, values in known for value in values]
        elif isinstance(fitted, TextNgrams):
            what = "characters " if fitted.unit == CHARACTERS else ""
            names += [f"{features[indices[0]]}: {what}{ngram!r}" for ngram in fitted.ngrams_]
        else:
            names += [features[i] for i in indices]
    return names


def _pick(weights: Mapping[str, Floats], columns: Sequence[str]) -> Floats:
    nothing = np.zeros_like(next(iter(weights.values())))
    return np.array([weights.get(column, nothing) for column in columns]).T
