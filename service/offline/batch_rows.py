"""A CSV file as blocks of rows that a model can take, with the rows it cannot take set apart, each with its reason.

The file is read as training reads one (service/tables). Blocks are cut at ends of records, so that a byte offset is all
that is needed to go on after a kill, and only one block is in memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing
from service.bundle.manifest import Manifest
from service.errors import InvalidInput, Mistake
from service.tables.csv_file import CsvFile, open_csv, read_fields, read_quickly
from service.tables.numbers import LARGEST, read_number
from service.tables.records import PART_BYTES, Part
from service.tables.written import name_written, parse_written

BLOCK_BYTES = PART_BYTES
_MISSING = "is missing: the median of training took its place"


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

    `takes_missing`: whether whoever answers takes rows with missing numbers; else they are set apart. `parse` are
    features whose numbers are written for people, and read as such.
    """

    file: CsvFile
    features: tuple[int, ...]
    carried: tuple[int, ...]
    takes_missing: bool = True
    parse: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names that the header gives."""
        return self.file.columns

    @property
    def carried_names(self) -> tuple[str, ...]:
        """The columns that are no features."""
        return tuple(self.columns[index] for index in self.carried)


def open_table(path: Path, manifest: Manifest, *, takes_missing: bool = True, parse: Collection[str] = ()) -> Table:
    """Check a file's header. Raises InvalidInput with every mistake."""
    file = open_csv(path)
    columns = file.columns
    mistakes = [
        Mistake(f"column {name}", "is there more than once") for name, n in Counter(columns).items() if n > 1 and name
    ]
    numeric = {name for name in manifest.input.features if _describe(manifest, name)["kind"] == "numeric"}
    mistakes += [Mistake(f"--parse {name}", "is no number of the model's") for name in sorted(set(parse) - numeric)]
    absent = [name for name in manifest.input.features if name not in columns]
    mistakes += [Mistake(f"column {name}", "is missing: the model needs it") for name in absent]
    if mistakes:
        said = f" (read with {file.dialect})" if str(file.dialect) else ""
        hint = f"the header names all {len(manifest.input.features)} features; other columns are carried along"
        raise InvalidInput(f"{path} does not fit the model {manifest.problem}{said}", mistakes, hint=hint)
    features = tuple(columns.index(name) for name in manifest.input.features)
    carried = tuple(i for i in range(len(columns)) if i not in set(features))
    return Table(file, features, carried, takes_missing, frozenset(parse))


def read_blocks(
    table: Table, manifest: Manifest, *, offset: int | None = None, row: int = 0, size: int = BLOCK_BYTES
) -> Iterator[Block]:
    """The rows from a byte offset on (default: all), `row` being the number of the row before it."""
    for part in table.file.read_parts(offset=offset, size=size):
        block = _parse(part, table, manifest, row)
        row = block.last
        yield block


def _parse(part: Part, table: Table, manifest: Manifest, row: int) -> Block:
    if manifest.input.datatype == "FP32":
        quick = _parse_numbers(part, table, manifest, row)
        if quick is not None:
            return quick
    return _parse_each(part, table, manifest, row)


def _parse_numbers(part: Part, table: Table, manifest: Manifest, row: int) -> Block | None:
    """The quick way, for blocks in which every feature of every row is a finite number, or missing; else None."""
    frame = read_quickly(part, table.file, table.carried)
    if frame is None and table.takes_missing:
        frame = read_quickly(part, table.file, table.carried, missing=missing.SPELLINGS)
    if frame is None:
        return None
    lines = len(frame)
    values = frame.iloc[:, list(table.features)].to_numpy(dtype=np.float64)
    kept = frame.iloc[:, list(table.carried)].itertuples(index=False, name=None) if table.carried else ((),) * lines
    numbers = tuple(range(row + 1, row + 1 + lines))
    return Block(numbers, tuple(kept), values, _note_missing(values, manifest), (), part.end, row + lines)


def _note_missing(values: NDArray[np.float64], manifest: Manifest) -> tuple[str, ...]:
    notes = [""] * len(values)
    for row, place in zip(*np.nonzero(np.isnan(values)), strict=True):
        notes[row] += f"{'; ' if notes[row] else ''}{manifest.input.features[place]} {_MISSING}"
    return tuple(notes)


def _parse_each(part: Part, table: Table, manifest: Manifest, row: int) -> Block:
    """The patient way: row by row, so that each bad one gets its own reason."""
    numbers: list[int] = []
    kept: list[tuple[str, ...]] = []
    rows: list[list[Any]] = []
    notes: list[str] = []
    bad: list[BadRow] = []
    for read in read_fields(part, table.file):
        row += 1
        values, note, reason = ([], "", read.wrong) if read.wrong else _read_row(read.fields, table, manifest)
        if reason:
            bad.append(BadRow(row, reason, read.fields))
            continue
        numbers.append(row)
        kept.append(tuple(read.fields[i] for i in table.carried))
        rows.append(values)
        notes.append(note)
    dtype = np.float64 if manifest.input.datatype == "FP32" else np.object_
    shaped = np.array(rows, dtype=dtype).reshape(len(rows), len(table.features))
    return Block(tuple(numbers), tuple(kept), shaped, tuple(notes), tuple(bad), part.end, row)


def _read_row(fields: Sequence[str], table: Table, manifest: Manifest) -> tuple[list[Any], str, str]:
    """The values of a row, a note, and why it cannot be predicted ("" when it can)."""
    values: list[Any] = []
    notes: list[str] = []
    reasons: list[str] = []
    for name, index in zip(manifest.input.features, table.features, strict=True):
        reference = _describe(manifest, name)
        text = fields[index].strip()
        value: str | float
        if reference["kind"] == "numeric":
            value, note, reason = _read_number(text, table.file.dialect.decimal, parse=name in table.parse)
        else:
            value, note, reason = _read_category(text, reference)
        if isinstance(value, float) and math.isnan(value) and not table.takes_missing:
            note, reason = "", "is missing, and an endpoint takes whole rows only: fill it in, or leave --url out"
        # A model of texts reads its numbers itself.
        values.append(repr(value) if manifest.input.datatype == "BYTES" and isinstance(value, float) else value)
        notes += [f"{name} {note}"] if note else []
        reasons += [f"{name} {reason}"] if reason else []
    return values, "; ".join(notes), "; ".join(reasons)


def _describe(manifest: Manifest, feature: str) -> Mapping[str, Any]:
    reference: Mapping[str, Any] = manifest.reference.get(feature, {"kind": "numeric"})
    return reference


def _read_number(text: str, decimal: str, *, parse: bool) -> tuple[float, str, str]:
    if missing.is_missing(text):
        return float("nan"), _MISSING, ""
    value = parse_written(text, decimal) if parse else read_number(text, decimal)
    if value is None:
        written = name_written([text], decimal)
        return 0.0, "", f"is {text[:40]!r}, not a number{f'; {written.what} are not read' if written else ''}"
    if not abs(value) <= LARGEST:
        return 0.0, "", f"is {text[:40]}, beyond what a 32-bit float can hold"
    return value, "", ""


def _read_category(text: str, reference: Mapping[str, Any]) -> tuple[str, str, str]:
    value = missing.CATEGORY if missing.is_missing(text, reference["counts"]) else text
    seen = value in reference["counts"] or not value
    return value, "" if seen else f"is {value[:40]!r}, which training never saw", ""
