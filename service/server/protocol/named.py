"""The plain door's request: one row with its features by name, `{"features": {"mean_radius": 17.99, …}}`."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Set
from itertools import islice
from typing import Any

import numpy as np

from service.bundle.manifest import InputSpec
from service.errors import Mistake
from service.server.protocol.bodies import Body, count_keys, parse_object, refuse_duplicate_keys, require_json_type
from service.server.protocol.problems import INVALID_REQUEST, MOST_MISTAKES, Problem
from service.server.protocol.tensors import FLOAT32_MAX, InferRequest, Wanted

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
    is_number = spec.datatype == "FP32"
    values = [_read_value(name, features[name], is_number, mistakes) for name in spec.features if name in features]
    if mistakes:
        detail = (
            f"{len(mistakes)} of its parts are wrong"
            if len(mistakes) > 1
            else f"{mistakes[0].place} {mistakes[0].what}"
        )
        raise Problem(INVALID_REQUEST, detail, mistakes=mistakes, hint="GET /docs shows a row that works")
    rows = np.array([values], dtype=np.float64 if is_number else np.object_)
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


def _read_value(name: str, value: Any, is_number: bool, mistakes: list[Mistake]) -> Any:
    place = f"features.{name}"
    if not is_number:
        if type(value) is not str:
            mistakes.append(Mistake(place, "must be a text"))
        return value
    if type(value) not in (int, float):
        mistakes.append(Mistake(place, "must be a number"))
        return math.nan
    if not abs(value) <= FLOAT32_MAX:
        mistakes.append(Mistake(place, "must be a finite number within FP32"))
        return math.nan
    return value
