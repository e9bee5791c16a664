"""What each column of a table is: numbers or categories to learn from, an identifier to leave out, or a mistake."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.bundle import missing
from service.bundle.text import LONGEST
from service.errors import Mistake
from service.tables.columns import Columns, read_columns
from service.tables.csv_file import CsvFile
from service.tables.numbers import LARGEST, read_number
from service.tables.written import name_written, parse_written
from service.training import identifiers

_TEXT_IS_A_SLIP = 0.2  # a column with fewer texts than this share among its numbers was meant to be numbers

MOST_TEXT = 30_000_000  # characters: counting their n-grams takes some 2 GB

Lines = NDArray[np.int64]


@dataclass
class Judged:
    """The columns `kept` [rows], in the file's order; those left out and those in doubt, each with why; mistakes.

    `texts` are those of the columns kept that hold free text.
    """

    kept: dict[str, NDArray[np.float64] | NDArray[np.object_]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    texts: frozenset[str] = frozenset()

    def list_left_out(self) -> list[Mistake]:
        """The columns left out, as a refusal lists them."""
        return [Mistake(f"column {name}", f"is left out: it {why}") for name, why in self.left_out.items()]


@dataclass(frozen=True)
class Decisions:
    """What somebody decided of columns: leave them out, learn from them as they stand, or read them as numbers."""

    drop: Collection[str] = ()
    keep: Collection[str] = ()
    parse: Collection[str] = ()

    @property
    def names(self) -> set[str]:
        """Every column that is decided of."""
        return {*self.drop, *self.keep, *self.parse}

    def is_wanted(self, name: str) -> bool:
        """Whether a column is learnt from without more questions."""
        return name in self.keep or name in self.parse


def judge_columns(file: CsvFile, names: Sequence[str], columns: Columns, decided: Decisions) -> Judged:
    """Sort the columns of a file into those to learn from, those left out, those in doubt, and mistakes."""
    found = Judged()
    long = _read_long(file, columns)
    for place, name in enumerate(names):
        wanted = decided.is_wanted(name)
        if name in decided.drop:
            found.left_out[name] = "was dropped by --drop"
        elif place in columns.numbers:
            values = columns.numbers[place]
            why = "" if wanted else identifiers.name_numbers(name, values)
            if not why and place in long and not wanted:
                why = identifiers.name_long_numbers(long[place].tolist())
            _take(found, name, values, why, _check_numbers(values, columns.lines))
        elif name in decided.parse:
            _parse_texts(found, name, columns.texts[place], file, columns.lines)
        else:
            _judge_texts(found, name, columns.texts[place], file, columns.lines, kept=wanted)
        if name in found.kept and not file.columns[place]:
            found.mistakes.append(Mistake("header", f"has a column without a name, field {place + 1}", "name it"))
    return found


def name_lines(lines: Lines) -> str:
    """Lines of the file, as an editor numbers them."""
    shown = ", ".join(str(line) for line in lines[:3])
    if len(lines) == 1:
        return f"line {shown}"
    return f"lines {shown}{f' and {len(lines) - 3} more' if len(lines) > 3 else ''}"


def _take(found: Judged, name: str, values: NDArray[np.float64] | NDArray[np.object_], why: str, wrong: str) -> None:
    if why:
        found.left_out[name] = why
        return
    found.kept[name] = values
    if wrong:
        what, _, hint = wrong.partition("\n")
        found.mistakes.append(Mistake(f"column {name}", what, hint))


def _read_long(file: CsvFile, columns: Columns) -> dict[int, NDArray[np.object_]]:
    """The texts of columns with whole numbers so long that a float makes different ones the same."""
    places = [place for place, values in columns.numbers.items() if identifiers.are_long(values)]
    texts = read_columns(file, [*columns.texts, *places]).texts if places else {}
    return {place: texts[place] for place in places}


def _check_numbers(values: NDArray[np.float64], lines: Lines) -> str:
    """What is wrong with numbers, and on a second line what to do; "" where nothing is."""
    if np.isnan(values).all():
        return "has no value at all\ndrop the column"
    huge = np.flatnonzero(np.abs(values) > LARGEST)  # infinities too
    if len(huge):
        what = f"holds {values[huge[0]]:g} in {name_lines(lines[huge])}: beyond what a 32-bit float can hold"
        return f"{what}\nmend the value, leave it empty, or take its logarithm"
    return ""


def _check_length(texts: NDArray[np.object_]) -> str:
    """What is wrong with free text as a whole: its n-grams would not fit into memory."""
    read = sum(min(len(text), LONGEST) for text in texts)
    if read <= MOST_TEXT:
        return ""
    what = f"holds {read / 1e6:,.0f} million characters of free text; training reads at most {MOST_TEXT / 1e6:,.0f}"
    return f"{what}\ntrain on a sample of the rows"


def _judge_texts(
    found: Judged, name: str, texts: NDArray[np.object_], file: CsvFile, lines: Lines, *, kept: bool
) -> None:
    decimal = file.dialect.decimal
    is_present = np.array([not missing.is_missing(text) for text in texts])
    present = texts[is_present].tolist()
    wrong = [
        i for i, text in zip(np.flatnonzero(is_present), present, strict=True) if read_number(text, decimal) is None
    ]
    written = None if kept else name_written(present, decimal)
    clean = np.where(is_present, texts, missing.CATEGORY).astype(object)
    if len(wrong) < _TEXT_IS_A_SLIP * len(present):
        what = f"is numbers but for {texts[wrong[0]]!r} in {name_lines(lines[wrong])}"
        _take(found, name, clean, "", f"{what}\nmend or empty those fields; text throughout makes it a category")
        return
    if written:
        found.doubts[name] = f"{written}: as it stands each value is a category of its own, without an order"
        _take(found, name, clean, "", "")
        return
    if identifiers.is_free_text(present, sure=kept):
        found.texts |= {name}
        _take(found, name, texts, "", _check_length(texts))
        return
    _take(found, name, clean, "" if kept else identifiers.name_texts(clean.tolist()), "")


def _parse_texts(found: Judged, name: str, texts: NDArray[np.object_], file: CsvFile, lines: Lines) -> None:
    read = [np.nan if missing.is_missing(text) else parse_written(text, file.dialect.decimal) for text in texts]
    wrong = [row for row, value in enumerate(read) if value is None]
    values = np.array(read, dtype=np.float64)
    if wrong:
        what = f"holds {texts[wrong[0]]!r} in {name_lines(lines[wrong])}, which cannot be read as a number or ISO date"
        _take(found, name, values, "", f"{what}\nmend or empty those fields, or leave --parse out")
        return
    _take(found, name, values, "", _check_numbers(values, lines))
