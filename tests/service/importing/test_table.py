"""A table is read as the model takes it, and what does not fit has its column and line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from service.errors import InvalidInput
from service.importing.table import hash_file, read_table


def _write(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text)
    return path


def test_columns_come_as_their_types_say(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "id,age,code,plan,y\n1,39,007,basic,no\n2,,010,NA,yes\n"), "y", drop=["id"])
    assert table.features == ("age", "code", "plan")
    assert table.classes == ("no", "yes")
    values = table.select({"age": "number", "code": "category", "plan": "category"})
    np.testing.assert_array_equal(values["age"], [39, np.nan])
    assert values["code"].tolist() == ["007", "010"]
    assert values["plan"].tolist() == ["basic", ""]
    assert table.list_other(["age"]) == ["code", "plan"]


@pytest.mark.parametrize(
    ("kind", "field", "words"),
    [
        ("number", "old", "column age: holds 'old' in line 3, and the model takes a number there"),
        ("number", "1e39", r"column age: holds 1e\+39 in line 3: beyond what a 32-bit float can hold"),
        ("whole number", "3.5", "column age: holds 3.5 in line 3; the model takes whole numbers there"),
        ("whole number", "", "column age: holds nan in line 3; the model takes whole numbers there"),
    ],
)
def test_what_does_not_fit_is_named(kind: str, field: str, words: str, tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, f"age,y\n3,a\n{field},b\n"), "y")
    with pytest.raises(InvalidInput, match=words):
        table.select({"age": kind})


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "age,y\n3,a\n4,b\n"), "y")
    with pytest.raises(InvalidInput, match="column size: is not in the table, and the model takes it"):
        table.select({"age": "number", "size": "number"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age,z\n1,a\n", "column y: is not there; the columns are age, z"),
        ("age,age,y\n1,2,a\n", "column age: is there more than once"),
        ("age,,y\n1,2,a\n", "header: has a column without a name, field 2"),
        ("age,y\n", "column y: has no rows"),
        ("age,y\n1,a\n2,\n", "column y: has no label in line 3"),
        ("age,y\n1,a\n2,a\n", "column y: holds one class only, 'a'"),
        (
            "age,y\n" + "".join(f"1,c{n}\n" for n in range(1000)),
            "column y: holds 1000 different values, and at most 100",
        ),
    ],
    ids=["no target", "a name twice", "no name", "no rows", "no label", "one class", "a thousand classes"],
)
def test_a_table_that_nothing_can_be_judged_by_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_table(_write(tmp_path, text), "y")


def test_the_file_is_known_by_its_hash(tmp_path: Path) -> None:
    path = _write(tmp_path, "age,y\n3,a\n4,b\n")
    assert hash_file(path) == hashlib.sha256(path.read_bytes()).hexdigest() == read_table(path, "y").sha256
