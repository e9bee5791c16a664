"""A problem file may say that whole numbers are numbers, and nothing that the table contradicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.evaluation.asked import Wanted, load_asked
from service.training.datasets import Dataset, load_csv
from service.training.draft import draft_problem
from service.training.problem import parse_problem
from service.training.types import declare_types

DRAFT = draft_problem("t", "ok", ["yes", "no"])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text("age,size,colour,ok\n" + "30,1.5,red,yes\n41,2.5,blue,no\n30,3.25,red,no\n" * 9)
    return path


@pytest.fixture
def dataset(table: Path) -> Dataset:
    return load_csv(table, "ok")


def test_whole_numbers_are_declared_to_be_numbers(dataset: Dataset) -> None:
    def kinds(data: Dataset) -> list[str]:
        return [column.type for column in data.columns]

    assert kinds(dataset) == ["whole number", "number", "category"]
    assert kinds(declare_types(dataset, {"age": "number"})) == ["number", "number", "category"]
    assert kinds(declare_types(dataset, {"age": "whole number"})) == kinds(dataset)
    assert declare_types(dataset, {}) is dataset


def test_what_the_table_contradicts_is_refused(dataset: Dataset) -> None:
    with pytest.raises(InvalidInput) as caught:
        declare_types(dataset, {"size": "whole number", "colour": "number", "weight": "number"})
    assert [(mistake.place, mistake.what) for mistake in caught.value.mistakes] == [
        ("types.size", "holds fractions"),
        ("types.colour", "is no column of numbers in the table"),
        ("types.weight", "is no column of numbers in the table"),
    ]


def test_the_problem_file_declares_them(table: Path, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(DRAFT + '[types]\nage = "number"\n')
    asked = load_asked(Wanted(problem=str(tmp_path / "p.toml"), csv_file=table, target="ok"))
    assert asked.problem.types == {"age": "number"}
    assert asked.dataset.columns[0].type == "number"


def test_another_type_is_a_mistake_in_the_problem_file() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_problem(DRAFT + '[types]\nage = "date"\n', name="t")
    (mistake,) = caught.value.mistakes
    assert mistake.place == "types.age"
    assert mistake.what == "is 'date'; a column of numbers is declared as number or whole number"
