"""One CSV file, opened: how it is written, its columns, and its rows as fields or, where they are, as numbers."""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from service.errors import InvalidInput
from service.tables.dialect import Dialect, detect_dialect, read_rows
from service.tables.encoding import Encoding, detect_encoding
from service.tables.numbers import LARGEST
from service.tables.parquet import is_parquet, read_as_text
from service.tables.readable import Readable
from service.tables.records import PART_BYTES, Part, count_lines, find_first_end, read_parts

_HEADER_BYTES = 1 << 16


@dataclass(frozen=True)
class CsvFile:
    """A file whose header is read: its columns' names, and the byte and line that its rows begin at."""

    path: Readable
    dialect: Dialect
    columns: tuple[str, ...]
    body: int
    body_line: int

    def read_parts(
        self, *, offset: int | None = None, size: int = PART_BYTES, stop: int | None = None
    ) -> Iterator[Part]:
        """The rows, from the first or from a byte offset on, up to the part that ends at `stop`.

        Lines are counted only from the first on.
        """
        start = self.body if offset is None else offset
        return read_parts(self.path, self.dialect, offset=start, line=self.body_line, size=size, stop=stop)


@dataclass(frozen=True)
class Row:
    """A row's fields as they stand, its first line and how many it spans, and why it is none ("" where it is one)."""

    fields: tuple[str, ...]
    line: int
    lines: int
    wrong: str


def open_csv(path: Readable) -> CsvFile:
    """Tell how a file is written, and read its header. Raises InvalidInput for what is no table."""
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint="--csv takes the path of a CSV file")
    if is_parquet(path):
        path = text = read_as_text(path)
        dialect = Dialect(Encoding("utf-8", 0, b"\n", text.lines, sum(text.sizes)))
    else:
        dialect = detect_dialect(path, detect_encoding(path))
    part = next(read_parts(path, dialect, size=_HEADER_BYTES), Part(b"", 1, 0, 0))
    if part.unclosed:
        what = f"{path} opens a quotation mark in its header, line {part.line}, and never closes it"
        raise InvalidInput(what, hint='close it, or write it twice within a quoted field: "5"" pipe"')
    head = part.content[: find_first_end(part.content, dialect)]
    columns = tuple(field.strip() for field in next(read_rows(head.decode(), dialect.delimiter), []))
    if not any(columns):
        raise InvalidInput(f"{path} is empty", hint="the first line names the columns, each further line is a row")
    body = dialect.start + len(head.decode().encode(dialect.encoding.codec))
    return CsvFile(path, dialect, _drop_last_unnamed(columns), body, dialect.line + count_lines(head))


def count_rows(part: Part, file: CsvFile) -> int:
    """How many rows `read_fields` finds in a part, several times as fast where no field is quoted."""
    if b'"' in part.content:
        return sum(1 for _ in read_fields(part, file))
    delimiter = file.dialect.delimiter.encode()
    return sum(delimiter in line or bool(line.decode().strip()) for line in part.content.splitlines())


def read_fields(part: Part, file: CsvFile) -> Iterator[Row]:
    """The rows of a part, each with what is wrong with it. Blank lines are none."""
    width, content = len(file.columns), part.content.decode()
    reader = read_rows(content, file.dialect.delimiter)
    line = part.line
    lines_read = 0
    for fields in reader:
        spanned = reader.line_num - lines_read
        lines_read += spanned
        if len(fields) > 1 or any(map(str.strip, fields)):
            cut = _cut_empty(fields, width)
            yield Row(tuple(cut), line, spanned, _find_wrong(cut, width, spanned, unclosed=part.unclosed))
        line += spanned


def read_quickly(
    part: Part, file: CsvFile, texts: Collection[int], *, missing: Collection[str] = ()
) -> pd.DataFrame | None:
    """The rows of a part whose every column but `texts` is finite numbers, in columns 0 to n-1; None for another part.

    `missing` are texts that are read as NaN where numbers are. pandas reads ten times as many rows as Python does, and
    the same numbers.
    """
    content, width = part.content, len(file.columns)
    if b'"' in content or part.unclosed:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # fields would be lost
            frame = pd.read_csv(
                io.BytesIO(content),
                sep=file.dialect.delimiter,
                decimal=file.dialect.decimal,
                header=None,
                names=list(range(width)),
                index_col=False,
                dtype=dict.fromkeys(texts, str),
                skipinitialspace=True,
                keep_default_na=False,
                na_filter=bool(missing),
                na_values={place: list(missing) for place in range(width) if place not in texts},
            )
    except (ValueError, pd.errors.ParserWarning):
        return None
    # A short line looks like one whose last fields are missing, or whose last text is empty.
    doubtful = bool(missing) or (width - 1 in texts and bool((frame[width - 1] == "").any()))
    if not _is_whole(frame, part, file, texts) or (doubtful and not _is_even(content, file)):
        return None
    return frame


def _is_whole(frame: pd.DataFrame, part: Part, file: CsvFile, texts: Collection[int]) -> bool:
    """Whether no line was skipped, no field lost or shifted, and every number is finite."""
    if not all(kind.kind in "if" for place, kind in enumerate(frame.dtypes) if place not in texts):
        return False
    separators = part.content.count(file.dialect.delimiter.encode())
    lines = part.line_ends + (not part.content.endswith((b"\n", b"\r")))
    width = len(file.columns)
    if lines != len(frame) or separators != lines * (width - 1):
        return False
    numbers = frame.drop(columns=list(texts)) if texts else frame
    return not bool((np.abs(numbers.to_numpy(dtype=np.float64)) > LARGEST).any())


def _is_even(content: bytes, file: CsvFile) -> bool:
    """Whether each line has as many separators as the header: else a short one would look like missing values."""
    values = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(values == ord("\n"))
    if not content.endswith(b"\n"):
        ends = np.append(ends, len(values))
    separators = np.flatnonzero(values == ord(file.dialect.delimiter))
    return bool((np.diff(np.searchsorted(separators, ends), prepend=0) == len(file.columns) - 1).all())


def _find_wrong(fields: Sequence[str], width: int, lines: int, *, unclosed: bool) -> str:
    if unclosed:
        return f"opens a quotation mark in field {len(fields)} that is never closed"
    if len(fields) == width:
        return ""
    swallowed = f": a quotation mark opens a field, and {lines} lines further on another closes it" if lines > 2 else ""
    return f"has {len(fields)} fields, the header has {width}{swallowed}"


def _cut_empty(fields: Sequence[str], width: int) -> Sequence[str]:
    """A row without the empty fields behind its last column: many programs write a separator there."""
    if len(fields) > width and not any(map(str.strip, fields[width:])):
        return fields[:width]
    return fields


def _drop_last_unnamed(columns: tuple[str, ...]) -> tuple[str, ...]:
    while len(columns) > 1 and not columns[-1]:
        columns = columns[:-1]
    return columns
