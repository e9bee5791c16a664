"""The table by which `outlast up --csv` is measured; measuring takes minutes and is `make bench`'s."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from bench import own_table
from service.errors import OutlastError


def test_the_table_is_mixed_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        own_table.write_table(tmp_path / name, 500)
    text = (tmp_path / "one.csv").read_text()
    assert text == (tmp_path / "two.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 500
    assert all(any(row[column] == "" for row in rows) for column in ("age", "income", "plan"))
    assert min(Counter(row[own_table.TARGET] for row in rows).values()) > 100


def test_a_command_that_fails_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_table, "_LEFT", (tmp_path / "left",))
    (tmp_path / "left").mkdir()

    def outlast(environment: dict[str, str], *words: str) -> None:
        if words[0] == "up":
            assert Path(words[2]).is_file()
            (tmp_path / "left").mkdir()
            raise OutlastError("`outlast up` left with 3")

    monkeypatch.setattr(own_table, "_outlast", outlast)
    with pytest.raises(OutlastError, match="left with 3"):
        own_table.measure()
    assert not (tmp_path / "left").exists()
