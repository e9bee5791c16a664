"""How a CSV file is written: what separates its fields, its decimal mark, and where the header begins."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from service.errors import InvalidInput
from service.tables.encoding import Encoding, open_bytes
from service.tables.readable import Readable

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SAMPLE_BYTES = 1 << 20
_ROWS_FOR_DELIMITER = 50
_ROWS_FOR_DECIMAL = 2000
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_SEP = re.compile(r'"?sep=(?P<delimiter>[^\w\s".+#-]|\t)"?[ ,;\t]*', re.IGNORECASE)
_WITH_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?", re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?", re.ASCII)
_COULD_BE_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[,.][0-9]{3}", re.ASCII)
_LONGEST_FIELD = 16_000_000
csv.field_size_limit(_LONGEST_FIELD)  # of a process; Python's own 131,072 is less than a mail has


@dataclass(frozen=True)
class Dialect:
    """How a file is written. The header begins at byte `start`, on line `line`."""

    encoding: Encoding
    delimiter: str = ","
    decimal: str = "."
    start: int = 0
    line: int = 1

    def describe(self) -> dict[str, str]:
        """What a person would call it, as plain data."""
        said = {
            "encoding": self.encoding.codec,
            "delimiter": DELIMITERS.get(self.delimiter, repr(self.delimiter)),
            "decimal": "comma" if self.decimal == "," else "point",
        }
        return said | ({"compressed": "gzip"} if self.encoding.compressed else {})

    def __str__(self) -> str:
        """What is not as usual, in words; empty for UTF-8 with commas and decimal points."""
        words = [self.encoding.codec] if self.encoding.codec != "utf-8" else []
        words += ["gzip"] if self.encoding.compressed else []
        words += [f"{self.describe()['delimiter']} between fields"] if self.delimiter != "," else []
        words += ["decimal comma"] if self.decimal == "," else []
        return ", ".join(words)


def detect_dialect(path: Readable, encoding: Encoding) -> Dialect:
    """Tell from the first lines. Raises InvalidInput where nothing in the file separates fields but blanks."""
    text = _read_sample(path, encoding)
    named, skipped = _skip_preamble(text)
    delimiter = named or _detect_delimiter(text[skipped:])
    if delimiter is None:
        _refuse_blanks(path, text[skipped:])
        delimiter = ","
    skipped += _skip_comments(text[skipped:], delimiter)
    start = encoding.start + len(text[:skipped].encode(encoding.codec))
    line = 1 + sum(1 for found in _LINE.findall(text[:skipped]) if found)
    return Dialect(encoding, delimiter, _detect_decimal(text[skipped:], delimiter), start, line)


def read_rows(text: str, delimiter: str) -> Reader:
    """The records of a text, blank lines too (as []), by the one way that tables are read."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def _read_sample(path: Readable, encoding: Encoding) -> str:
    with open_bytes(path) as stream:
        stream.seek(encoding.start)
        content = stream.read(_SAMPLE_BYTES)
    text = content.decode(encoding.codec, errors="ignore")  # the last character may be cut in two
    return text if len(content) < _SAMPLE_BYTES else text[: text.rfind(encoding.line_end.decode()) + 1] or text


def _skip_preamble(text: str) -> tuple[str | None, int]:
    """The delimiter that a first line `sep=;` names, and the length of that line and of blank ones."""
    named, skipped = None, 0
    for line in _LINE.findall(text):
        if said := _SEP.fullmatch(line.strip("\r\n ")):
            named = said["delimiter"]
        elif line.strip(" \t\r\n,;|") or not line:
            break
        skipped += len(line)
    return named, skipped


def _skip_comments(text: str, delimiter: str) -> int:
    """The length of the lines before the header that begin with `#`, and of blank lines among them.

    `#id,x,y` is a header, where it has as many fields as the line below it; `# x, y` is a comment.
    """
    skipped = 0
    lines = _LINE.findall(text)
    for line, below in pairwise(lines):
        if line.strip() and not line.startswith("#"):
            break
        fields = next(read_rows(line, delimiter), [])
        if not line.startswith("# ") and 1 < len(fields) == len(next(read_rows(below, delimiter), [])):
            break
        skipped += len(line)
    return skipped if skipped < len(text.rstrip()) else 0


def _detect_delimiter(text: str) -> str | None:
    """What splits the header into several fields, and most rows into as many; None where nothing does."""
    best: tuple[float, int] = (0.0, 1)
    chosen = None
    for delimiter in DELIMITERS:
        text_below = text[_skip_comments(text, delimiter) :]
        rows = [row for row in islice(read_rows(text_below, delimiter), _ROWS_FOR_DELIMITER) if any(row)]
        width = len(_trim(rows[0])) if rows else 0
        if width < 2:
            continue
        share = sum(len(_trim(row, width)) == width for row in rows) / len(rows)
        if (round(share, 1), width) > best:
            best, chosen = (round(share, 1), width), delimiter
    return chosen


def _trim(row: Sequence[str], width: int = 0) -> Sequence[str]:
    """A row without the empty fields behind its last (or behind `width` fields)."""
    end = len(row)
    while end > width and not row[end - 1].strip():
        end -= 1
    return row[:end]


def _refuse_blanks(path: Readable, text: str) -> None:
    widths = [len(line.split()) for line in text.splitlines()[:20] if line.strip()]
    if len(widths) > 2 and widths[0] > 1 and len(set(widths)) == 1:
        raise InvalidInput(
            f"{path} separates its fields by blanks; a table needs {', '.join(DELIMITERS.values())}",
            hint=f"convert it: `tr -s ' ' ',' < {path.name} > table.csv`",
        )


def _detect_decimal(text: str, delimiter: str) -> str:
    """The decimal mark: a comma only where some number has one that cannot group thousands, and none such a point."""
    if delimiter == ",":
        return "."
    rows = islice(read_rows(text, delimiter), _ROWS_FOR_DECIMAL)
    fields = [field.strip() for row in rows for field in row]
    sure = [field for field in fields if not _COULD_BE_THOUSANDS.fullmatch(field)]
    commas, points = (any(map(mark.fullmatch, sure)) for mark in (_WITH_COMMA, _WITH_POINT))
    return "," if commas and not points else "."
