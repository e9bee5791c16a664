"""Each column of a table is learnt from, left out, in doubt, or a mistake; all are named at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.tables.columns import read_columns
from service.tables.csv_file import open_csv
from service.training import columns
from service.training.columns import Decisions, Judged, judge_columns, name_lines

NOTHING = Decisions()


def _judge(folder: Path, text: str, decided: Decisions = NOTHING) -> Judged:
    path = folder / "table.csv"
    path.write_text(text)
    file = open_csv(path)
    return judge_columns(file, file.columns, read_columns(file), decided)


def test_all_kinds_side_by_side(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i % 5},{'ab'[i % 2]},${i}.00,{'7' if i % 9 else 'seven'},,p{i}\n" for i in range(30))
    found = _judge(tmp_path, "n,x,c,price,slip,void,name\n" + rows)
    assert list(found.kept) == ["x", "c", "price", "slip", "void"]
    assert found.kept["c"].tolist() == ["a", "b"] * 15
    assert list(found.left_out) == ["n", "name"]
    assert list(found.doubts) == ["price"]
    assert [(m.place, bool(m.hint)) for m in found.mistakes] == [("column slip", True), ("column void", True)]
    assert "'seven' in lines 2, 11, 20 and 1 more" in found.mistakes[0].what
    assert [mistake.place for mistake in found.list_left_out()] == ["column n", "column name"]


def test_what_somebody_decided_is_neither_left_out_nor_doubted(tmp_path: Path) -> None:
    rows = "".join(f"{i},${i}.00,{i % 3}\n" for i in range(30))
    found = _judge(tmp_path, "n,price,x\n" + rows, Decisions(drop=["price"], keep=["n"]))
    assert list(found.kept) == ["n", "x"]
    assert found.left_out == {"price": "was dropped by --drop"}
    assert not found.doubts


def test_amounts_and_dates_are_read_on_request(tmp_path: Path) -> None:
    rows = "".join(f"${i}.50,2024-03-{i + 1:02},{i}/1/2024,{i % 3}\n" for i in range(1, 20)) + "NA,,,1\n"
    found = _judge(tmp_path, "price,day,odd,x\n" + rows, Decisions(parse=["price", "day", "odd", "x"]))
    assert found.kept["price"][[0, 1]].tolist() == [1.5, 2.5]
    assert np.isnan(found.kept["price"][19])
    assert np.diff(found.kept["day"][:19]).tolist() == [1] * 18, "asked for, so that it may rise with the rows"
    assert not found.doubts
    assert not found.left_out
    (mistake,) = found.mistakes
    assert (mistake.place, bool(mistake.hint)) == ("column odd", True)
    assert "holds '1/1/2024' in lines 2, 3, 4 and 16 more, which cannot be read" in mistake.what


def test_missing_categories_are_empty(tmp_path: Path) -> None:
    assert _judge(tmp_path, "c,x\nred,1\nNA,1\nnone,2\n").kept["c"].tolist() == ["red", "", "none"]


def test_lines_are_named_as_an_editor_shows_them() -> None:
    assert name_lines(np.array([7])) == "line 7"
    assert name_lines(np.array([2, 9])) == "lines 2, 9"
    assert name_lines(np.arange(2, 10)) == "lines 2, 3, 4 and 5 more"


def test_more_free_text_than_fits_into_memory_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"this is the note with the number {i},{'ab'[i % 2]}\n" for i in range(30))
    assert _judge(tmp_path, "note,t\n" + rows).texts == {"note"}
    monkeypatch.setattr(columns, "MOST_TEXT", 1000)
    (mistake,) = _judge(tmp_path, "note,t\n" + rows).mistakes
    assert (mistake.place, mistake.hint) == ("column note", "train on a sample of the rows")
