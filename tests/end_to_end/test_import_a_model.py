"""The commands of the second half of docs/guides/bring-your-own-model.md, and each kind of model asked through DNS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.end_to_end.conftest import Project
from tests.end_to_end.test_bring_your_own_model import PAGE, mixed_table, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

FROM_A_MODEL = PAGE.partition("## From a model")[2]
COMMANDS = re.findall(r"^\$ (.+)$", FROM_A_MODEL, re.MULTILINE)
DRAFT = COMMANDS[0]
TOLD = {
    DRAFT: "churn is a draft: nobody has set its costs and floors",
    f"{DRAFT} --accept-draft": "churn version 1: ONNX made by skl2onnx",
    "outlast model default churn": "churn (chosen",
    "outlast up": "right; from",
    "make predict": "unseen-",
    "outlast model import --predictions scored.csv --target churned --positive yes": "nothing was released",
}
NUMBERS, TEXTS = ["age", "income", "visits"], ["plan", "region"]


@pytest.fixture(scope="module", autouse=True)
def served_as_before(project: Project) -> Iterator[None]:
    """When all of these are through, the sites serve again what the stack files name."""
    yield
    for command in ("outlast model default --stacks-own", "outlast up"):
        done = run(project, command)
        assert done.returncode == 0, done.stderr
    assert project.predict().right


def test_every_command_of_the_page_is_run_here() -> None:
    assert list(TOLD) == COMMANDS


def test_the_commands_of_the_page_run_in_its_order(project: Project) -> None:
    rows = _write_rows(project.root)
    pipeline = _train(rows[:400])
    kinds = [(name, (StringTensorType if name in TEXTS else FloatTensorType)([None, 1])) for name in NUMBERS + TEXTS]
    graph = convert_sklearn(pipeline, initial_types=kinds, target_opset={"": 18, "ai.onnx.ml": 3})
    (project.root / "churn.onnx").write_bytes(graph.SerializeToString())
    unseen = rows[400:]
    shares = pipeline.predict_proba(unseen)[:, list(pipeline.classes_).index("yes")]
    unseen[["churned"]].assign(probability=shares).to_csv(project.root / "scored.csv", index=False)
    for command in COMMANDS:
        done = run(project, command)
        assert bool(done.returncode) is (command == DRAFT), f"{command}\n{done.stdout}\n{done.stderr}"
        said = done.stdout + done.stderr
        assert TOLD[command] in said, f"{command} does not say what the page tells:\n{said}"


def test_a_scikit_learn_model_answers_through_dns(project: Project) -> None:
    joblib.dump(_train(_write_rows(project.root)[:400]), project.root / "pipeline.joblib")
    _serve(project, "pipeline", "--sklearn pipeline.joblib --trust --table unseen.csv")


def _boost_light(folder: Path, frame: pd.DataFrame, labels: np.ndarray) -> str:
    module: Any = pytest.importorskip("lightgbm")
    model = module.LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1).fit(frame, labels)
    model.booster_.save_model(folder / "light.txt")
    return "--lightgbm light.txt --classes no,yes"


def _boost_extremely(folder: Path, frame: pd.DataFrame, labels: np.ndarray) -> str:
    module: Any = pytest.importorskip("xgboost")
    # Its defaults know 400 rows by heart, and the gate refuses what is surer than it should be.
    model = module.XGBClassifier(n_estimators=30, max_depth=2, learning_rate=0.1, n_jobs=1)
    model.fit(frame, labels).save_model(folder / "extreme.json")
    return "--xgboost extreme.json --classes no,yes"


def _boost_cats(folder: Path, frame: pd.DataFrame, labels: np.ndarray) -> str:
    module: Any = pytest.importorskip("catboost")
    model = module.CatBoostClassifier(iterations=20, verbose=0, thread_count=1, allow_writing_files=False)
    model.fit(frame, np.array(["no", "yes"])[labels]).save_model(str(folder / "cats.cbm"))
    return "--catboost cats.cbm"


@pytest.mark.parametrize(
    ("name", "train"), [("light", _boost_light), ("extreme", _boost_extremely), ("cats", _boost_cats)]
)
def test_a_boosted_model_answers_through_dns(
    project: Project, name: str, train: Callable[[Path, pd.DataFrame, np.ndarray], str]
) -> None:
    rows = _write_rows(project.root)
    known = rows[:400]
    options = train(project.root, known[NUMBERS], (known.churned == "yes").to_numpy().astype(int))
    rows[400:][[*NUMBERS, "churned"]].to_csv(project.root / "numbers.csv", index=False)
    _serve(project, name, f"{options} --table numbers.csv")


def _write_rows(folder: Path) -> pd.DataFrame:
    """All rows; those that the models do not learn from also as unseen.csv."""
    path = folder / "all.csv"
    path.write_text(mixed_table(700))
    rows = pd.read_csv(path)
    rows[TEXTS] = rows[TEXTS].fillna("")
    rows[400:].to_csv(folder / "unseen.csv", index=False)
    return rows


def _train(rows: pd.DataFrame) -> Pipeline:
    """A model of numbers, categories and missing values, as somebody would train it elsewhere."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer((numbers, NUMBERS), (OneHotEncoder(handle_unknown="ignore"), TEXTS))
    return make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(rows[NUMBERS + TEXTS], rows.churned)


def _serve(project: Project, name: str, options: str) -> None:
    """Import a model, serve it on every site, and ask it through DNS."""
    imported = run(project, f"outlast model import {options} --target churned --positive yes --accept-draft")
    assert f"{name} version 1: " in imported.stdout, imported.stderr
    assert run(project, f"outlast model default {name}").returncode == 0
    up = run(project, "outlast up")
    assert up.returncode == 0, up.stderr
    asked = run(project, "outlast predict")
    assert asked.returncode == 0, asked.stderr
    assert ", right; from" in asked.stdout
