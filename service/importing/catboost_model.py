"""Models in the native files of CatBoost, which writes ONNX itself."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from service.errors import InvalidInput
from service.importing.foreign import Answers, Foreign, match_names, require, stack_numbers
from service.importing.inputs import Values
from service.importing.table import GivenTable

_FORMATS = {".cbm": "cbm", ".json": "json"}


def read_catboost(path: Path, table: GivenTable) -> Foreign:
    """A CatBoost classifier out of a `.cbm` or `.json` file of `save_model`.

    Raises InvalidInput for what is no classifier, or takes categories or texts: of these CatBoost writes no ONNX.
    """
    catboost = require("catboost", "catboost")
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint="--catboost takes a .cbm or .json file of save_model")
    model = catboost.CatBoostClassifier()
    try:
        model.load_model(str(path), format=_FORMATS.get(path.suffix, "cbm"))
    except catboost.CatBoostError as error:
        what = f"{path} is not a model file of CatBoost: {_first_line(error)}"
        raise InvalidInput(what, hint="save it by model.save_model('model.cbm')") from error
    _refuse_other(model, path)
    features = match_names(model.feature_names_, table.features, "the CatBoost model")
    return Foreign(
        title="CatBoost",
        graph=_convert(model, path, catboost.CatBoostError),
        features=features,
        classes=tuple(map(str, model.classes_)),
        ask=lambda values: _ask(model, features, values),
        versions={"catboost": version("catboost")},
    )


def _refuse_other(model: Any, path: Path) -> None:
    if not len(model.classes_):
        raise InvalidInput(f"{path} holds no classifier of CatBoost", hint="save a CatBoostClassifier")
    categories, texts = model.get_cat_feature_indices(), model.get_text_feature_indices()
    if categories or texts:
        what = f"{path} has {len(categories)} columns of categories and {len(texts)} of text"
        hint = "encode them outside of CatBoost, and train it on numbers alone"
        raise InvalidInput(f"{what}; CatBoost writes ONNX of models of numbers alone", hint=hint)


def _convert(model: Any, path: Path, refusal: type[Exception]) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch, "model.onnx")
        try:
            model.save_model(str(target), format="onnx")
        except refusal as error:
            what = f"{path} cannot be converted to ONNX: CatBoost says: {_first_line(error)}"
            raise InvalidInput(what, hint="train it with numbers and a common loss function") from error
        return onnx.load(str(target))


def _ask(model: Any, features: tuple[str, ...], values: Values) -> Answers:
    rows = stack_numbers(values, features)
    labels = np.asarray(model.predict(rows)).ravel().tolist()
    probabilities = np.asarray(model.predict_proba(rows), dtype=np.float64)
    return Answers(probabilities, np.array([str(label) for label in labels], dtype=object))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
