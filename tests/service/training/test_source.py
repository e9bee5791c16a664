"""The table that a problem file was drawn up for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from service.bundle.reading import Reader
from service.errors import InvalidInput
from service.training.source import TableSource, hash_file, read_source

SOURCE = TableSource('/tables/my "own" täble.csv', "ausgang\\n", "a" * 64)


def test_what_is_written_is_read() -> None:
    reader = Reader(tomllib.loads("\n".join(SOURCE.render())))
    assert read_source(reader) == SOURCE
    assert reader.mistakes == []
    assert read_source(Reader({})) is None


@pytest.mark.parametrize(
    ("table", "places"),
    [
        ({"path": "a.csv"}, {"table.target", "table.sha256"}),
        ({"path": "", "target": "y", "sha256": "abc"}, {"table.path", "table.sha256"}),
        ("a.csv", {"table"}),
    ],
)
def test_every_mistake_is_named(table: object, places: set[str]) -> None:
    reader = Reader({"table": table})
    read_source(reader)
    assert {mistake.place for mistake in reader.mistakes} == places


def test_a_table_is_found_from_the_problem_file_s_folder(tmp_path: Path) -> None:
    beside = TableSource("t.csv", "y", "a" * 64)
    assert beside.is_of(tmp_path / "t.csv", "y", tmp_path)
    assert not beside.is_of(tmp_path / "t.csv", "z", tmp_path)
    assert not beside.is_of(tmp_path / "u.csv", "y", tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.csv cannot be read"):
        hash_file(tmp_path / "none.csv")
