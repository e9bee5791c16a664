"""Classifiers out of joblib and skops files: opened only where somebody vouches for them, and converted truly."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from service.errors import InvalidInput, Refused
from service.importing.convert import Said
from service.importing.importer import TOLERANCE, convert_truly
from service.importing.sklearn_model import read_sklearn
from service.importing.table import GivenTable, read_table

RNG = np.random.default_rng(5)
FRAME = pd.DataFrame({"age": RNG.normal(40, 9, 200), "height": RNG.normal(1.7, 0.1, 200)})
PLAN = np.where(RNG.random(200) < 0.5, "basic", "plus")
LABELS = np.where(FRAME.age.to_numpy() / 40 + FRAME.height.to_numpy() > 2.7, "yes", "no")
MIXED = FRAME.assign(plan=PLAN)


def _table(folder: Path, frame: pd.DataFrame = FRAME) -> GivenTable:
    path = folder / "rows.csv"
    frame.assign(y=LABELS).to_csv(path, index=False)
    return read_table(path, "y")


def _save(folder: Path, model: Any, name: str = "model.joblib") -> Path:
    joblib.dump(model, folder / name)
    return folder / name


def _largest_gap(path: Path, table: GivenTable) -> float:
    foreign = read_sklearn(path, table, trust=True)
    converted, _, served = convert_truly(foreign, table, Said(), str(path))
    return float(np.abs(converted.original.probabilities - served).max())


def _ignoring(fit: Callable[[], Any]) -> Any:
    """What scikit-learn has deprecated, people have saved all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return fit()


MODELS: dict[str, Callable[[], Any]] = {
    "of an array": lambda: LogisticRegression().fit(FRAME.to_numpy(), LABELS),
    "of a frame": lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME, LABELS),
    "a forest": lambda: RandomForestClassifier(5, random_state=0).fit(FRAME, LABELS),
    "a machine with probabilities": lambda: _ignoring(lambda: SVC(probability=True, random_state=0).fit(FRAME, LABELS)),
    "a vote": lambda: VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft").fit(
        FRAME, LABELS
    ),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=3).fit(FRAME, LABELS),
}


@pytest.mark.parametrize(
    "kind", [name if name == "of an array" else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]
)
def test_it_answers_as_scikit_learn_does(kind: str, tmp_path: Path) -> None:
    assert _largest_gap(_save(tmp_path, MODELS[kind]()), _table(tmp_path)) <= TOLERANCE


@pytest.mark.slow
def test_columns_of_text_are_taken_by_name(tmp_path: Path) -> None:
    parts = make_column_transformer((StandardScaler(), ["height", "age"]), (OneHotEncoder(), ["plan"]))
    path = _save(tmp_path, make_pipeline(parts, LogisticRegression()).fit(MIXED, LABELS))
    table = _table(tmp_path, MIXED.assign(id=range(200)))
    foreign = read_sklearn(path, table, trust=True)
    assert foreign.features == ("age", "height", "plan")
    assert foreign.classes == ("no", "yes")
    assert _largest_gap(path, table) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("empty", ["", None], ids=["an empty text", "NaN"])
def test_a_missing_text_is_what_it_was_in_training(empty: str | None, tmp_path: Path) -> None:
    holes = MIXED.assign(plan=np.where(np.arange(200) % 5 == 0, empty, PLAN))
    parts = make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["plan"]))
    path = _save(tmp_path, make_pipeline(parts, LogisticRegression()).fit(holes[["age", "plan"]], LABELS))
    table = _table(tmp_path, holes)
    if empty == "":
        assert _largest_gap(path, table) <= TOLERANCE
    else:  # the converter does not know NaN among texts, and that is seen
        assert _largest_gap(path, table) > TOLERANCE


def test_a_pickle_is_not_opened_unless_somebody_vouches_for_it(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    path = _save(tmp_path, _Touching(str(opened)))
    with pytest.raises(Refused, match="opening it runs whatever its author put into it") as caught:
        read_sklearn(path, _table(tmp_path), trust=False)
    assert "--trust" in caught.value.hint
    assert not opened.exists()


class _Touching:
    """A pickle that leaves a file behind when it is opened."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path(self._path),))


def _write_pickle_of(folder: Path, module: str, name: str) -> Path:
    path = folder / "model.joblib"
    path.write_bytes(f"c{module}\n{name}\n.".encode())
    return path


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("company_models.churn", "Model", "needs the module company_models, which is not installed here"),
        ("json", "NotThere", "needs code that is not here"),
    ],
)
def test_code_that_is_not_here_is_named(module: str, name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_sklearn(_write_pickle_of(tmp_path, module, name), _table(tmp_path), trust=True)


NO_CLASSIFIERS: dict[str, tuple[Any, str]] = {
    "text": (lambda: "a text", "holds a str, which is not a classifier"),
    "regression": (lambda: LinearRegression(), "holds a LinearRegression, which is not a classifier"),
    "unfitted": (lambda: LogisticRegression(), "holds a LogisticRegression that was never fitted"),
    "margins": (lambda: LinearSVC().fit(FRAME, LABELS), "holds a LinearSVC, which gives no probabilities"),
    "two targets": (
        lambda: RandomForestClassifier(2).fit(FRAME, np.column_stack([LABELS, PLAN])),
        "predicts several targets at once",
    ),
}


@pytest.mark.parametrize("case", NO_CLASSIFIERS)
def test_what_is_no_classifier_with_probabilities_is_refused(case: str, tmp_path: Path) -> None:
    make, words = NO_CLASSIFIERS[case]
    with pytest.raises(InvalidInput, match=words):
        read_sklearn(_save(tmp_path, make()), _table(tmp_path), trust=True)


@pytest.mark.parametrize("content", [b"", b"tree\nversion=v4\n", b"\x80\x04K"])
def test_a_file_that_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="cannot be read as a joblib file"):
        read_sklearn(path, _table(tmp_path), trust=True)


def test_a_step_that_does_not_convert_is_named(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()).fit(FRAME, LABELS)
    with pytest.raises(InvalidInput, match=r"(cannot convert|cannot be converted)") as caught:
        read_sklearn(_save(tmp_path, model), _table(tmp_path), trust=True)
    assert caught.value.hint


def test_columns_that_the_table_lacks_are_named(tmp_path: Path) -> None:
    path = _save(tmp_path, MODELS["of a frame"]())
    with pytest.raises(InvalidInput, match="column height: is not in the table, and the model takes it"):
        read_sklearn(path, _table(tmp_path, FRAME[["age"]]), trust=True)


def test_another_version_of_scikit_learn_is_noted(tmp_path: Path) -> None:
    model = LogisticRegression().fit(FRAME, LABELS)
    state = model.__getstate__() | {"_sklearn_version": "1.3.0"}
    path = _save(tmp_path, _Stated(state))
    (note,) = read_sklearn(path, _table(tmp_path), trust=True).notes
    assert note.startswith("it was written by scikit-learn 1.3.0 and read by")


class _Stated:
    """A pickle of a logistic regression with a state of one's own."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def __reduce__(self) -> tuple[Any, ...]:
        return (LogisticRegression, (), self._state)


@pytest.mark.slow
def test_types_that_could_run_code_are_listed_of_a_skops_file(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    path, table = tmp_path / "model.skops", _table(tmp_path)
    skops.dump(MODELS["of a frame"](), path)
    assert read_sklearn(path, table, trust=False).classes == ("no", "yes")
    skops.dump(MODELS["a forest"](), path)
    with pytest.raises(Refused, match=r"- sklearn\.tree\._tree\.Tree: is not a type that skops knows as harmless"):
        read_sklearn(path, table, trust=False)
    assert read_sklearn(path, table, trust=True).classes == ("no", "yes")
    path.write_text("no zip")
    with pytest.raises(InvalidInput, match="cannot be read as a skops file"):
        read_sklearn(path, table, trust=False)
