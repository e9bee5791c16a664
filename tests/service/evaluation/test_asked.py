"""Which problem and which data options name: drafts of problem files, and what a name belongs to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.bundle.folder import RELEASED
from service.errors import InvalidInput
from service.evaluation.asked import Asked, Wanted, load_asked, name_of
from service.training.problem import PROBLEMS, ColumnPlan
from service.training.source import hash_file

TABLE = "size,colour,ok,late\n" + "".join(
    f"{i % 17 + 5 * (i % 2)}.5,{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'},{'x' if i % 5 else 'y'}\n"
    for i in range(60)
)


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    (tmp_path / "clients.csv").write_text(TABLE)
    return Wanted(csv_file=tmp_path / "clients.csv", target="ok", artifacts=tmp_path / "artifacts")


def draft_of(asked: Asked) -> Path:
    assert asked.draft is not None
    return asked.draft


def adopt(draft: Path) -> None:
    """What a person does to make a draft theirs."""
    draft.write_text("".join(draft.read_text().splitlines(keepends=True)[1:]))


def refused(wanted: Wanted) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        load_asked(wanted)
    assert caught.value.hint
    return caught.value


def test_a_draft_says_what_it_was_drawn_up_for(wanted: Wanted) -> None:
    asked = load_asked(wanted)
    table, csv_file = asked.problem.table, wanted.csv_file
    assert table is not None
    assert csv_file is not None
    assert (table.path, table.target, table.sha256) == (str(csv_file), "ok", hash_file(csv_file))
    assert asked.problem.draft
    assert draft_of(asked) == wanted.folder("clients") / "clients.toml"


def test_a_draft_alone_names_its_table(wanted: Wanted) -> None:
    """As the hint says: `--problem that.toml`."""
    first = load_asked(wanted)
    again = load_asked(Wanted(problem=str(first.draft)))
    assert again.problem == first.problem
    assert again.dataset.frame.equals(first.dataset.frame)
    assert (again.dataset.target, again.draft) == ("ok", first.draft)
    adopt(draft_of(first))
    assert load_asked(Wanted(problem=str(first.draft))).draft is None
    assert load_asked(wanted).problem == replace(first.problem, draft=False), "it is still the table's"


def test_a_table_beside_the_problem_file_is_found_from_there(wanted: Wanted, tmp_path: Path) -> None:
    draft = draft_of(load_asked(wanted))
    moved = tmp_path / "clients.toml"
    moved.write_text(draft.read_text().replace(str(tmp_path / "clients.csv"), "clients.csv"))
    assert load_asked(Wanted(problem=str(moved))).dataset.target == "ok"


def test_a_table_that_changed_is_another_unless_it_is_named(wanted: Wanted, tmp_path: Path) -> None:
    draft = draft_of(load_asked(wanted))
    (tmp_path / "clients.csv").write_text(TABLE + "3.5,red,no,x\n")
    error = refused(Wanted(problem=str(draft)))
    assert "is not the table that" in error.what
    assert len(load_asked(replace(wanted, problem=str(draft), target=None)).dataset.labels) == 61


def test_a_draft_follows_its_table_and_keeps_what_was_edited(wanted: Wanted, tmp_path: Path) -> None:
    draft = draft_of(load_asked(wanted))
    draft.write_text(draft.read_text().replace("false_negative = 1.0", "false_negative = 7.0"))
    (tmp_path / "clients.csv").write_text(TABLE + "3.5,red,no,x\n")
    asked = load_asked(wanted)
    assert "has changed since" in asked.notes[0]
    assert asked.problem.costs.false_negative == 7.0
    assert not load_asked(wanted).notes
    adopt(draft)
    (tmp_path / "clients.csv").write_text(TABLE)
    assert "is not the table that" in refused(wanted).what, "somebody's floors were set for the other table"


def test_another_target_takes_the_place_of_a_draft_but_not_of_somebody_s_problem(wanted: Wanted) -> None:
    draft = draft_of(load_asked(wanted))
    assert load_asked(replace(wanted, target="late")).problem.table != load_asked(wanted).problem.table
    adopt(draft)
    assert f"{draft} is somebody's problem file" in refused(replace(wanted, target="late")).what
    assert "predicts ok" in refused(replace(wanted, target="late", problem=str(draft))).what


@pytest.mark.parametrize("name", ["digits", "tumour", "Tumour"])
def test_a_table_that_is_called_like_a_released_problem_is_refused(wanted: Wanted, tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.csv").write_text(TABLE)
    before = {path: path.read_bytes() for path in RELEASED.rglob("*") if path.is_file()}
    error = refused(replace(wanted, csv_file=tmp_path / f"{name}.csv"))
    assert f"the name {name.lower()} is taken" in error.what
    assert f"--problem {name.lower()}" in error.hint
    assert {path: path.read_bytes() for path in RELEASED.rglob("*") if path.is_file()} == before
    assert not wanted.folder("digits").exists()


def test_a_name_that_is_released_is_its_own_table_s(wanted: Wanted, tmp_path: Path) -> None:
    asked = load_asked(wanted)
    (tmp_path / "released" / "clients").mkdir(parents=True)
    (tmp_path / "released" / "clients" / "manifest.json").write_text("{}")
    assert load_asked(wanted, released=tmp_path / "released").problem == asked.problem
    draft_of(asked).unlink()
    with pytest.raises(InvalidInput, match="the name clients is taken"):
        load_asked(wanted, released=tmp_path / "released")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("My Table (2).csv", "my-table-2"),
        ("Größe.CSV", "groe"),
        ("clients.csv.gz", "clients"),
        ("a_b.tsv", "a_b"),
        ("v1.2.csv", "v1-2"),
    ],
)
def test_a_name_is_fit_for_a_url(file: str, name: str) -> None:
    assert name_of(Path(file)) == name


@pytest.mark.parametrize("file", ["表.csv", "---.csv", f"{'a' * 64}.csv"])
def test_a_file_that_gives_no_name_is_refused(file: str) -> None:
    with pytest.raises(InvalidInput, match="gives no name for a model") as caught:
        name_of(Path(file))
    assert "rename the file" in caught.value.hint


def test_a_problem_file_whose_name_no_url_can_have_is_refused(wanted: Wanted, tmp_path: Path) -> None:
    (tmp_path / "My Problem.toml").write_text((PROBLEMS / "tumour.toml").read_text())
    assert "gives no name for a model" in refused(Wanted(problem=str(tmp_path / "My Problem.toml"))).what


@pytest.mark.parametrize(
    "option", [{"drop": ("a",)}, {"keep": ("a",)}, {"parse": ("a",)}, {"time": "a"}, {"target": "a"}]
)
def test_what_is_said_of_a_table_needs_one(option: dict[str, Any]) -> None:
    assert "--csv names none" in refused(replace(Wanted(problem="tumour"), **option)).what


def test_a_draft_remembers_what_was_decided_of_columns(wanted: Wanted) -> None:
    """So that `--problem that.toml` makes the same model again."""
    asked = load_asked(replace(wanted, drop=("late",), group="colour"))
    assert asked.dataset.features == ("size",)
    assert asked.dataset.groups is not None
    alone = load_asked(Wanted(problem=str(asked.draft)))
    assert alone.problem == asked.problem
    assert alone.dataset.features == ("size",)
    assert load_asked(wanted).dataset.features == ("size",)
    other = load_asked(replace(wanted, keep=("size",)))
    assert load_asked(Wanted(problem=str(other.draft))).problem.columns == ColumnPlan(keep=("size",))
    adopt(draft_of(other))
    both = load_asked(replace(wanted, problem=str(other.draft), drop=("late",), target=None)).problem
    assert both.columns == ColumnPlan(("late",), ("size",))


def test_rows_are_parted_in_one_way(wanted: Wanted) -> None:
    assert "in two ways" in refused(replace(wanted, group="colour", time="size")).what
