"""Models in the native files of LightGBM and XGBoost, converted by onnxmltools."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from service.errors import InvalidInput
from service.importing.foreign import Answers, Floats, Foreign, as_two_columns, match_names, require, stack_numbers
from service.importing.inputs import Values
from service.importing.table import GivenTable

_EXTRA = "boosting"
_OPSET = 15  # the newest that onnxmltools writes trees for
_LIGHTGBM_KINDS = ("binary", "multiclass", "multiclassova", "cross_entropy")
_XGBOOST_KINDS = ("binary:logistic", "multi:softprob", "multi:softmax")


def read_lightgbm(path: Path, table: GivenTable) -> Foreign:
    """A LightGBM model out of the text file that `Booster.save_model` writes.

    Raises InvalidInput for what is no classifier, or has columns of categories.
    """
    lightgbm = require("lightgbm", _EXTRA)
    convert = require("onnxmltools", _EXTRA).convert_lightgbm
    _require_file(path, "--lightgbm takes a file of Booster.save_model")
    try:
        booster = lightgbm.Booster(model_file=str(path))
    except lightgbm.basic.LightGBMError as error:
        what = f"{path} is not a model file of LightGBM: {error}"
        raise InvalidInput(what, hint="save it by booster.save_model; of LGBMClassifier: model.booster_") from error
    objective = str(booster.dump_model(num_iteration=1).get("objective", "")).partition(" ")[0]
    _refuse_objective(path, objective, _LIGHTGBM_KINDS)
    if booster.pandas_categorical:
        what = (
            f"{path} has {len(booster.pandas_categorical)} columns of pandas categories, which ONNX cannot take from it"
        )
        raise InvalidInput(what, hint="encode categories in a scikit-learn pipeline around it, and bring that")
    features = match_names(booster.feature_name(), table.features, "the LightGBM model")
    graph = _convert(path, "LightGBM", lambda types: convert(booster, initial_types=types, **_options()), len(features))
    return Foreign(
        title="LightGBM",
        graph=graph,
        features=features,
        ask=lambda values: Answers(as_two_columns(_stack(booster.predict, values, features)), None),
        versions={name: version(name) for name in ("lightgbm", "onnxmltools")},
    )


def read_xgboost(path: Path, table: GivenTable) -> Foreign:
    """An XGBoost model out of a `.json` or `.ubj` file of `save_model`.

    Raises InvalidInput for what is no classifier, or has columns of categories.
    """
    xgboost = require("xgboost", _EXTRA)
    convert = require("onnxmltools", _EXTRA).convert_xgboost
    _require_file(path, "--xgboost takes a .json or .ubj file of save_model")
    booster = xgboost.Booster()
    try:
        booster.load_model(str(path))
    except (xgboost.core.XGBoostError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        what = f"{path} is not a model file of XGBoost: {first}"
        raise InvalidInput(what, hint="save it by model.save_model('model.json')") from error
    objective = json.loads(booster.save_config())["learner"]["learner_train_param"]["objective"]
    _refuse_objective(path, objective, _XGBOOST_KINDS)
    if "c" in (booster.feature_types or ()):
        what = f"{path} has columns of categories, which its converter to ONNX does not know"
        raise InvalidInput(what, hint="encode categories in a scikit-learn pipeline around it, and bring that")
    names = booster.feature_names or [f"f{place}" for place in range(booster.num_features())]
    features = match_names(names, table.features, "the XGBoost model")
    booster.feature_names = None  # the converter knows columns by their numbers
    if objective == "multi:softmax":
        booster.set_param({"objective": "multi:softprob"})

    def ask(rows: Floats) -> Any:
        return booster.predict(xgboost.DMatrix(rows, missing=np.nan))

    graph = _convert(path, "XGBoost", lambda types: convert(booster, initial_types=types, **_options()), len(features))
    return Foreign(
        title="XGBoost",
        graph=graph,
        features=features,
        ask=lambda values: Answers(as_two_columns(_stack(ask, values, features)), None),
        versions={name: version(name) for name in ("xgboost-cpu", "onnxmltools")},
    )


def _options() -> dict[str, Any]:
    return {"target_opset": _OPSET}


def _stack(ask: Callable[[Floats], Any], values: Values, features: tuple[str, ...]) -> Floats:
    return np.asarray(ask(stack_numbers(values, features)), dtype=np.float64)


def _require_file(path: Path, hint: str) -> None:
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint=hint)


def _refuse_objective(path: Path, objective: str, known: tuple[str, ...]) -> None:
    if objective not in known:
        what = f"{path} was trained for {objective or 'nothing that it names'}, which gives no probabilities of classes"
        raise InvalidInput(what, hint=f"an objective that does: {', '.join(known)}")


def _convert(path: Path, library: str, run: Callable[[Any], Any], width: int) -> onnx.ModelProto:
    types = require("onnxmltools.convert.common.data_types", _EXTRA)
    try:
        graph: onnx.ModelProto = run([("features", types.FloatTensorType([None, width]))])
    except Exception as error:  # converters raise whatever they meet
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        what = f"{path} cannot be converted to ONNX: onnxmltools says: {first}"
        raise InvalidInput(what, hint=f"convert it where {library} is, and bring it with --onnx") from error
    return graph
