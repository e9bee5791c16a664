"""The table that a model is imported with: its rows as the model takes them, and the labels that they should get.

Unlike training, which judges every column, an import reads what the model takes: a number where it takes numbers, the
text as it stands where it takes texts. What of the table does not fit is a mistake with its line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing
from service.bundle.columns import NUMERIC, WHOLE
from service.errors import InvalidInput, Mistake
from service.importing.inputs import Values
from service.tables.columns import Columns, read_columns
from service.tables.csv_file import CsvFile, open_csv
from service.tables.numbers import LARGEST, read_number
from service.training.columns import name_lines

MOST_CLASSES = 100
_NAME_TARGET = "--target names the column of true classes"
_SHOWN = 10


@dataclass(frozen=True)
class GivenTable:
    """A table, read: `labels` [rows] as they stand, the other columns as numbers where all their fields are some.

    `lines` [rows] are those of the file that a row begins on. `left_out` are columns that are not looked at.
    """

    path: Path
    target: str
    sha256: str
    labels: NDArray[np.object_]
    values: Values
    lines: NDArray[np.int64]
    file: CsvFile
    left_out: tuple[str, ...] = field(default=())

    @property
    def features(self) -> tuple[str, ...]:
        """The columns beside the target, in the file's order."""
        return tuple(self.values)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels that there are, sorted."""
        return tuple(sorted(set(self.labels.tolist())))

    def list_other(self, names: Collection[str]) -> list[str]:
        """The columns beside the target that are not among some."""
        return [name for name in self.values if name not in names]

    def is_text(self, column: str) -> bool:
        """Whether a column holds texts."""
        return bool(self.values[column].dtype == object)

    def select(self, types: Mapping[str, str]) -> Values:
        """The columns that a model takes (name -> type): numbers as float64, texts with "" where they are missing.

        Raises InvalidInput, with every column and line that does not fit.
        """
        mistakes = [mistake for name, kind in types.items() for mistake in self._check(name, kind)]
        if mistakes:
            hint = "correct these fields, or take the rows out of the table; --text COLUMN reads one as text"
            raise InvalidInput(f"{self.path} does not fit the model", mistakes, hint=hint)
        return {name: self._take(name, kind) for name, kind in types.items()}

    def read_texts(self, name: str) -> NDArray[np.object_]:
        """A column as it stands in the file: `007` is not 7 to a model of texts."""
        if self.is_text(name):
            return self.values[name]
        place = self.file.columns.index(name)
        return read_columns(self.file, [place]).texts[place]

    def _take(self, name: str, kind: str) -> NDArray[Any]:
        if kind in NUMERIC:
            return self.values[name]
        texts = self.read_texts(name).tolist()
        return np.array(["" if missing.is_missing(text) else text for text in texts], dtype=object)

    def _check(self, name: str, kind: str) -> list[Mistake]:
        place = f"column {name}"
        if name not in self.values:
            return [Mistake(place, "is not in the table, and the model takes it")]
        values = self.values[name]
        if kind not in NUMERIC:
            return []
        if values.dtype == object:
            return [self._name_first_text(place, values)]
        wrong = np.flatnonzero(np.abs(values) > LARGEST)
        if len(wrong):
            where = name_lines(self.lines[wrong])
            return [Mistake(place, f"holds {values[wrong[0]]:g} in {where}: beyond what a 32-bit float can hold")]
        broken = np.flatnonzero((values != np.round(values)) & (kind == WHOLE))  # NaN too
        if len(broken):
            where = name_lines(self.lines[broken])
            return [Mistake(place, f"holds {values[broken[0]]:g} in {where}; the model takes whole numbers there")]
        return []

    def _name_first_text(self, place: str, values: NDArray[Any]) -> Mistake:
        decimal = self.file.dialect.decimal
        wrong = [
            row
            for row, text in enumerate(values.tolist())
            if not missing.is_missing(text) and read_number(text, decimal) is None
        ]
        where = name_lines(self.lines[wrong])
        return Mistake(place, f"holds {values[wrong[0]]!r} in {where}, and the model takes a number there")


def read_table(path: Path, target: str | None, *, drop: Collection[str] = ()) -> GivenTable:
    """Read a table whole; `target` is None where another file has the labels.

    Raises InvalidInput for one without labels, with one class, or with more than 100.
    """
    file = open_csv(path)
    names = list(file.columns)
    asked = [] if target is None else [target]
    _refuse_names(path, names, {*asked, *drop})
    columns = read_columns(file, [names.index(name) for name in asked])
    labels = np.array([], dtype=object)
    if target is not None:
        labels = columns.texts[names.index(target)]
        if mistakes := check_labels(labels, target, columns.lines):
            raise InvalidInput(
                f"{path} cannot be judged by", mistakes, hint="--target names the column of true classes"
            )
    values = {
        name: _value_of(columns, place) for place, name in enumerate(names) if name != target and name not in drop
    }
    return GivenTable(path, target or "", hash_file(path), labels, values, columns.lines, file, tuple(drop))


def _value_of(columns: Columns, place: int) -> NDArray[Any]:
    return columns.numbers[place] if place in columns.numbers else columns.texts[place]


def _refuse_names(path: Path, names: Sequence[str], asked: Collection[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    mistakes = [Mistake(f"column {name}", "is there more than once", "rename one") for name in twice]
    shown = ", ".join(names[:20])
    absent = sorted(set(asked) - set(names))
    mistakes += [Mistake(f"column {name}", f"is not there; the columns are {shown}") for name in absent]
    mistakes += [
        Mistake("header", f"has a column without a name, field {place + 1}", "name it")
        for place, name in enumerate(names)
        if not name
    ]
    if mistakes:
        raise InvalidInput(
            f"{path} cannot be read for an import", mistakes, hint="--target names the column of classes"
        )


def check_labels(labels: NDArray[np.object_], target: str, lines: NDArray[np.int64]) -> list[Mistake]:
    """What is wrong with a column of true classes; empty when nothing is."""
    place = f"column {target}"
    if not len(labels):
        return [Mistake(place, "has no rows", "one line for each case, below the header")]
    absent = lines[labels == ""]
    if len(absent):
        return [Mistake(place, f"has no label in {name_lines(absent)}", "drop those rows")]
    count = len(set(labels.tolist()))
    if count == 1:
        return [Mistake(place, f"holds one class only, {labels[0]!r}: nothing can be measured on it")]
    if count > MOST_CLASSES:
        what = f"holds {count} different values, and at most {MOST_CLASSES} classes are told apart here"
        return [Mistake(place, what, "name a column of classes as --target")]
    return []


def hash_file(path: Path) -> str:
    """The SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
