"""A command does not write over what it reads, under whatever name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.errors import Refused
from service.tables.outputs import refuse_own_input


def test_the_input_is_known_by_identity_not_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, other = tmp_path / "in.csv", tmp_path / "other.csv"
    source.write_text("x\n1\n")
    other.write_text("x\n1\n")
    os.link(source, tmp_path / "hard.csv")
    (tmp_path / "soft.csv").symlink_to(source)
    monkeypatch.chdir(tmp_path)
    spellings = [source, tmp_path / "." / "in.csv", Path("in.csv"), tmp_path / "hard.csv", tmp_path / "soft.csv"]
    for path in spellings:
        with pytest.raises(Refused, match="is the file that is read") as caught:
            refuse_own_input(source, [other, path])
        assert caught.value.hint
    refuse_own_input(source, [other, tmp_path / "none.csv"])
