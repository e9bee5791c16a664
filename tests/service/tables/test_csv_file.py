"""A file's header and rows are read alike by the quick way and by the patient one, and every odd byte has an answer."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.tables.columns import read_columns
from service.tables.csv_file import CsvFile, Row, open_csv, read_fields, read_quickly
from service.tables.numbers import read_number


def _open(folder: Path, content: str | bytes) -> CsvFile:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_csv(path)


def _rows(file: CsvFile) -> list[Row]:
    return [row for part in file.read_parts() for row in read_fields(part, file)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_one_table_in_many_writings_is_one_table(
    tmp_path: Path, delimiter: str, codec: str, ends: str, packed: bool
) -> None:
    text = ends.join(delimiter.join(row) for row in (("é", "y"), ("1", '"a b"'), ("2.5", "ü"))) + ends
    content = text.encode(codec)
    file = _open(tmp_path, gzip.compress(content) if packed else content)
    assert file.columns == ("é", "y")
    assert [(row.fields, row.line, row.wrong) for row in _rows(file)] == [
        (("1", "a b"), 2, ""),
        (("2.5", "ü"), 3, ""),
    ]


def test_blank_lines_and_empty_fields_behind_the_last_are_nothing(tmp_path: Path) -> None:
    file = _open(tmp_path, "x,y,\n\n1,2,\n \n3, 4,,\n5,\n\n\n")
    assert file.columns == ("x", "y")
    assert [(row.fields, row.line) for row in _rows(file)] == [(("1", "2"), 3), (("3", "4"), 5), (("5", ""), 6)]


def test_a_blank_before_a_quoted_field_is_no_part_of_it(tmp_path: Path) -> None:
    file = _open(tmp_path, '"x", "y"\n1, "a, b"\n"2" , "c"\n')
    assert file.columns == ("x", "y")
    assert [row.fields for row in _rows(file)] == [("1", "a, b"), ("2 ", "c")]


def test_a_row_of_another_length_says_so(tmp_path: Path) -> None:
    rows = _rows(_open(tmp_path, "x,y\n1\n1,2,3\n"))
    assert [row.wrong for row in rows] == ["has 1 fields, the header has 2", "has 3 fields, the header has 2"]


def test_quotation_marks_open_a_field_only_at_its_beginning(tmp_path: Path) -> None:
    file = _open(tmp_path, '5" pipe,y\n6" pipe,"a ""b"" c"\n"7"" pipe",2\n8" pipe,"3\n')
    assert file.columns == ('5" pipe', "y")
    *rows, last = _rows(file)
    assert [row.fields for row in rows] == [('6" pipe', 'a "b" c'), ('7" pipe', "2")]
    assert (last.line, last.wrong) == (4, "opens a quotation mark in field 2 that is never closed")


def test_a_mark_that_swallows_rows_says_how_many_lines(tmp_path: Path) -> None:
    (row,) = _rows(_open(tmp_path, 'x,y\n"1,2\n3,4\n5,6\n7,"8"\n'))
    assert row.wrong.startswith("has 1 fields")
    assert "a quotation mark opens a field, and 4 lines further on another closes it" in row.wrong


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "is empty"), ("\n\n", "is empty"), (",,\n1,2,3\n", None), ('x,"y\n1,2\n', "quotation mark in its header")],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, content: str, words: str | None) -> None:
    if words is None:
        assert _open(tmp_path, content).columns == ("1", "2", "3"), "a line of separators stands before the header"
        return
    with pytest.raises(InvalidInput, match=words) as caught:
        _open(tmp_path, content)
    assert caught.value.hint


def test_no_file_at_all(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InvalidInput, match="there is no file"):
            open_csv(path)


_NUMBERS = ["1", "-2.5", "1e5", "1e400", "007", "18446744073709551616", "9" * 30, "+1", ".5", "5.", "1,5", '"4"']
_OTHERS = ["1_0", "0x1", "nan", "inf", "True", "a", "-", "", " 3 "]
_FIELDS = st.sampled_from(_NUMBERS + _OTHERS)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_FIELDS, _FIELDS, _FIELDS), min_size=1, max_size=6), st.booleans())
def test_the_quick_way_reads_what_the_patient_way_reads(
    tmp_path: Path, rows: list[tuple[str, str, str]], with_text: bool
) -> None:
    file = _open(tmp_path, "x;y;z\n" + "".join(";".join(row) + "\n" for row in rows))
    for part in file.read_parts():
        frame = read_quickly(part, file, [2] if with_text else [])
        fields = [row.fields for row in read_fields(part, file)]
        if frame is None:
            continue
        for place in range(2 if with_text else 3):
            read = [read_number(row[place].strip(), file.dialect.decimal) for row in fields]
            assert None not in read
            np.testing.assert_array_equal(frame[place].to_numpy(dtype=np.float64), np.array(read, dtype=float))
        if with_text:
            assert frame[2].tolist() == [row[2] for row in fields]


def test_missing_numbers_are_read_quickly_where_they_are_asked_for(tmp_path: Path) -> None:
    file = _open(tmp_path, "x,y,name\n1,,NA\nNA,2,\n3,nan,b")
    (part,) = file.read_parts()
    assert read_quickly(part, file, [2]) is None
    frame = read_quickly(part, file, [2], missing=["", "NA", "nan"])
    assert frame is not None
    np.testing.assert_array_equal(frame[[0, 1]].to_numpy(), [[1, np.nan], [np.nan, 2], [3, np.nan]])
    assert frame[2].tolist() == ["NA", "", "b"]
    for uneven in ("x,y\n1,2\n3\n4,5,6\n", "x,y\n1\n", "x,y\n1,NAN\n", "x,y\n1,inf\n"):
        file = _open(tmp_path, uneven)
        (part,) = file.read_parts()
        assert read_quickly(part, file, [], missing=["", "NA"]) is None


def test_a_line_too_long_and_one_too_short_do_not_make_up_for_each_other(tmp_path: Path) -> None:
    file = _open(tmp_path, "x,y,name\n1,2,a\n1,2,b,3\n4,5\n")
    (part,) = file.read_parts()
    assert read_quickly(part, file, [2]) is None
    assert [bool(row.wrong) for row in read_fields(part, file)] == [False, True, True]


_ODD = [*b'x1,;\t\n\r" #-\0\xff\xfe\xe9', *(b"sep=", "ü".encode(), b"\x1f\x8b", b"\xef\xbb\xbf")]
_PIECES = st.sampled_from([piece if isinstance(piece, bytes) else bytes([piece]) for piece in _ODD])


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_PIECES, max_size=40).map(b"".join) | st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_reason(tmp_path: Path, content: bytes) -> None:
    try:
        file = _open(tmp_path, content)
        columns = read_columns(file)
    except InvalidInput as error:
        assert str(error).strip()
        assert "hint:" in str(error)
        return
    assert len(columns.lines) == len(_rows(file))
    assert len(columns.numbers) + len(columns.texts) == len(file.columns)
