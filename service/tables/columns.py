"""A whole CSV file in memory, column by column: numbers as float64, everything else as it stands in the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing
from service.errors import InvalidInput, Mistake
from service.tables.csv_file import CsvFile, Row, read_fields, read_quickly
from service.tables.numbers import read_numbers
from service.tables.records import Part

_PART_BYTES = 8_000_000
_SHOWN = 10

Numbers = NDArray[np.float64]
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Columns:
    """By column either `numbers` [rows] (missing: NaN) or `texts` [rows], stripped; `lines` [rows] they stand on."""

    numbers: dict[int, Numbers]
    texts: dict[int, Texts]
    lines: NDArray[np.int64]


def read_columns(file: CsvFile, texts: Collection[int] = ()) -> Columns:
    """Read a file whole; `texts` are columns to be left as they stand, whatever they hold.

    Raises InvalidInput with the rows that are none.
    """
    asked = set(texts)
    while True:
        kept = _Kept(len(file.columns), asked)
        for part in file.read_parts(size=_PART_BYTES):
            kept.take(part, file)
        _refuse_wrong(file, kept.wrong)
        if not kept.late:
            return kept.join()
        asked |= kept.late  # they held numbers for a while: their texts have to be read again


def _refuse_wrong(file: CsvFile, wrong: Sequence[Row]) -> None:
    if not wrong:
        return
    mistakes = [Mistake(f"line {row.line}", row.wrong) for row in wrong[:_SHOWN]]
    if len(wrong) > _SHOWN:
        mistakes.append(Mistake("", f"and {len(wrong) - _SHOWN} more"))
    said = f" ({file.dialect})" if str(file.dialect) else ""
    hint = "every line needs as many fields as the header; fields that hold a separator are quoted"
    raise InvalidInput(f"{file.path} cannot be read as CSV{said}", mistakes, hint=hint)


@dataclass
class _Kept:
    """What was read so far, part by part."""

    width: int
    texts: set[int]
    late: set[int] = field(default_factory=set)  # columns whose first text came after a part of numbers
    wrong: list[Row] = field(default_factory=list)
    _parts: list[dict[int, Numbers | Texts]] = field(default_factory=list)
    _lines: list[NDArray[np.int64]] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)  # one object for each text, however often it comes

    def take(self, part: Part, file: CsvFile) -> None:
        frame = read_quickly(part, file, self.texts, missing=missing.SPELLINGS)
        if frame is not None:
            self._lines.append(np.arange(part.line, part.line + len(frame)))
            self._parts.append(
                {
                    place: self._keep_texts(frame[place].tolist())
                    if place in self.texts
                    else frame[place].to_numpy(dtype=np.float64)
                    for place in range(self.width)
                }
            )
            return
        rows = list(read_fields(part, file))
        self.wrong += [row for row in rows if row.wrong]
        rows = [row for row in rows if not row.wrong]
        if rows:
            self._lines.append(np.array([row.line for row in rows]))
            columns = zip(*(row.fields for row in rows), strict=True)
            decimal = file.dialect.decimal
            self._parts.append({place: self._convert(place, column, decimal) for place, column in enumerate(columns)})

    def _convert(self, place: int, column: Sequence[str], decimal: str) -> Numbers | Texts:
        stripped = [text.strip() for text in column]
        if place not in self.texts:
            numbers = read_numbers(stripped, decimal)
            if numbers is not None:
                return numbers
            self.texts.add(place)
            if self._parts:
                self.late.add(place)
        return self._keep_texts(stripped)

    def _keep_texts(self, texts: Sequence[str]) -> Texts:
        known = self._known
        return np.array([known.setdefault(text, text) for text in map(str.strip, texts)], dtype=object)

    def join(self) -> Columns:
        numbers: dict[int, Numbers] = {}
        texts: dict[int, Texts] = {}
        for place in range(self.width):
            parts = [part.pop(place) for part in self._parts]
            if place in self.texts:
                texts[place] = np.concatenate(parts) if parts else np.array([], dtype=object)
            else:
                numbers[place] = np.concatenate(parts) if parts else np.array([])
        return Columns(numbers, texts, np.concatenate(self._lines) if self._lines else np.array([], dtype=np.int64))
