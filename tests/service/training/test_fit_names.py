"""What another fit is and what is none: a change of either list below would train again, or read a stale fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.training import fit_names
from service.training.datasets import Dataset
from service.training.fit_names import describe_table, name_fit

FRAME = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "kind": ["a", "b", "a", "b"]})
DATASET = Dataset("mine", FRAME, np.array(["no", "yes", "no", "yes"], dtype=object), "ok", "0" * 64)
TRUTH = np.array([0, 1, 0, 1], dtype=np.intp)
ROWS = [np.array([0, 1], dtype=np.intp), np.array([2, 3], dtype=np.intp)]
ASKED: Mapping[str, Any] = {"algorithm": "softmax", "parameters": {"C": 1.0}, "rows": ROWS}


def _name(dataset: Dataset = DATASET, truth: Any = TRUTH, shared: tuple[Any, ...] = (1, False), **changed: Any) -> str:
    return name_fit([*describe_table(dataset, truth), *shared], **{**ASKED, **changed})


OTHERS: Mapping[str, Callable[[], str]] = {
    "other bytes": lambda: _name(replace(DATASET, sha256="1" * 64)),
    "a column less": lambda: _name(replace(DATASET, frame=FRAME[["size"]])),
    "columns in another order": lambda: _name(replace(DATASET, frame=FRAME[["kind", "size"]])),
    "a category read as text": lambda: _name(replace(DATASET, texts=frozenset({"kind"}))),
    "a category read as a number": lambda: _name(replace(DATASET, frame=FRAME.assign(kind=[1.0, 2.0, 1.0, 2.0]))),
    "a value read otherwise": lambda: _name(replace(DATASET, frame=FRAME.assign(size=[1.0, 2.0, 3.0, 40.0]))),
    "another target of the same features": lambda: _name(truth=1 - TRUTH),
    "another seed": lambda: _name(shared=(2, False)),
    "rarer classes weigh more": lambda: _name(shared=(1, True)),
    "another algorithm": lambda: _name(algorithm="one_vs_rest"),
    "another parameter": lambda: _name(parameters={"C": 2.0}),
    "another split": lambda: _name(rows=ROWS[::-1]),
    "a row moved": lambda: _name(rows=[np.array([0], dtype=np.intp), np.array([1, 2, 3], dtype=np.intp)]),
}


@pytest.mark.parametrize("named", OTHERS.values(), ids=OTHERS)
def test_what_changes_a_fit_is_in_its_name(named: Callable[[], str]) -> None:
    assert named() != _name()


SAME: Mapping[str, Callable[[], str]] = {
    "the table's name": lambda: _name(replace(DATASET, name="other")),
    "what was told of columns": lambda: _name(replace(DATASET, left_out={"id": "counts rows"}, doubts={"size": "?"})),
    "how the file is written": lambda: _name(replace(DATASET, read_as={"delimiter": ";"})),
    "the order of parameters": lambda: _name(parameters=dict(reversed([*ASKED["parameters"].items()]))),
    "integers of another width": lambda: _name(truth=TRUTH.astype(np.int32), rows=[r.astype(np.int32) for r in ROWS]),
}


@pytest.mark.parametrize("named", SAME.values(), ids=SAME)
def test_nothing_else_is_in_its_name(named: Callable[[], str]) -> None:
    assert named() == _name()


@pytest.mark.parametrize("library", ["numpy", "scipy", "scikit-learn"])
def test_another_version_of_a_library_is_another_fit(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _name()
    monkeypatch.setattr(fit_names, "_version_of", lambda name: "0" if name == library else version(name))
    assert _name() != before


def test_an_algorithm_of_a_package_depends_on_that_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    package = SimpleNamespace(__version__="1")
    monkeypatch.setattr(fit_names, "import_module", lambda name: package)
    before, others = _name(algorithm="lightgbm"), _name()
    package.__version__ = "2"
    assert _name(algorithm="lightgbm") != before and _name() == others


def test_our_own_code_of_a_fit_is_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _name()
    monkeypatch.setattr(fit_names, "_CODE", fit_names._CODE[:-1])
    assert _name() != before
