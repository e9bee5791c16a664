"""LightGBM and XGBoost, of the extra `boosting`: built, and taught to skl2onnx, only where a problem asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.base import BaseEstimator

from service.training.export_boosting import round_down

HINT = "install them: pip install 'outlast[boosting]'"
LIGHTGBM_PARAMETERS = (
    *("learning_rate", "n_estimators", "num_leaves", "max_depth", "min_child_samples"),
    *("reg_alpha", "reg_lambda", "subsample", "subsample_freq", "colsample_bytree"),
)
XGBOOST_PARAMETERS = (
    *("learning_rate", "n_estimators", "max_depth", "min_child_weight", "gamma"),
    *("reg_alpha", "reg_lambda", "subsample", "colsample_bytree"),
)


def is_installed(package: str) -> bool:
    """Whether a package of the extra is there, with what converts its models; "" is."""
    return not package or all(find_spec(name) is not None for name in (package, "onnxmltools"))


def build_lightgbm(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    """A classifier whose sums do not depend on the number of threads."""
    weights = "balanced" if balanced else None
    fixed = {"n_jobs": 1, "verbose": -1, "deterministic": True, "force_row_wise": True}
    model: BaseEstimator = import_module("lightgbm").LGBMClassifier(
        random_state=seed, class_weight=weights, **fixed, **parameters
    )
    return model


def build_xgboost(parameters: Mapping[str, Any], seed: int, balanced: bool, classes: int) -> BaseEstimator:
    """A classifier by histograms. It has no weights of classes: `balanced` is left to calibration and threshold."""
    model: BaseEstimator = import_module("xgboost").XGBClassifier(
        random_state=seed, n_jobs=1, tree_method="hist", **parameters
    )
    return model


def register_converters(classifier: object) -> None:
    """Have skl2onnx convert a classifier of the extra; nothing for another one."""
    package = type(classifier).__module__.partition(".")[0]
    if package in _REGISTER:
        _REGISTER[package](type(classifier))


def _register_lightgbm(kind: type) -> None:
    found = import_module("onnxmltools.convert.lightgbm.operator_converters.LightGbm")
    _register(kind, "OutlastLightGbm", found.convert_lightgbm)


def _register_xgboost(kind: type) -> None:
    found = import_module("onnxmltools.convert.xgboost.operator_converters.XGBoost")
    _register(kind, "OutlastXgboost", found.convert_xgboost)


class _RoundingDown:
    """skl2onnx's container, which rounds thresholds so that each parts the same float32 numbers as before."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *arguments: Any, **attributes: Any) -> None:
        if "nodes_values" in attributes:
            attributes["nodes_values"] = round_down(np.asarray(attributes["nodes_values"], dtype=np.float64)).tolist()
        self._container.add_node(*arguments, **attributes)


def _register(kind: type, alias: str, convert: Callable[..., None]) -> None:
    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}

    def convert_exactly(scope: Any, operator: Any, container: Any) -> None:
        convert(scope, operator, _RoundingDown(container))

    shapes = calculate_linear_classifier_output_shapes
    update_registered_converter(kind, alias, shapes, convert_exactly, options=options)


_REGISTER: Mapping[str, Callable[[type], None]] = {"lightgbm": _register_lightgbm, "xgboost": _register_xgboost}
