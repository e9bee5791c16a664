"""How far the copies are behind, as `outlast status --copies` tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.sync import remembered
from outlast.sync.run import prepare
from outlast.sync.standing import collect, render
from service.errors import InvalidInput
from tests.outlast.sync.stores import write_files


def _copy(tmp_path: Path, *names: str) -> None:
    places = tuple(str(tmp_path / name) for name in names)
    prepare(tmp_path, "data", str(tmp_path / "source"), places).execute(lambda size: None)


def test_each_copy_is_set_beside_the_newest_and_the_source(tmp_path: Path) -> None:
    write_files(tmp_path / "source", {"a": b"1"})
    _copy(tmp_path, "x", "y")
    write_files(tmp_path / "source", {"b": b"22"})
    _copy(tmp_path, "x")
    run = remembered.load(tmp_path)[0]
    everywhere = (*run.targets, str(tmp_path / "y"), str(tmp_path / "z"))
    remembered.save(tmp_path, remembered.Remembered(run.what, run.source, everywhere, run.at), [])
    head, *told = render(collect(tmp_path))
    assert head.startswith("data, copied last 20")
    assert told[0].endswith("in step")
    assert told[1].endswith(", 1 behind: 1 files, 2 B lacking")
    assert told[2].endswith("z: empty: 2 files, 3 B lacking")
    write_files(tmp_path / "source", {"c": b"333"})
    (tmp_path / "source" / "b").write_bytes(b"another")
    assert list(render(collect(tmp_path)))[-1] == (
        "  2 files differ in the source since: repeat `outlast sync --what data`"
    )
    (standing,) = collect(tmp_path)
    assert [copy["in_step"] for copy in standing.document()["copies"]] == [True, False, False]


def test_a_copy_that_cannot_be_read_is_told_beside_the_others(tmp_path: Path) -> None:
    write_files(tmp_path / "source", {"a": b"1"})
    _copy(tmp_path, "x", "y")
    manifest = next((tmp_path / "y" / "manifests" / "data").iterdir())
    manifest.write_bytes(manifest.read_bytes() + b" ")
    (standing,) = collect(tmp_path)
    assert list(standing.unread) == [str(tmp_path / "y")]
    assert any("y: not read: " in line for line in render([standing]))


def test_where_no_copy_can_be_read_nobody_knows_what_differs(tmp_path: Path) -> None:
    write_files(tmp_path / "source", {"a": b"1"})
    _copy(tmp_path, "x")
    manifest = next((tmp_path / "x" / "manifests" / "data").iterdir())
    manifest.write_bytes(b"{}")
    (standing,) = collect(tmp_path)
    assert standing.changed is None and len(standing.unread) == 1


def test_without_a_copy_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="outlast sync --from"):
        collect(tmp_path)
