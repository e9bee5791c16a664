"""An imported model gets a name that a URL can have, and never one that is taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from service.errors import InvalidInput
from service.importing.naming import Named, choose_name
from service.training.datasets import Dataset
from service.training.problem import PROBLEMS

LABELS = np.array(["no", "yes"] * 10, dtype=object)


def _choose(folder: Path, asked: str | None = None, problem: str | None = None, model: str = "m.onnx") -> Named:
    table = folder / "rows.csv"
    if not table.exists():
        table.write_text("a,y\n1,no\n")
    dataset = Dataset("rows", pd.DataFrame({"a": np.arange(20.0)}), LABELS, "y", "0" * 64)
    return choose_name(asked, Path(model), problem, dataset, table, artifacts=folder)


def test_the_file_gives_the_name_and_a_draft_the_costs(tmp_path: Path) -> None:
    named = _choose(tmp_path, model="Säule 3.onnx")
    assert named.problem.name == "saule-3"
    assert named.problem.draft
    assert named.draft == tmp_path / "saule-3.toml"
    assert named.problem.positive_class in {"no", "yes"}


def test_a_draft_that_somebody_made_theirs_is_taken_up(tmp_path: Path) -> None:
    path = _choose(tmp_path, "loans").draft
    assert path is not None
    text = path.read_text().replace("false_negative = 1.0", "false_negative = 7.0")
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("draft")))
    named = _choose(tmp_path, problem=str(path))
    assert (named.problem.costs.false_negative, named.problem.draft, named.draft) == (7.0, False, None)
    assert named.problem.name == "loans"


def test_somebodys_problem_file_for_another_table_stays(tmp_path: Path) -> None:
    path = tmp_path / "loans.toml"
    path.write_text((PROBLEMS / "tumour.toml").read_text())
    with pytest.raises(InvalidInput, match="is somebody's problem file"):
        _choose(tmp_path, "loans")
    assert path.read_text() == (PROBLEMS / "tumour.toml").read_text()


@pytest.mark.parametrize("name", ["a b", "ä", "-a", "a/b", "A", "x" * 64, "..", ""])
def test_a_name_that_no_url_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot stand in a URL"):
        _choose(tmp_path, name)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the name tumour is taken") as caught:
        _choose(tmp_path, model="tumour.onnx")
    assert "--problem tumour" in caught.value.hint


def test_two_names_for_one_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--name x and the problem tumour are two names"):
        _choose(tmp_path, "x", "tumour")
    assert _choose(tmp_path, "tumour", "tumour").problem.name == "tumour"
