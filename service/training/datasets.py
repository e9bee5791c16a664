"""The tables to learn from: two that ship with scikit-learn, or a CSV file of the user's."""

from __future__ import annotations

import csv
import hashlib
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits

from service.bundle import missing
from service.errors import InvalidInput, Mistake

# These keep reading within 1 GB of memory. A field costs some 30 bytes in a table of numbers and some 90 where a column
# is text, since every field is then an object, however short; a long text costs its own length, several times.
LARGEST_CSV_BYTES = 200_000_000
MOST_FIELDS = {"numbers": 24_000_000, "texts": 8_000_000}
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
_SAMPLE = "train on a sample: `(head -1 big.csv; tail -n +2 big.csv | shuf -n 100000) > sample.csv`"
_TEXT_IS_A_SLIP = 0.2  # a column with fewer texts than this share among its numbers was meant to be numbers

Rows = NDArray[np.float64] | NDArray[np.object_]


@dataclass(frozen=True)
class Dataset:
    """A table with its labels.

    `frame` [n, features] holds the features alone, in the model's order: numbers as float64 (missing: NaN), categories
    as text (missing: ""). `labels` [n] are class names. `sha256` (hex) is of the file's bytes, or of the table written
    as CSV where there is no file.
    """

    name: str
    frame: pd.DataFrame
    labels: NDArray[np.object_]
    target: str
    sha256: str

    @property
    def features(self) -> tuple[str, ...]:
        """The columns' names, in the model's order."""
        return tuple(str(column) for column in self.frame.columns)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The columns that hold text."""
        return tuple(str(c) for c in self.frame.columns if not pd.api.types.is_numeric_dtype(self.frame[c]))

    @property
    def datatype(self) -> str:
        """The one type of the model's input: FP32, or BYTES when a column holds text."""
        return "BYTES" if self.categorical else "FP32"

    def rows(self) -> Rows:
        """The raw rows [n, features] as a client sends them: float64, or texts where a column is text."""
        if self.datatype == "FP32":
            return np.asarray(self.frame.to_numpy(), dtype=np.float64)
        return np.asarray(self.frame.map(_as_text).to_numpy(), dtype=object)


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


def load_csv(path: Path, target: str, *, name: str | None = None) -> Dataset:
    """A table of the user's: numbers and categories, missing values allowed but in the target.

    Raises InvalidInput, with every mistake found, before training could stumble over it.
    """
    _refuse_unreadable(path)
    header = _read_header(path)
    _refuse_header(path, header, target)
    _refuse_fields(path, len(header), target)
    frame, texts = _read_frame(path, header, target)
    if frame.empty:
        raise InvalidInput(f"{path} has a header but no rows", hint="one line for each case, below the header")
    labels, mistakes = _read_labels(texts[target])
    frame = frame.drop(columns=target)
    for column in frame.columns:
        read = _read_texts(texts[column], f"column {column}") if column in texts else _read_numbers(frame[column])
        frame[column], found = read
        mistakes += found
    if mistakes:
        raise InvalidInput(f"{path} cannot be learnt from", mistakes, hint="mend the file, or leave the columns out")
    return Dataset(name or path.stem, frame, labels, target, _hash_file(path))


def _refuse_unreadable(path: Path) -> None:
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint="--csv takes the path of a CSV file")
    size = path.stat().st_size
    if size == 0:
        raise InvalidInput(f"{path} is empty", hint="the first line names the columns, each further line is a case")
    if size > LARGEST_CSV_BYTES:
        raise InvalidInput(
            f"{path} has {size / 1e6:,.0f} MB; training reads at most {LARGEST_CSV_BYTES / 1e6:,.0f} MB into memory",
            hint=_SAMPLE,
        )


def _refuse_fields(path: Path, columns: int, target: str) -> None:
    """Refuse what would not fit into memory, by counting lines, before any of them is kept."""
    with path.open("rb") as stream:
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
    if lines * columns <= min(MOST_FIELDS.values()):
        return
    first = pd.read_csv(path, nrows=1000, na_values=list(missing.SPELLINGS), keep_default_na=False, on_bad_lines="skip")
    first = first.drop(columns=target, errors="ignore")
    kind = "numbers" if all(map(pd.api.types.is_numeric_dtype, first.dtypes)) else "texts"
    if lines * columns > MOST_FIELDS[kind]:
        what = (
            f"{path} has {lines:,} lines of {columns} fields; a table of {kind} may have {MOST_FIELDS[kind]:,} fields"
        )
        raise InvalidInput(f"{what}, so that reading it stays within 1 GB of memory", hint=_SAMPLE)


def _read_header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        return [column.strip() for column in next(csv.reader(lines), [])]


def _refuse_header(path: Path, header: list[str], target: str) -> None:
    twice = [column for column, count in Counter(header).items() if count > 1]
    mistakes = [Mistake(f"column {column}", "is there more than once", "rename or drop one") for column in twice]
    if any(not column for column in header):
        mistakes.append(Mistake("header", "has a column without a name", "name it, or drop it"))
    if target not in header:
        mistakes.append(Mistake(f"column {target}", f"is not there; the columns are {', '.join(header[:20])}"))
    if len(header) < 2:
        mistakes.append(Mistake("header", "has no column to learn from beside the target"))
    if mistakes:
        raise InvalidInput(f"{path} cannot be learnt from", mistakes, hint="--target names the column to predict")


def _read_frame(path: Path, header: list[str], target: str) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """The table, and its columns of text (the target among them) as they stand in the file.

    pandas makes True of `true` and 7 of `007` where it can; whoever asks for a prediction sends what the file said.
    """
    common: Any = {
        "na_values": list(missing.SPELLINGS),
        "keep_default_na": False,
        "skipinitialspace": True,
        "index_col": False,
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # fields would be lost
            frame = pd.read_csv(path, low_memory=False, **common)
            frame.columns = header
            wanted = [i for i, name in enumerate(header) if name == target or not _holds_numbers(frame[name])]
            texts = pd.read_csv(path, usecols=wanted, dtype=str, **common)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserWarning) as error:  # pandas' ParserError is a ValueError
        hint = "every line needs as many fields as the header; the file must be UTF-8"
        raise InvalidInput(f"{path} cannot be read as CSV: {error}", hint=hint) from error
    texts.columns = [header[i] for i in wanted]
    return frame, {name: texts[name].str.strip() for name in texts.columns}


def _holds_numbers(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _read_labels(column: pd.Series) -> tuple[NDArray[np.object_], list[Mistake]]:
    place = f"column {column.name}"
    absent = np.flatnonzero(column.isna())
    if len(absent):
        return np.array([], dtype=object), [Mistake(place, f"has no label in {_name_lines(absent)}", "drop those rows")]
    labels = np.array(column.tolist(), dtype=object)
    classes = sorted(set(labels))
    if len(classes) == 1:
        return labels, [Mistake(place, f"holds one class only, {classes[0]!r}: there is nothing to tell apart")]
    if len(classes) > 100:
        what = f"holds {len(classes)} different values: that is a number to estimate, not a class"
        return labels, [Mistake(place, what, "name a column of classes as --target")]
    return labels, []


def _read_numbers(column: pd.Series) -> tuple[pd.Series, list[Mistake]]:
    """A column as float64, and what is wrong with it."""
    place, numbers = f"column {column.name}", column.astype(np.float64)
    if numbers.isna().all():
        return numbers, [Mistake(place, "has no value at all", "drop the column")]
    huge = np.flatnonzero(numbers.abs() > LARGEST_FLOAT32)  # infinities too
    if len(huge):
        what = f"holds {numbers.iloc[huge[0]]:g} in {_name_lines(huge)}: beyond what a 32-bit float can hold"
        return numbers, [Mistake(place, what, "mend the value, leave it empty, or take its logarithm")]
    return numbers, []


def _read_texts(column: pd.Series, place: str) -> tuple[pd.Series, list[Mistake]]:
    present = column[column.notna()]
    wrong = present[pd.to_numeric(present, errors="coerce").isna()]
    if len(wrong) < _TEXT_IS_A_SLIP * len(present):
        what = f"is numbers but for {str(wrong.iloc[0])!r} in {_name_lines(wrong.index.to_numpy())}"
        return column, [Mistake(place, what, "mend or empty those fields; text throughout makes it a category")]
    texts = column.fillna(missing.CATEGORY).astype(object)
    if texts.nunique() > max(20, len(texts) // 2):
        what = f"holds {texts.nunique()} different texts in {len(texts)} rows: an identifier tells nothing of new rows"
        return texts, [Mistake(place, what, "drop the column")]
    return texts, []


def _name_lines(rows: NDArray[np.intp]) -> str:
    """Row numbers as the lines of the file that an editor shows (the header is line 1)."""
    shown = ", ".join(str(int(row) + 2) for row in rows[:3])
    return (
        f"line {shown}" if len(rows) == 1 else f"lines {shown}{f' and {len(rows) - 3} more' if len(rows) > 3 else ''}"
    )


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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


def _as_text(value: str | float) -> str:
    return value if isinstance(value, str) else repr(float(value))
