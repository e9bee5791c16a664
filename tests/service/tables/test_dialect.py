"""What separates fields, the decimal mark and where the header begins are told from a file's first lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidInput
from service.tables.dialect import Dialect, detect_dialect, read_rows
from service.tables.encoding import detect_encoding


def _detect(folder: Path, text: str, codec: str = "utf-8") -> Dialect:
    path = folder / "table.csv"
    path.write_bytes(text.encode(codec))
    return detect_dialect(path, detect_encoding(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_what_splits_header_and_rows_alike(tmp_path: Path, delimiter: str) -> None:
    others = "".join({",", ";", "|"} - {delimiter})
    text = f'x{delimiter}"a{others}b"{delimiter}t\n' + f'1.5{delimiter}"p{delimiter}q"{delimiter}yes\n' * 5
    assert _detect(tmp_path, text).delimiter == delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("x,y\n1;2,3;4\n", ","),
        ("a;b,c\n1;2\n3;4\n", ";"),
        ("x,y,t\n1,2\n1,2,3,4\n", ","),  # broken rows do not make another delimiter of it
        ("x,y,t\n1,2,3,\n4,5,6,\n", ","),
        ("t\nyes\nno\n", ","),
    ],
)
def test_rows_decide_where_the_header_could_be_split_in_two_ways(tmp_path: Path, text: str, delimiter: str) -> None:
    assert _detect(tmp_path, text).delimiter == delimiter


@pytest.mark.parametrize(
    ("fields", "decimal"),
    [
        (("0,5", "12"), ","),
        (("-0,043", "1,250"), ","),
        (("1.250,5", "0,5"), ","),  # a point that groups thousands is named later, as text
        (("1.250", "0,5"), ","),
        (("1,250", "2,500"), "."),  # thousands or a decimal comma: nobody can tell, so it is not guessed
        (("0,5", "0.5"), "."),
        (("abc", "12"), "."),
        (("3,1e-5", "1"), ","),
    ],
)
def test_a_comma_is_the_decimal_mark_where_it_cannot_be_anything_else(
    tmp_path: Path, fields: tuple[str, str], decimal: str
) -> None:
    dialect = _detect(tmp_path, "x;y;t\n" + ";".join((*fields, "yes")) + "\n")
    assert dialect.decimal == decimal
    assert _detect(tmp_path, '"x","t"\n"0,5","yes"\n').decimal == ".", "never where commas separate fields"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", 1),
        ("\n\n", 3),
        ("sep=;\n", 2),
        ('"sep=;"\r\n\r\n', 3),
        ("# made by a tool; today\n", 2),
        ("#a comment\n\n#and another\n", 4),
        (";;\n", 2),
    ],
)
def test_what_stands_before_the_header_is_skipped(tmp_path: Path, codec: str, before: str, line: int) -> None:
    dialect = _detect(tmp_path, f"{before}é;y;t\n1;2;3\n", codec)
    content = (tmp_path / "table.csv").read_bytes()
    assert content[dialect.start :].decode(dialect.encoding.codec).startswith("é;y;t")
    assert (dialect.delimiter, dialect.line) == (";", line)


def test_a_header_may_begin_with_a_number_sign(tmp_path: Path) -> None:
    assert _detect(tmp_path, "#id,x,t\n1,2,3\n").start == 0


def test_a_named_separator_wins(tmp_path: Path) -> None:
    assert _detect(tmp_path, "sep=^\nx^y\n1^2\n").delimiter == "^"
    assert _detect(tmp_path, "sep=\t\nx\ty\n1\t2\n").delimiter == "\t"
    assert _detect(tmp_path, "sep=a,b\n1,2\n").delimiter == ",", "no separator, so a column's name"


def test_fields_separated_by_blanks_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="separates its fields by blanks") as caught:
        _detect(tmp_path, "x y t\n1 2 yes\n3 4 no\n")
    assert "tr -s" in caught.value.hint


def test_only_what_is_unusual_is_put_into_words(tmp_path: Path) -> None:
    assert str(_detect(tmp_path, "x,t\n1.5,a\n")) == ""
    dialect = _detect(tmp_path, "x;t\n1,5;a\n", "utf-16")
    assert str(dialect) == "utf-16-le, semicolon between fields, decimal comma"
    assert dialect.describe() == {"encoding": "utf-16-le", "delimiter": "semicolon", "decimal": "comma"}


def test_a_field_may_be_as_long_as_a_letter() -> None:
    assert next(read_rows('"' + "x" * 300_000 + '",1\n', ","))[1] == "1"
