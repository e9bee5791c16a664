"""A model that a job fitted elsewhere stands in the place of a fit here, and one cut in half does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from service.evaluation.comparison import train
from service.evaluation.finals import FOLDER, Final, FittedElsewhere, FittedHere, take_final
from service.evaluation.workbench import Workbench

PARAMETERS: Mapping[str, Any] = {"C": 1.0}


@pytest.fixture
def bench(workbench: Workbench, tmp_path: Path) -> Workbench:
    return replace(workbench, folder=tmp_path, fits=tmp_path / "fits")


def _take(bench: Workbench, parameters: Mapping[str, Any] = PARAMETERS, algorithm: str = "softmax") -> Final:
    return take_final(bench, algorithm, parameters, lambda: train(bench, algorithm, parameters, bench.splits.training))


def _refuse() -> Pipeline:
    raise AssertionError("it was fitted again")


def test_what_was_fitted_is_read_and_answers_alike(bench: Workbench) -> None:
    here = _take(replace(bench, fits=None))
    kept = _take(bench)
    again = take_final(bench, "softmax", PARAMETERS, _refuse)
    assert isinstance(here, FittedHere) and isinstance(again, FittedElsewhere) and isinstance(kept, FittedElsewhere)
    assert again.graph == kept.graph == here.graph
    np.testing.assert_array_equal(again.answers, here.answers)
    assert again.weights.keys() == here.weights.keys() and len(again.weights) == len(bench.dataset.features)
    for column, weights in here.weights.items():
        np.testing.assert_array_equal(again.weights[column], weights)
    rows = bench.dataset.rows()[:20]
    np.testing.assert_array_equal(again.predict_proba(rows), kept.predict_proba(rows))
    np.testing.assert_allclose(again.predict_proba(rows), here.predict_proba(rows), atol=1e-6)


def test_other_parameters_and_other_rows_are_other_fits(bench: Workbench) -> None:
    _take(bench)
    for other in (bench, replace(bench, problem=replace(bench.problem, name="other"))):
        with pytest.raises(AssertionError, match="fitted again"):
            take_final(other, "softmax", {"C": 2.0} if other is bench else PARAMETERS, _refuse)


def test_another_exporter_is_asked_anew(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    _take(bench)
    monkeypatch.setattr("service.evaluation.finals._EXPORT", ("training/export.py",))
    with pytest.raises(AssertionError, match="fitted again"):
        take_final(bench, "softmax", PARAMETERS, _refuse)


def test_one_that_was_cut_is_fitted_again(bench: Workbench) -> None:
    whole = _take(bench, {}, "naive_bayes")
    assert whole.weights == {}
    (path,) = (bench.folder / "fits" / FOLDER).iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(AssertionError, match="fitted again"):
        take_final(bench, "naive_bayes", {}, _refuse)
    _take(bench, {}, "naive_bayes")
    assert path.read_bytes() == content
    take_final(bench, "naive_bayes", {}, _refuse)


def test_nothing_is_kept_where_nobody_asks_for_it(bench: Workbench) -> None:
    assert isinstance(_take(replace(bench, fits=None), {}, "naive_bayes"), FittedHere)
    assert not list(bench.folder.rglob(FOLDER))
