"""LightGBM's and XGBoost's own files, converted so that they answer as there."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.errors import InvalidInput, Unavailable
from service.importing import boosted
from service.importing.boosted import read_lightgbm, read_xgboost
from service.importing.convert import Said
from service.importing.importer import TOLERANCE, convert_truly
from service.importing.table import GivenTable, read_table

RNG = np.random.default_rng(6)
ROWS = RNG.normal(size=(400, 4))
ROWS[RNG.random(ROWS.shape) < 0.05] = np.nan
READERS = {"lightgbm": read_lightgbm, "xgboost": read_xgboost}


def _labels(classes: int) -> np.ndarray:
    return np.asarray(np.digitize(np.nan_to_num(ROWS).sum(axis=1), [-1.0, 0.0, 1.0][: classes - 1]))


def _table(folder: Path, classes: int) -> GivenTable:
    path = folder / "rows.csv"
    pd.DataFrame(ROWS, columns=list("abcd")).assign(y=_labels(classes)).to_csv(path, index=False)
    return read_table(path, "y")


def _train(library: str, folder: Path, classes: int, *, names: bool) -> Path:
    module = importlib.import_module(library)
    frame: Any = pd.DataFrame(ROWS, columns=list("abcd")) if names else ROWS
    if library == "lightgbm":
        model = module.LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1).fit(frame, _labels(classes))
        model.booster_.save_model(folder / "model.txt")
        return folder / "model.txt"
    model = module.XGBClassifier(n_estimators=20, n_jobs=1).fit(frame, _labels(classes))
    model.save_model(folder / "model.json")
    return folder / "model.json"


@pytest.mark.slow
@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("library", READERS)
def test_it_answers_as_the_library_does(library: str, classes: int, names: bool, tmp_path: Path) -> None:
    pytest.importorskip(library)
    table = _table(tmp_path, classes)
    foreign = READERS[library](_train(library, tmp_path, classes, names=names), table)
    converted, _, served = convert_truly(foreign, table, Said(), "model")
    assert converted.classes == tuple(map(str, range(classes)))
    assert np.abs(converted.original.probabilities - served).max() <= TOLERANCE
    assert all(column.missing for column in converted.spec.columns)


@pytest.mark.slow
@pytest.mark.parametrize("library", READERS)
def test_what_is_no_model_of_it_is_refused(library: str, tmp_path: Path) -> None:
    pytest.importorskip(library)
    path = tmp_path / "model.txt"
    path.write_text("nothing of the kind\n")
    with pytest.raises(InvalidInput, match="is not a model file of"):
        READERS[library](path, _table(tmp_path, 2))
    with pytest.raises(InvalidInput, match="there is no file"):
        READERS[library](tmp_path / "absent", _table(tmp_path, 2))


@pytest.mark.slow
def test_a_regression_is_refused(tmp_path: Path) -> None:
    lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")
    rows, target = np.nan_to_num(ROWS), np.nan_to_num(ROWS).sum(axis=1)
    lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(rows, target).booster_.save_model(tmp_path / "l.txt")
    xgboost.XGBRegressor(n_estimators=2).fit(rows, target).save_model(tmp_path / "x.json")
    for read, name in ((read_lightgbm, "l.txt"), (read_xgboost, "x.json")):
        with pytest.raises(InvalidInput, match=r"was trained for reg\S+, which gives no probabilities of classes"):
            read(tmp_path / name, _table(tmp_path, 2))


@pytest.mark.slow
def test_columns_of_categories_are_refused(tmp_path: Path) -> None:
    lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")
    frame = pd.DataFrame({"a": ROWS[:, 0], "b": pd.Categorical(np.where(ROWS[:, 1] > 0, "x", "y"))})
    lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(frame, _labels(2)).booster_.save_model(tmp_path / "l.txt")
    xgboost.XGBClassifier(n_estimators=2, enable_categorical=True).fit(frame, _labels(2)).save_model(
        tmp_path / "x.json"
    )
    for read, name in ((read_lightgbm, "l.txt"), (read_xgboost, "x.json")):
        with pytest.raises(InvalidInput, match="categories") as caught:
            read(tmp_path / name, _table(tmp_path, 2))
        assert "scikit-learn pipeline" in caught.value.hint


@pytest.mark.parametrize("library", READERS)
def test_without_the_extra_it_says_what_to_install(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("service.importing.foreign.importlib.import_module", lack)
    with pytest.raises(Unavailable, match=f"{library} is not installed") as caught:
        READERS[library](tmp_path / "model", _table(tmp_path, 2))
    assert caught.value.hint == "pip install 'outlast[boosting]'"


def test_what_the_converter_cannot_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(types: Any) -> None:
        raise RuntimeError("no such tree\nsecond line")

    monkeypatch.setattr(boosted, "require", lambda module, extra: _Types)
    words = r"^m cannot be converted to ONNX: onnxmltools says: no such tree\n"
    with pytest.raises(InvalidInput, match=words) as caught:
        boosted._convert(Path("m"), "LightGBM", fail, 3)
    assert "bring it with --onnx" in caught.value.hint


class _Types:
    @staticmethod
    def FloatTensorType(shape: list[int | None]) -> None:
        return None
