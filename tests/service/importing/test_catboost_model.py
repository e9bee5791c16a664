"""CatBoost's own files; of categories and texts it writes no ONNX, and that is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.errors import InvalidInput, Unavailable
from service.importing.catboost_model import read_catboost
from service.importing.convert import Said
from service.importing.importer import TOLERANCE, convert_truly
from service.importing.table import GivenTable, read_table

RNG = np.random.default_rng(7)
FRAME = pd.DataFrame(RNG.normal(size=(300, 3)), columns=list("abc"))
NAMES = np.array(["low", "middle", "high"])


def _table(folder: Path, labels: np.ndarray) -> GivenTable:
    path = folder / "rows.csv"
    FRAME.assign(y=labels).to_csv(path, index=False)
    return read_table(path, "y")


def _labels(classes: int) -> np.ndarray:
    return NAMES[np.digitize(FRAME.sum(axis=1), [0.0, 1.0][: classes - 1])]


def _model(**more: Any) -> Any:
    catboost = pytest.importorskip("catboost")
    return catboost.CatBoostClassifier(iterations=15, verbose=0, thread_count=1, allow_writing_files=False, **more)


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "suffix"), [(2, "cbm"), (3, "json")])
def test_it_answers_as_catboost_does(classes: int, suffix: str, tmp_path: Path) -> None:
    labels = _labels(classes)
    path = tmp_path / f"model.{suffix}"
    _model().fit(FRAME, labels).save_model(str(path), format=suffix)
    table = _table(tmp_path, labels)
    foreign = read_catboost(path, table)
    converted, _, served = convert_truly(foreign, table, Said(), "model")
    assert converted.classes == tuple(sorted(set(labels)))
    assert np.abs(converted.original.probabilities - served).max() <= TOLERANCE


@pytest.mark.slow
def test_what_is_none_and_categories_are_refused(tmp_path: Path) -> None:
    table = _table(tmp_path, _labels(2))
    path = tmp_path / "model.cbm"
    path.write_text("nothing of the kind")
    with pytest.raises(InvalidInput, match="is not a model file of CatBoost"):
        read_catboost(path, table)
    mixed = FRAME.assign(c=np.where(FRAME.c > 0, "x", "y"))
    _model(cat_features=["c"]).fit(mixed, _labels(2)).save_model(str(path))
    with pytest.raises(InvalidInput, match="has 1 columns of categories and 0 of text; CatBoost writes ONNX of models"):
        read_catboost(path, table)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lack(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("service.importing.foreign.importlib.import_module", lack)
    with pytest.raises(Unavailable, match="catboost is not installed") as caught:
        read_catboost(tmp_path / "model.cbm", _table(tmp_path, _labels(2)))
    assert caught.value.hint == "pip install 'outlast[catboost]'"
