"""A CSV file as blocks of rows that a model can take, with the rows it cannot take set apart, each with its reason.

Blocks are cut at ends of records (a quoted field may hold line ends), so that a byte offset is all that is needed to go
on after a kill, and only one block is in memory.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.bundle import missing
from service.bundle.manifest import Manifest
from service.errors import InvalidInput, Mistake

BLOCK_BYTES = 2_000_000
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class BadRow:
    """A row that was not predicted: its number (the first row below the header is 1), why, and its fields."""

    row: int
    reason: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Some rows of the file, in order.

    `numbers` [n] are the row numbers; `kept` [n] the fields that are carried along; `rows` [n, features] what the model
    takes; `notes` [n] what is worth knowing of a row. `end` is the byte after the block, `last` its last row's number.
    """

    numbers: tuple[int, ...]
    kept: tuple[tuple[str, ...], ...]
    rows: NDArray[Any]
    notes: tuple[str, ...]
    bad: tuple[BadRow, ...]
    end: int
    last: int


@dataclass(frozen=True)
class Table:
    """A CSV file's header, checked against a model: where the features are, and what is carried along.

    `takes_missing`: whether whoever answers takes rows with missing numbers; else they are set apart.
    """

    path: Path
    columns: tuple[str, ...]
    features: tuple[int, ...]
    carried: tuple[int, ...]
    body: int
    takes_missing: bool = True

    @property
    def carried_names(self) -> tuple[str, ...]:
        """The columns that are no features."""
        return tuple(self.columns[index] for index in self.carried)


def open_table(path: Path, manifest: Manifest, *, takes_missing: bool = True) -> Table:
    """Check a file's header. Raises InvalidInput with every mistake."""
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint="--csv takes the path of a CSV file")
    with path.open("rb") as stream:
        head = _read_record(stream)
        body = stream.tell()
    if not head.strip():
        raise InvalidInput(f"{path} is empty", hint="the first line names the columns, each further line is a row")
    columns = tuple(c.strip() for c in next(csv.reader([head.decode("utf-8-sig", errors="replace")])))
    mistakes = [Mistake(f"column {name}", "is there more than once") for name, n in Counter(columns).items() if n > 1]
    absent = [name for name in manifest.input.features if name not in columns]
    mistakes += [Mistake(f"column {name}", "is missing: the model needs it") for name in absent]
    if mistakes:
        hint = f"the header names all {len(manifest.input.features)} features; other columns are carried along"
        raise InvalidInput(f"{path} does not fit the model {manifest.problem}", mistakes, hint=hint)
    features = tuple(columns.index(name) for name in manifest.input.features)
    carried = tuple(i for i in range(len(columns)) if i not in set(features))
    return Table(path, columns, features, carried, body, takes_missing)


def read_blocks(
    table: Table, manifest: Manifest, *, offset: int | None = None, row: int = 0, size: int = BLOCK_BYTES
) -> Iterator[Block]:
    """The rows from a byte offset on (default: all), `row` being the number of the row before it."""
    with table.path.open("rb") as stream:
        stream.seek(table.body if offset is None else offset)
        while content := _read_whole_records(stream, size):
            block = _parse(content, table, manifest, row, stream.tell())
            row = block.last
            yield block


def _read_record(stream: BinaryIO) -> bytes:
    record = stream.readline()
    while record.count(b'"') % 2 and (more := stream.readline()):
        record += more
    return record


def _read_whole_records(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if content and not content.endswith(b"\n"):
        content += stream.readline()
    while content.count(b'"') % 2 and (more := stream.readline()):
        content += more
    return content


def _parse(content: bytes, table: Table, manifest: Manifest, row: int, end: int) -> Block:
    if manifest.input.datatype == "FP32" and b'"' not in content:
        quick = _parse_numbers(content, table, row, end)
        if quick is not None:
            return quick
    return _parse_each(content, table, manifest, row, end)


def _parse_numbers(content: bytes, table: Table, row: int, end: int) -> Block | None:
    """The quick way, for blocks in which every feature of every row is a finite number; None for another block."""
    texts = {table.columns[i]: str for i in table.carried}
    try:
        frame = pd.read_csv(
            io.BytesIO(content),
            header=None,
            names=list(table.columns),
            index_col=False,
            dtype=texts,
            keep_default_na=False,
            na_filter=False,
        )
    except (ValueError, pd.errors.ParserWarning):
        return None
    chosen = frame.iloc[:, list(table.features)]
    if not all(kind.kind in "if" for kind in chosen.dtypes):
        return None
    values = chosen.to_numpy(dtype=np.float64)
    # A line with too many fields would lose some, one with too few would be shifted, one without any is skipped.
    commas = content.count(b",")
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if lines != len(frame) or commas != len(frame) * (len(table.columns) - 1) or not (np.abs(values) <= _LARGEST).all():
        return None
    kept = (
        tuple(frame.iloc[:, list(table.carried)].itertuples(index=False, name=None)) if table.carried else ((),) * lines
    )
    numbers = tuple(range(row + 1, row + 1 + lines))
    return Block(numbers, kept, values, ("",) * lines, (), end, row + lines)


def _parse_each(content: bytes, table: Table, manifest: Manifest, row: int, end: int) -> Block:
    """The patient way: row by row, so that each bad one gets its own reason."""
    numbers: list[int] = []
    kept: list[tuple[str, ...]] = []
    rows: list[list[Any]] = []
    notes: list[str] = []
    bad: list[BadRow] = []
    for fields in csv.reader(io.StringIO(content.decode(errors="replace"), newline="")):
        row += 1
        values, note, reason = _read_row(fields, table, manifest)
        if reason:
            bad.append(BadRow(row, reason, tuple(fields)))
            continue
        numbers.append(row)
        kept.append(tuple(fields[i] for i in table.carried))
        rows.append(values)
        notes.append(note)
    dtype = np.float64 if manifest.input.datatype == "FP32" else np.object_
    shaped = np.array(rows, dtype=dtype).reshape(len(rows), len(table.features))
    return Block(tuple(numbers), tuple(kept), shaped, tuple(notes), tuple(bad), end, row)


def _read_row(fields: Sequence[str], table: Table, manifest: Manifest) -> tuple[list[Any], str, str]:
    """The values of a row, a note, and why it cannot be predicted ("" when it can)."""
    if len(fields) != len(table.columns):
        return [], "", f"has {len(fields)} fields, the header has {len(table.columns)}"
    values: list[Any] = []
    notes: list[str] = []
    reasons: list[str] = []
    for name, index in zip(manifest.input.features, table.features, strict=True):
        reference: Mapping[str, Any] = manifest.reference.get(name, {"kind": "numeric"})
        read = _read_number if reference["kind"] == "numeric" else _read_category
        value, note, reason = read(fields[index].strip(), reference)
        if isinstance(value, float) and math.isnan(value) and not table.takes_missing:
            note, reason = "", "is missing, and an endpoint takes whole rows only: fill it in, or leave --url out"
        # A model of texts reads its numbers itself.
        values.append(repr(value) if manifest.input.datatype == "BYTES" and isinstance(value, float) else value)
        notes += [f"{name} {note}"] if note else []
        reasons += [f"{name} {reason}"] if reason else []
    return values, "; ".join(notes), "; ".join(reasons)


def _read_number(text: str, reference: Mapping[str, Any]) -> tuple[float, str, str]:
    if missing.is_missing(text):
        return float("nan"), "is missing: the median of training took its place", ""
    try:
        value = float(text)
    except ValueError:
        return 0.0, "", f"is {text[:40]!r}, not a number"
    if math.isnan(value):  # Python reads more spellings of it than count as missing
        return 0.0, "", f"is {text[:40]!r}, not a number"
    if not abs(value) <= _LARGEST:
        return 0.0, "", f"is {text[:40]}, beyond what a 32-bit float can hold"
    return value, "", ""


def _read_category(text: str, reference: Mapping[str, Any]) -> tuple[str, str, str]:
    value = missing.CATEGORY if missing.is_missing(text, reference["counts"]) else text
    seen = value in reference["counts"] or not value
    return value, "" if seen else f"is {value[:40]!r}, which training never saw", ""
