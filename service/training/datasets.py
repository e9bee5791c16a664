"""The tables to learn from: two that ship with scikit-learn, or a CSV file of the user's."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits

from service.bundle import missing
from service.bundle.columns import CATEGORY, NUMBER, TEXT, WHOLE, Column, InputSpec
from service.bundle.rows import prepare_rows
from service.errors import InvalidInput, Mistake
from service.tables.columns import read_columns
from service.tables.csv_file import CsvFile, open_csv, read_fields
from service.tables.numbers import read_numbers
from service.training import splitting
from service.training.columns import Decisions, judge_columns, name_lines
from service.training.leaks import find_telling
from service.training.source import hash_file
from service.training.text_copies import group_texts

# These keep reading within 1 GB of memory. A field costs some 30 bytes in a table of numbers and some 90 where a column
# is text, since every field is then an object, however short; a long text costs its own length, several times.
LARGEST_CSV_BYTES = 200_000_000
MOST_FIELDS = {"numbers": 24_000_000, "texts": 8_000_000}
_SAMPLE = "train on a sample: `(head -1 big.csv; tail -n +2 big.csv | shuf -n 100000) > sample.csv`"

Rows = NDArray[np.float64] | NDArray[np.object_]


@dataclass(frozen=True)
class Dataset:
    """A table with its labels.

    `frame` [n, features] holds the features alone, in the model's order: numbers as float64 (missing: NaN), categories
    as text (missing: ""). `labels` [n] are class names. `sha256` (hex) is of the file's bytes, or of the table written
    as CSV where there is no file. `left_out` are columns that are not learnt from, each with why; `doubts` are columns
    that may not be what they seem, each with what to do: nothing is trained while there are any. `read_as` says how
    the file is written. `texts` are the columns of text that is read as words, not as categories; `types` the types of
    columns that somebody declared. `groups` [n] are the same for rows that belong together, `times` [n] ascend with
    time; None where no column was named for it.
    """

    name: str
    frame: pd.DataFrame
    labels: NDArray[np.object_]
    target: str
    sha256: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    read_as: Mapping[str, str] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)
    groups: NDArray[np.intp] | None = None
    times: NDArray[np.float64] | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The columns' names, in the model's order."""
        return tuple(str(column) for column in self.frame.columns)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The columns of categories."""
        return tuple(name for name in self.features if not self._is_numeric(name) and name not in self.texts)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Each column with its type and whether values of it are missing: as a manifest says it, and callers must."""
        return tuple(self._describe(name) for name in self.features)

    @property
    def spec(self) -> InputSpec:
        """What a model of this table takes."""
        return InputSpec.of_columns(self.columns)

    @property
    def datatype(self) -> str:
        """FP32 where every column is a number, BYTES when one holds text."""
        return self.spec.datatype

    @cached_property
    def alike(self) -> pd.DataFrame:
        """The features, free text as a number that texts share which are nearly the same: to find copies of rows."""
        groups = {name: group_texts(self.frame[name].tolist()).astype(str).astype(object) for name in self.texts}
        return self.frame.assign(**groups) if groups else self.frame

    def raw_rows(self) -> Rows:
        """The rows [n, features] as callers send them: float64, or objects, each a float or a text."""
        if all(map(self._is_numeric, self.features)):
            return np.asarray(self.frame.to_numpy(), dtype=np.float64)
        columns = [self.frame[name] for name in self.frame.columns]
        rows = np.empty((len(self.frame), len(columns)), dtype=object)
        for place, column in enumerate(columns):
            rows[:, place] = column.astype(np.float64).tolist() if self._is_numeric(str(column.name)) else list(column)
        return rows

    def rows(self) -> Rows:
        """The rows [n, features] as a pipeline and its graph take them, their free text prepared."""
        return prepare_rows(self.spec, self.raw_rows())

    def _is_numeric(self, name: str) -> bool:
        return bool(pd.api.types.is_numeric_dtype(self.frame[name]))

    def _describe(self, name: str) -> Column:
        values = self.frame[name]
        if self._is_numeric(name):
            absent = bool(values.isna().any())
            is_whole = self.types.get(name) != NUMBER and (values.dropna() % 1 == 0).all()
            return Column(name, WHOLE if is_whole else NUMBER, absent)
        if name in self.texts:
            return Column(name, TEXT, missing=True)
        present = sorted(set(values) - {missing.CATEGORY})
        return Column(name, CATEGORY, len(present) < values.nunique(), tuple(present))


def load_bundled(name: str) -> Dataset:
    """One of the two data sets that ship with scikit-learn. Raises InvalidInput for another name."""
    if name not in BUNDLED:
        raise InvalidInput(
            f"there is no data set called {name!r}",
            hint=f"take one of {', '.join(BUNDLED)}, or bring a table: --csv file.csv --target column",
        )
    frame, labels, target = BUNDLED[name]()
    text = frame.assign(**{target: labels}).to_csv(index=False, lineterminator="\n")
    return Dataset(name, frame, labels, target, hashlib.sha256(text.encode()).hexdigest())


def load_csv(
    path: Path,
    target: str,
    *,
    name: str | None = None,
    drop: Collection[str] = (),
    keep: Collection[str] = (),
    parse: Collection[str] = (),
    group: str | None = None,
    time: str | None = None,
) -> Dataset:
    """A table of the user's: numbers and categories, missing values allowed but in the target.

    Columns in `drop` are left out; identifiers too, but for those in `keep`, which are also learnt from as they stand
    where a person would read them as numbers; those in `parse` are read as such numbers. `group` and `time` name the
    columns by which rows belong together, or follow each other: they are not learnt from. Raises InvalidInput, with
    every mistake found, before training could stumble over it.
    """
    if path.is_file():
        refuse_size(path, path.stat().st_size)
    file = open_csv(path)
    names = [column or f"Unnamed: {place}" for place, column in enumerate(file.columns)]
    parting = [column for column in (group, time) if column]
    decided = Decisions({*drop, target, *parting}, keep, parse)
    _refuse_header(path, names, target, decided.names)
    _refuse_fields(file, target)
    columns = read_columns(file, [names.index(column) for column in (target, *parting)])
    if not len(columns.lines):
        raise InvalidInput(f"{path} has a header but no rows", hint="one line for each case, below the header")
    labels, mistakes = _read_labels(columns.texts[names.index(target)], target, columns.lines)
    found = judge_columns(file, names, columns, decided)
    mistakes += found.mistakes
    texts = {column: columns.texts[names.index(column)] for column in parting}
    groups = splitting.read_groups(texts[group], group, columns.lines, mistakes) if group else None
    times = splitting.read_times(texts[time], time, columns.lines, mistakes) if time else None
    if not found.kept and not mistakes:
        hint = "--keep COLUMN learns from one that was left out"
        raise InvalidInput(f"{path} has no column to learn from", found.list_left_out(), hint=hint)
    if mistakes:
        hint = "mend the file, or leave columns out: --drop COLUMN"
        raise InvalidInput(f"{path} cannot be learnt from", mistakes, hint=hint)
    frame = pd.DataFrame(found.kept)
    if not any(frame[column].nunique(dropna=False) > 1 for column in frame.columns):
        hint = "bring columns that differ between the rows"
        raise InvalidInput(f"{path} holds one value only in each column beside the target", hint=hint)
    left_out = {column: why for column, why in found.left_out.items() if column != target}
    left_out |= dict.fromkeys(parting, "says which rows belong together, or follow each other")
    return Dataset(
        name or path.stem,
        frame,
        labels,
        target,
        hash_file(path),
        left_out,
        {**found.doubts, **_doubt_telling(frame, labels, target, keep)},
        file.dialect.describe(),
        found.texts,
        groups=groups,
        times=times,
    )


def _doubt_telling(
    frame: pd.DataFrame, labels: NDArray[np.object_], target: str, keep: Collection[str]
) -> dict[str, str]:
    """Columns that each alone give the label away, with what a person has to know of them."""
    why = f"alone tells {target} in all but a hundredth of the cases (AUC near 1): was it written down after {target}?"
    return {column: why for column in find_telling(frame, labels) if column not in keep}


def refuse_size(named: object, size: int) -> None:
    """Raises InvalidInput for more bytes than training reads into memory."""
    if size > LARGEST_CSV_BYTES:
        what = f"{named} has {size / 1e6:,.0f} MB; training reads at most {LARGEST_CSV_BYTES / 1e6:,.0f} MB into memory"
        raise InvalidInput(what, hint=_SAMPLE)


def _refuse_fields(file: CsvFile, target: str) -> None:
    """Refuse what would not fit into memory, by counting lines, before any of them is kept."""
    path, width, encoding = file.path, len(file.columns), file.dialect.encoding
    refuse_size(path, encoding.size)  # unpacked
    lines = encoding.lines
    if lines * width <= min(MOST_FIELDS.values()):
        return
    kind = "numbers" if _holds_only_numbers(file, target) else "texts"
    if lines * width > MOST_FIELDS[kind]:
        what = f"{path} has {lines:,} lines of {width} fields; a table of {kind} may have {MOST_FIELDS[kind]:,} fields"
        raise InvalidInput(f"{what}, so that reading it stays within 1 GB of memory", hint=_SAMPLE)


def _holds_only_numbers(file: CsvFile, target: str) -> bool:
    """Whether the first rows hold text in no column but the target."""
    part = next(file.read_parts(size=1 << 18), None)
    rows = [row.fields for row in read_fields(part, file) if not row.wrong] if part else []
    columns = dict(zip(file.columns, zip(*rows, strict=True), strict=True)) if rows else {}
    columns.pop(target, None)
    return all(
        read_numbers([text.strip() for text in texts], file.dialect.decimal) is not None for texts in columns.values()
    )


def _refuse_header(path: Path, header: list[str], target: str, asked: Collection[str]) -> None:
    twice = [column for column, count in Counter(header).items() if count > 1]
    mistakes = [Mistake(f"column {column}", "is there more than once", "rename or drop one") for column in twice]
    listed = f"is not there; the columns are {', '.join(header[:20])}"
    mistakes += [Mistake(f"column {column}", listed) for column in sorted(set(asked) - set(header))]
    if len(header) < 2:
        mistakes.append(Mistake("header", "has no column to learn from beside the target"))
    if mistakes:
        raise InvalidInput(f"{path} cannot be learnt from", mistakes, hint="--target names the column to predict")


def _read_labels(
    labels: NDArray[np.object_], target: str, lines: NDArray[np.int64]
) -> tuple[NDArray[np.object_], list[Mistake]]:
    """The labels as they stand: `None` and `NA` are classes like others, only an empty field is no label."""
    place = f"column {target}"
    absent = lines[labels == ""]
    if len(absent):
        return labels, [Mistake(place, f"has no label in {name_lines(absent)}", "drop those rows")]
    classes = sorted(set(labels))
    if len(classes) == 1:
        return labels, [Mistake(place, f"holds one class only, {classes[0]!r}: there is nothing to tell apart")]
    if len(classes) > 100:
        what = f"holds {len(classes)} different values: that is a number to estimate, not a class"
        return labels, [Mistake(place, what, "name a column of classes as --target")]
    return labels, []


def _load_tumour() -> tuple[pd.DataFrame, NDArray[np.object_], str]:
    """569 biopsies, 30 numbers each (Wisconsin diagnostic breast cancer, UCI 17)."""
    bunch = load_breast_cancer(as_frame=True)
    columns = {column: column.replace(" ", "_") for column in bunch.data.columns}
    names = np.array(["malignant", "benign"], dtype=object)
    return bunch.data.rename(columns=columns), names[bunch.target.to_numpy()], "diagnosis"


def _load_digits() -> tuple[pd.DataFrame, NDArray[np.object_], str]:
    """1,797 handwritten digits, 8 x 8 pixels of 0 to 16 (UCI 80, its test part)."""
    bunch = load_digits(as_frame=True)
    return bunch.data, bunch.target.astype(str).to_numpy(dtype=object), "digit"


BUNDLED: dict[str, Callable[[], tuple[pd.DataFrame, NDArray[np.object_], str]]] = {
    "tumour": _load_tumour,
    "digits": _load_digits,
}
