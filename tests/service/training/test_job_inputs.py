"""inputs.json pins what a job trains on; what is absent, cut or changed is named before anything is fitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.errors import InvalidInput
from service.training.job_inputs import (
    INPUTS_FILE,
    InputTable,
    JobInputs,
    check_inputs,
    find_inputs,
    parse_inputs,
    render_inputs,
)
from service.training.source import hash_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Inputs beside their problem, and a folder with one table."""
    (tmp_path / "in/released/my").mkdir(parents=True)
    (tmp_path / "in/my.toml").write_text("objective")
    (tmp_path / "in/released/my/manifest.json").write_text("{}")
    (tmp_path / "tables/sub").mkdir(parents=True)
    (tmp_path / "tables/sub/abc").write_text("a,b\n1,2\n")
    return tmp_path


def _inputs(folder: Path, **more: Any) -> JobInputs:
    table = InputTable("sub/abc", "s3://bucket/sub/part.csv", hash_file(folder / "tables/sub/abc"), 8)
    pinned = {"manifest.json": hash_file(folder / "in/released/my/manifest.json")}
    made: dict[str, Any] = {"tables": (table,), "released": pinned}
    return JobInputs("my.toml", hash_file(folder / "in/my.toml"), **{**made, **more})


def test_what_was_written_is_found_and_read(folder: Path) -> None:
    inputs = _inputs(folder)
    (folder / "in" / INPUTS_FILE).write_bytes(render_inputs(inputs))
    data = [folder / "tables", folder / "in"]
    assert find_inputs(data) == (folder / "in", inputs)
    assert check_inputs(folder / "in", inputs, data) == [folder / "tables/sub/abc"]
    assert check_inputs(folder / "in", inputs, [folder / "tables/sub/abc"]) == [folder / "tables/sub/abc"]
    assert inputs.tables[0].name == "part.csv"


def test_none_or_two_folders_with_inputs_are_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="0 of the folders of data hold inputs"):
        find_inputs([folder / "in", folder / "tables"])
    for name in ("in", "tables"):
        (folder / name / INPUTS_FILE).write_bytes(render_inputs(_inputs(folder)))
    with pytest.raises(InvalidInput, match="2 of the folders of data hold inputs"):
        find_inputs([folder / "in", folder / "tables"])


def test_all_that_is_not_what_was_pinned_is_named_at_once(folder: Path) -> None:
    table = InputTable("gone.csv", "s3://bucket/gone.csv", "0" * 64, 8)
    inputs = _inputs(folder, tables=(*_inputs(folder).tables, table))
    (folder / "in/my.toml").write_text("another")
    (folder / "in/released/my/manifest.json").unlink()
    (folder / "tables/sub/abc").write_text("a,b\n1")
    with pytest.raises(InvalidInput, match="not what the job was started for") as caught:
        check_inputs(folder / "in", inputs, [folder / "tables"])
    said = "\n".join(f"{mistake.place}: {mistake.what}" for mistake in caught.value.mistakes)
    assert "s3://bucket/gone.csv: gone.csv is in no folder of data" in said
    assert "my.toml: its SHA-256 is" in said
    assert "abc: its SHA-256 is" in said
    assert "manifest.json: is not there" in said


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("schema", 2, "must be 1"),
        ("problem", {"file": "../my.toml", "sha256": "0" * 64}, "must name a .toml file"),
        ("problem", {"file": "my.toml", "sha256": "0"}, "64 hex digits"),
        ("tables", [{"file": "../x", "address": "s3://b/x", "sha256": "0" * 64, "bytes": 1}], "below a folder"),
        ("tables", [{"file": "x", "address": "s3://b/x", "sha256": "0" * 64, "bytes": 1, "more": 1}], "not a key"),
        ("released", {"../manifest.json": "0" * 64}, "of each file its SHA-256"),
        ("more", 1, "not a key"),
    ],
)
def test_inputs_that_are_none_are_refused(folder: Path, key: str, value: object, words: str) -> None:
    document = {**_inputs(folder).to_document(), key: value}
    with pytest.raises(InvalidInput, match="does not say what to train on") as caught:
        parse_inputs(json.dumps(document).encode(), "inputs.json")
    assert any(words in f"{mistake.what} {mistake.hint}" for mistake in caught.value.mistakes)
