"""A table in memory: each column as numbers or as it stands, however late its first text comes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.errors import InvalidInput
from service.tables import columns
from service.tables.columns import Columns, read_columns
from service.tables.csv_file import open_csv


def _read(folder: Path, text: str, texts: tuple[int, ...] = ()) -> Columns:
    path = folder / "table.csv"
    path.write_text(text, newline="")
    return read_columns(open_csv(path), texts)


def test_columns_are_numbers_or_texts(tmp_path: Path) -> None:
    read = _read(tmp_path, "x,y,t\n1,a,0\n,b ,1\n\n2,,NA\n", (2,))
    np.testing.assert_array_equal(read.numbers[0], [1, np.nan, 2])
    assert read.texts[1].tolist() == ["a", "b", ""]
    assert read.texts[2].tolist() == ["0", "1", "NA"]
    assert read.lines.tolist() == [2, 3, 5]


@pytest.mark.parametrize("late", ["seven", "", '"8"', "NA", "9" * 25])
def test_parts_of_the_file_make_no_difference(tmp_path: Path, late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x,007,t\n" + "".join(f"{i},00{i},{i % 2}\n" for i in range(50)) + f"{late},1,0\n" + "5,6,1\n" * 20
    whole = _read(tmp_path, text, (2,))
    monkeypatch.setattr(columns, "_PART_BYTES", 40)
    parted = _read(tmp_path, text, (2,))
    assert whole.lines.tolist() == parted.lines.tolist() == list(range(2, 73))
    assert whole.numbers.keys() == parted.numbers.keys()
    assert whole.texts.keys() == parted.texts.keys() == ({0, 2} if late == "seven" else {2})
    for place, numbers in whole.numbers.items():
        np.testing.assert_array_equal(numbers, parted.numbers[place])
    for place, texts in whole.texts.items():
        assert texts.tolist() == parted.texts[place].tolist()
    if late == "seven":
        assert whole.texts[0][:2].tolist() == ["0", "1"], "as they stand in the file, although they were numbers first"


def test_rows_that_are_none_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        _read(tmp_path, "x;t\n1;0\n2\n3;1;4\n" + "5\n" * 20)
    assert [str(mistake) for mistake in caught.value.mistakes[:2]] == [
        "line 3: has 1 fields, the header has 2",
        "line 4: has 3 fields, the header has 2",
    ]
    assert "and 12 more" in str(caught.value)
    assert "semicolon" in caught.value.what


def test_a_table_without_rows_has_empty_columns(tmp_path: Path) -> None:
    read = _read(tmp_path, "x,t\n", (1,))
    assert (len(read.numbers[0]), len(read.texts[1]), len(read.lines)) == (0, 0, 0)


def test_three_thousand_columns_are_read(tmp_path: Path) -> None:
    head = ",".join(f"c{i}" for i in range(3000))
    read = _read(tmp_path, f"{head}\n" + (",".join(["1.5"] * 2999) + ",\n") * 10)
    assert len(read.numbers) == 3000
    assert np.isnan(read.numbers[2999]).all()
