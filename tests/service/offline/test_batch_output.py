"""The files that a run leaves are whole, and nobody's else."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.bundle.folder import load_release
from service.errors import InvalidInput, Refused
from service.offline.batch_files import open_tables
from service.offline.batch_output import Output, identify
from service.stores.matching import Found, find_files
from tests.service.offline.files import RELEASED, write_parts


def test_nothing_is_left_of_a_run_that_dies_while_it_joins(tmp_path: Path) -> None:
    output = Output.of(tmp_path / "out.csv", [])

    def die(good: Path, poor: Path) -> None:
        assert good.read_bytes() == b"head\n"
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        output.write((b"head\n", b"bad\n"), die, any_bad=True)
    assert list(tmp_path.iterdir()) == []


def test_the_rows_set_apart_have_a_file_only_where_there_are_any(tmp_path: Path) -> None:
    output = Output.of(tmp_path / "out.csv", [])
    output.state.write_text("of an unfinished run that is overwritten")
    output.write((b"head\n", b"bad\n"), lambda good, poor: None, any_bad=True)
    assert output.bad.read_bytes() == b"bad\n"
    output.write((b"head\n", b"bad\n"), lambda good, poor: None, any_bad=False)
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_what_is_there_is_kept_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("precious")
    output = Output.of(tmp_path / "out.csv", [])
    with pytest.raises(Refused, match=r"out\.csv exists"):
        output.refuse_existing(False)
    output.refuse_existing(True)
    with pytest.raises(InvalidInput, match="there is no folder"):
        Output.of(tmp_path / "gone/out.csv", []).refuse_existing(True)
    with pytest.raises(Refused, match="is the file that is read"):
        Output.of(tmp_path / "out.csv", [tmp_path / "other.csv", tmp_path / "out.csv"])


def test_a_run_is_of_its_files_its_model_and_what_is_parsed(tmp_path: Path) -> None:
    manifest = load_release(RELEASED).manifest
    found = find_files(write_parts(tmp_path))
    tables = open_tables(found, manifest)
    one = open_tables(Found((tmp_path / "a.csv",), False), manifest)
    said = {identify(tables, "digest", []), identify(one, "digest", []), identify(one, "other", [])}
    said |= {identify(one, "digest", ["b", "a"]), identify(one, "digest", ["b"])}
    assert len(said) == 5
    assert identify(one, "digest", ["b", "a"]) == identify(one, "digest", ["a", "b"])
    (tmp_path / "a.csv").write_bytes((tmp_path / "a.csv").read_bytes() + b"\n")
    assert identify(open_tables(found, manifest), "digest", []) not in said
