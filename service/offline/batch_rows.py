"""A CSV file as blocks of rows that a model can take, with the rows it cannot take set apart, each with its reason.

The file is read as training reads one (service/tables). Blocks are cut at ends of records, so that a byte offset is all
that is needed to go on after a kill, and only one block is in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing
from service.bundle.columns import Column
from service.bundle.manifest import Manifest
from service.bundle.rows import Rows, find_wrong, read_column
from service.bundle.values import UNSEEN, is_unseen, show
from service.errors import InvalidInput, Mistake
from service.tables.csv_file import CsvFile, open_csv, read_fields, read_quickly
from service.tables.numbers import read_number
from service.tables.readable import Readable
from service.tables.records import PART_BYTES, Part
from service.tables.written import name_written, parse_written

BLOCK_BYTES = PART_BYTES
_NO_NUMBER = object()
_MISSING = "is missing, as in rows of training"


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

    `parse` are features whose numbers are written for people, and read as such.
    """

    file: CsvFile
    features: tuple[int, ...]
    carried: tuple[int, ...]
    parse: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names that the header gives."""
        return self.file.columns

    @property
    def carried_names(self) -> tuple[str, ...]:
        """The columns that are no features."""
        return tuple(self.columns[index] for index in self.carried)


def open_table(path: Readable, manifest: Manifest, *, parse: Collection[str] = ()) -> Table:
    """Check a file's header. Raises InvalidInput with every mistake."""
    file = open_csv(path)
    columns = file.columns
    mistakes = [
        Mistake(f"column {name}", "is there more than once") for name, n in Counter(columns).items() if n > 1 and name
    ]
    numeric = {column.name for column in manifest.input.columns if column.is_numeric}
    mistakes += [Mistake(f"--parse {name}", "is no number of the model's") for name in sorted(set(parse) - numeric)]
    absent = [name for name in manifest.input.features if name not in columns]
    mistakes += [Mistake(f"column {name}", "is missing: the model needs it") for name in absent]
    if mistakes:
        said = f" (read with {file.dialect})" if str(file.dialect) else ""
        hint = f"the header names all {len(manifest.input.features)} features; other columns are carried along"
        raise InvalidInput(f"{path} does not fit the model {manifest.problem}{said}", mistakes, hint=hint)
    features = tuple(columns.index(name) for name in manifest.input.features)
    carried = tuple(i for i in range(len(columns)) if i not in set(features))
    return Table(file, features, carried, frozenset(parse))


def read_blocks(
    table: Table,
    manifest: Manifest,
    *,
    offset: int | None = None,
    row: int = 0,
    size: int = BLOCK_BYTES,
    stop: int | None = None,
) -> Iterator[Block]:
    """The rows from a byte offset on (default: all) up to the block that ends at `stop`.

    `row` is the number of the row before them.
    """
    for part in table.file.read_parts(offset=offset, size=size, stop=stop):
        block = _parse(part, table, manifest, row)
        row = block.last
        yield block


def _parse(part: Part, table: Table, manifest: Manifest, row: int) -> Block:
    if manifest.input.dtype != "object":
        quick = _parse_numbers(part, table, manifest, row)
        if quick is not None:
            return quick
    return _parse_each(part, table, manifest, row)


def _parse_numbers(part: Part, table: Table, manifest: Manifest, row: int) -> Block | None:
    """The quick way, for blocks in which every feature of every row fits the model; else None."""
    frame = read_quickly(part, table.file, table.carried)
    if frame is None:
        frame = read_quickly(part, table.file, table.carried, missing=missing.SPELLINGS)
    if frame is None:
        return None
    lines = len(frame)
    values = frame.iloc[:, list(table.features)].to_numpy(dtype=np.float64)
    if find_wrong(manifest.input, values, 1):
        return None
    kept = frame.iloc[:, list(table.carried)].itertuples(index=False, name=None) if table.carried else ((),) * lines
    numbers = tuple(range(row + 1, row + 1 + lines))
    return Block(numbers, tuple(kept), values, _note_missing(values, manifest), (), part.end, row + lines)


def _note_missing(values: NDArray[np.float64], manifest: Manifest) -> tuple[str, ...]:
    notes = [""] * len(values)
    for row, place in zip(*np.nonzero(np.isnan(values)), strict=True):
        notes[row] += f"{'; ' if notes[row] else ''}{manifest.input.features[place]} {_MISSING}"
    return tuple(notes)


def _parse_each(part: Part, table: Table, manifest: Manifest, row: int) -> Block:
    """The patient way: column by column, so that each bad row gets its own reasons."""
    read = list(read_fields(part, table.file))
    whole = [place for place, one in enumerate(read) if not one.wrong]
    said = [_Said() for _ in read]
    fields = list(zip(*(read[place].fields for place in whole), strict=True))
    values: Rows = np.empty((len(whole), len(table.features)), dtype=np.object_)
    for place, index in enumerate(table.features):
        told = [said[row_place] for row_place in whole]
        values[:, place] = _read_texts(manifest, place, fields[index] if fields else (), table, told)
    reasons = [one.wrong or "; ".join(of.reasons) for one, of in zip(read, said, strict=True)]
    kept = [place for place in whole if not reasons[place]]
    bad = tuple(BadRow(row + 1 + n, reasons[n], one.fields) for n, one in enumerate(read) if reasons[n])
    rows = values[[not reasons[place] for place in whole]]
    return Block(
        tuple(row + 1 + place for place in kept),
        tuple(tuple(read[place].fields[i] for i in table.carried) for place in kept),
        rows if manifest.input.dtype == "object" else rows.astype(np.float64),
        tuple("; ".join(said[place].notes) for place in kept),
        bad,
        part.end,
        row + len(read),
    )


@dataclass
class _Said:
    """What there is to say of one row: what is worth knowing, and why it cannot be predicted."""

    notes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def _read_texts(
    manifest: Manifest, place: int, texts: Sequence[str], table: Table, said: Sequence[_Said]
) -> Sequence[Any] | NDArray[Any]:
    """One column's fields as values."""
    column, decimal = manifest.input.columns[place], table.file.dialect.decimal
    parse = column.name in table.parse
    own = column.is_numeric and (parse or decimal != ".")
    given: Sequence[Any] = [_read_own(text, decimal, parse) for text in texts] if own else texts
    values, wrong = read_column(column, given, manifest.input.largest[place], len(texts))
    for row, why in wrong:
        why = f"is {show(texts[row])}, not a number" if given[row] is _NO_NUMBER else why
        said[row].reasons.append(f"{column.name} {why}{_name_written(column, texts[row], decimal, parse)}")
    for row in _find_notable(column, values):
        note = _MISSING if column.is_numeric else UNSEEN.format(show(values[row]))
        said[row].notes.append(f"{column.name} {note}")
    return values


def _read_own(text: str, decimal: str, parse: bool) -> object:
    """A number as this file, or a person, writes one."""
    stripped = text.strip()
    if missing.is_missing(stripped):
        return None
    value = parse_written(stripped, decimal) if parse else read_number(stripped, decimal)
    return _NO_NUMBER if value is None else value


def _name_written(column: Column, text: str, decimal: str, parse: bool) -> str:
    """What a field is that people read as a number; it is not read as one without being asked for."""
    written = name_written([text.strip()], decimal) if column.is_numeric and not parse else None
    return f"; {written.what} are not read" if written else ""


def _find_notable(column: Column, values: Sequence[Any] | NDArray[Any]) -> list[int]:
    """The rows whose value is missing, or a category that training never saw."""
    if column.is_numeric:
        return np.flatnonzero(np.isnan(np.asarray(values, dtype=np.float64))).tolist()
    unseen = {text for text in set(values) if is_unseen(column, text)}
    return [row for row, text in enumerate(values) if text in unseen] if unseen else []
