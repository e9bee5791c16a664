"""A model that was made elsewhere, before it is ours: its graph, what it knows of itself, and how it answers there.

`ask` is the library that made the model, on the same rows: what is served must answer as it does. Of an ONNX file the
graph itself is the original, so there is none.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
import onnx
from numpy.typing import NDArray

from service.errors import InvalidInput, Mistake, Unavailable
from service.importing.inputs import Values

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Probabilities [rows, classes], and the labels [rows] that the model itself gives, "" where it gives none."""

    probabilities: Floats
    labels: NDArray[np.object_] | None


@dataclass(frozen=True)
class Foreign:
    """A model as an importer found it.

    `features` are the columns that it takes, in order, where it is known which; `classes` in the order of its
    probabilities, where it knows them. `exact` makes a graph that computes in 64 bits, for a model to which 32 are too
    few. `title` is what made it; `notes` are what is worth knowing of how it was read.
    """

    title: str
    graph: onnx.ModelProto
    features: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    ask: Callable[[Values], Answers] | None = None
    exact: Callable[[], onnx.ModelProto | None] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def require(module: str, extra: str) -> ModuleType:
    """A module of an extra. Raises Unavailable, with what to install, where it is not there."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        what = f"{module} is not installed, and models of it cannot be read without"
        raise Unavailable(what, hint=f"pip install 'outlast[{extra}]'") from error


def match_names(names: Sequence[str], features: Sequence[str], what: str) -> tuple[str, ...]:
    """The names of a model's columns, each of which the table must have; the table's own order where it knows none.

    Raises InvalidInput with those that are not there, or where the numbers of columns differ.
    """
    if not names or all(name == made_up for name, made_up in zip(names, _made_up(names), strict=True)):
        return _match_count(len(names), features, what)
    absent = [name for name in names if name not in features]
    if absent:
        mistakes = [Mistake(f"column {name}", "is not in the table, and the model takes it") for name in absent[:20]]
        hint = f"the table's columns are {', '.join(features[:20])}"
        raise InvalidInput(f"the table's columns do not fit {what}", mistakes, hint=hint)
    return tuple(names)


def _made_up(names: Sequence[str]) -> list[str]:
    """What libraries call columns of which they were told no name, as far as the first name is one of these."""
    for prefix in ("Column_", "f", "x", ""):
        if names[0] == f"{prefix}0":
            return [f"{prefix}{place}" for place in range(len(names))]
    return [""] * len(names)


def _match_count(count: int, features: Sequence[str], what: str) -> tuple[str, ...]:
    if count and count != len(features):
        raise InvalidInput(
            f"{what} takes {count} columns, the table has {len(features)} beside the target",
            hint=f"--drop COLUMN leaves one out; the table's columns are {', '.join(features[:20])}",
        )
    return tuple(features)


def stack_numbers(values: Values, names: Sequence[str]) -> Floats:
    """Columns of numbers as one array [rows, columns]."""
    return np.column_stack([values[name] for name in names]).astype(np.float64)


def as_two_columns(probabilities: Floats) -> Floats:
    """Probabilities of every class where a library gives those of the second alone."""
    if probabilities.ndim == 1:
        return np.column_stack([1 - probabilities, probabilities])
    return probabilities
