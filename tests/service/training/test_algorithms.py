"""Each algorithm takes the parameters that a grid may name, and says what it lacks before anything is fitted."""

from __future__ import annotations

import inspect

import pytest

from service.errors import Unavailable
from service.training import boosting
from service.training.algorithms import ALGORITHMS, BASELINE, require_packages


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "one_vs_rest" and name != "svm"])
def test_every_parameter_of_a_grid_is_one_of_the_classifier(name: str) -> None:
    algorithm = ALGORITHMS[name]
    if not boosting.is_installed(algorithm.package):
        pytest.skip(f"{algorithm.package} is not installed")
    # Those of what is calibrated are the machine's within.
    known = {name.rpartition("__")[2] for name in algorithm.build({}, 0, False, 2).get_params()}
    assert set(algorithm.parameters) <= known
    assert set(inspect.signature(algorithm.build).parameters) == {"parameters", "seed", "balanced", "classes"}


@pytest.mark.parametrize("name", ["softmax", "decision_tree", "random_forest", "hist_gradient_boosting"])
def test_weights_are_the_classifiers_own(name: str) -> None:
    weights = [ALGORITHMS[name].build({}, 0, balanced, 2).get_params()["class_weight"] for balanced in (True, False)]
    assert weights == ["balanced", None]


def test_what_competes_unasked_needs_no_further_package_and_the_baseline_is_among_it() -> None:
    usual = {name for name, algorithm in ALGORITHMS.items() if algorithm.usual}
    assert not any(ALGORITHMS[name].package for name in usual)
    assert {BASELINE, "hist_gradient_boosting"} <= usual
    assert "decision_tree" not in usual


def test_a_package_that_is_not_installed_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    require_packages(["softmax", "hist_gradient_boosting"])
    monkeypatch.setattr(boosting, "is_installed", lambda package: not package)
    with pytest.raises(Unavailable, match="lightgbm, xgboost cannot be trained here") as caught:
        require_packages(["softmax", "lightgbm", "xgboost"])
    assert "outlast[boosting]" in caught.value.hint
