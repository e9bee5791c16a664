"""The plain door's request: one row with its features by name, `{"features": {"mean_radius": 17.99, …}}`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Set
from itertools import islice
from typing import Any

import numpy as np

from service.bundle.columns import Column, InputSpec
from service.bundle.missing import is_missing
from service.bundle.values import read_value
from service.errors import Mistake
from service.server.protocol.bodies import Body, count_keys, parse_object, refuse_duplicate_keys, require_json_type
from service.server.protocol.problems import INVALID_REQUEST, MOST_MISTAKES, Problem
from service.server.protocol.tensors import InferRequest, Wanted

_KEYS = {"features"}
_LONGEST_NAME = 100  # comparing names takes as long as the product of their lengths
_COMPARED = 100


def decode_named(spec: InputSpec, headers: Mapping[bytes, bytes], body: Body) -> InferRequest:
    """Decode one row by name. Raises Problem with every mistake found."""
    require_json_type(headers)
    document = parse_object(body)
    refuse_duplicate_keys(body, count_keys(document))
    mistakes = [Mistake(key, "is not a key of a request") for key in _first(document, _KEYS)]
    features = document.get("features")
    if type(features) is not dict:
        mistakes.append(Mistake("features", "must be an object, name -> value"))
        features = {}
    else:
        mistakes += _mistaken_names(spec, features)
    given = [(c, largest) for c, largest in zip(spec.columns, spec.largest, strict=True) if c.name in features]
    values = [_read(spec, column, features[column.name], largest, mistakes) for column, largest in given]
    if mistakes:
        detail = (
            f"{len(mistakes)} of its parts are wrong"
            if len(mistakes) > 1
            else f"{mistakes[0].place} {mistakes[0].what}"
        )
        raise Problem(INVALID_REQUEST, detail, mistakes=mistakes, hint="GET /docs shows a row that works")
    rows = np.array([values], dtype=np.object_ if spec.dtype == "object" else np.float64)
    return InferRequest(rows, None, (Wanted("label", False), Wanted("probabilities", False)))


def _mistaken_names(spec: InputSpec, features: Mapping[str, Any]) -> list[Mistake]:
    missing = [name for name in spec.features if name not in features]
    unknown = _first(features, set(spec.features))
    mistakes = [Mistake(f"features.{name}", "is missing") for name in missing]
    for name in unknown:
        near = difflib.get_close_matches(name, missing[:_COMPARED], n=1) if len(name) <= _LONGEST_NAME else []
        hint = f"did you mean {near[0]}?" if near else ""
        mistakes.append(Mistake(f"features.{name[:_LONGEST_NAME]}", "is not a feature of this model", hint))
    # Some of either kind, however many there are of the other: a misspelt name is both.
    return mistakes if len(mistakes) <= MOST_MISTAKES else [*mistakes[len(missing) :][:10], *mistakes[: len(missing)]]


def _first(given: Mapping[str, Any], known: Set[str]) -> list[str]:
    """The first names that are not known: as many as an answer shows, of however many there are."""
    return list(islice((name for name in given if name not in known), MOST_MISTAKES))


def _read(spec: InputSpec, column: Column, value: Any, largest: float, mistakes: list[Mistake]) -> float | str:
    """A value as the model takes it. A model with texts takes numbers written out as well, as it always did."""
    place = f"features.{column.name}"
    if spec.is_numeric and type(value) is str and not is_missing(value.strip()):
        mistakes.append(Mistake(place, "must be a number"))
        return value
    read, wrong = read_value(column, value, largest)
    if wrong:
        mistakes.append(Mistake(place, wrong))
    return read
