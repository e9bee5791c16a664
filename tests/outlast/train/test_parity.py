"""Clouds that trained the same give the same: their last bits may differ, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outlast.train.fetching import fetch
from outlast.train.parity import compare, render, require_parity
from outlast.train.release import Result, open_result
from service.bundle.folder import load_release
from service.errors import Deviated, ModelMismatch
from service.stores.folder import FolderStore
from tests.outlast.train.finished import MODEL, PROBABILITIES, finish


def _train(tmp_path: Path, cloud: str, **said: Any) -> Result:
    trained = fetch(FolderStore(finish(tmp_path / f"{cloud}-out", **said)), tmp_path / cloud)
    return open_result(cloud, f"outlast-{cloud}", tmp_path / cloud, trained, None)


def _shift(by: float) -> Any:
    other = PROBABILITIES.copy()
    other[0] += [by, *([-by / 9] * 9)]
    return other


def test_the_last_bits_may_differ(tmp_path: Path) -> None:
    results = [_train(tmp_path, "aws"), _train(tmp_path, "azure", probabilities=_shift(1e-7), machine="arm64")]
    compared = compare(results)
    require_parity(results, compared)
    assert (compared[0].gap, compared[1].rows, compared[1].golden_gap) == (0.0, 50, 0.0)
    assert compared[1].gap == pytest.approx(1e-7)
    assert render(compared).splitlines()[2].split() == [
        "azure",
        "softmax",
        "none",
        "arm64",
        "50",
        "1.0e-07",
        "0",
        "0.0e+00",
    ]


@pytest.mark.slow
def test_every_difference_is_told(tmp_path: Path) -> None:
    model = load_release(MODEL).manifest
    results = [
        _train(tmp_path, "aws"),
        _train(tmp_path, "azure", winner="svm"),
        _train(tmp_path, "gcp", probabilities=_shift(0.3)),
    ]
    compared = compare(results)
    with pytest.raises(Deviated) as caught:
        require_parity(results, compared)
    assert "aws and azure: the winners are softmax and svm" in caught.value.what
    assert f"aws and gcp: rows out of fold differ by up to 0.3, more than {model.tolerance:g}" in caught.value.what
    assert compared[2].labels_differ == 0  # of equal probabilities the first class was said before, too


def test_another_threshold_is_told(tmp_path: Path) -> None:
    results = [_train(tmp_path, "aws"), _train(tmp_path, "gcp")]
    first, other = compare(results)
    with pytest.raises(Deviated, match="the thresholds are"):
        require_parity(results, (first, replace(other, thresholds={"a": 0.4})))
    near = (replace(first, thresholds={"a": 0.4}), replace(other, thresholds={"a": 0.4 + 1e-9}))
    require_parity(results, near)


def test_an_answer_that_is_no_number_is_told(tmp_path: Path) -> None:
    results = [_train(tmp_path, "aws"), _train(tmp_path, "gcp")]
    first, other = compare(results)
    with pytest.raises(Deviated, match="golden rows differ by up to nan"):
        require_parity(results, (first, replace(other, golden_gap=float("nan"))))


def test_other_rows_are_not_compared(tmp_path: Path) -> None:
    results = [_train(tmp_path, "aws"), _train(tmp_path, "gcp", probabilities=PROBABILITIES[:-1])]
    with pytest.raises(ModelMismatch, match="answered other rows"):
        compare(results)
