"""A path, an address or a pattern names files, in the order of their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.stores import matching
from service.stores.folder import FolderStore
from service.stores.matching import find_files, version_of
from service.tables.parquet import ParquetText


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.csv", "a.csv", "c.txt", "sub/d.csv", "sub/deep/e.csv", "odd[1].csv", ".half.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(matching, "open_store", lambda address: FolderStore(tmp_path))
    return tmp_path


PATTERNS = [
    ("*.csv", ["a.csv", "b.csv", "odd[1].csv"]),
    ("[ab].csv", ["a.csv", "b.csv"]),
    ("sub/*.csv", ["sub/d.csv"]),
    ("s?b/*", ["sub/d.csv"]),
    ("**/*.csv", ["a.csv", "b.csv", "odd[1].csv", "sub/d.csv", "sub/deep/e.csv"]),
    ("sub/**/e.csv", ["sub/deep/e.csv"]),
]


@pytest.mark.parametrize(("pattern", "names"), PATTERNS)
def test_a_pattern_means_the_same_on_a_disk_and_in_a_store(folder: Path, pattern: str, names: list[str]) -> None:
    found = find_files(f"{folder}/{pattern}")
    assert [str(file) for file in found.files] == [str(folder / name) for name in names]
    there = find_files(f"s3://bucket/{pattern}")
    assert [str(file) for file in there.files] == [f"s3://bucket/{name}" for name in names]
    assert found.is_pattern
    assert there.is_pattern


def test_a_name_is_no_pattern_even_with_brackets(folder: Path) -> None:
    for name in ("a.csv", "odd[1].csv"):
        found = find_files(str(folder / name))
        assert (found.files, found.is_pattern) == ((folder / name,), False)
    assert not find_files("s3://bucket/a.csv").is_pattern


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}/*.parquet", "no file matches"),
        ("s3://bucket/*.parquet", "no file matches"),
        ("{}/sub", "is a folder"),
        ("s3://bucket/sub/", "names no object"),
        ("s3://bucket", "names no object"),
        ("s3://bucket/gone.csv", "there is no s3://bucket/gone.csv"),
    ],
)
def test_what_names_nothing_is_refused(folder: Path, text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        find_files(text.format(folder))
    assert caught.value.hint


def test_a_version_changes_with_the_content(folder: Path) -> None:
    for name in (str(folder / "a.csv"), "s3://bucket/a.csv"):
        (file,) = find_files(name).files
        before = version_of(file)
        assert version_of(file) == before
        (folder / "a.csv").write_text(f"longer than before: {name}")
        assert version_of(find_files(name).files[0]) != before
    with pytest.raises(TypeError):
        version_of(ParquetText(folder / "a.csv", (1,), 1))
