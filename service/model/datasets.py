"""The tables to learn from: two that ship with scikit-learn, or a CSV file of the user's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits

from service.errors import InvalidInput

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
    if name not in _BUNDLED:
        raise InvalidInput(
            f"there is no data set called {name!r}",
            hint=f"take one of {', '.join(_BUNDLED)}, or bring a table: --csv file.csv --target column",
        )
    frame, labels, target = _BUNDLED[name]()
    text = frame.assign(**{target: labels}).to_csv(index=False, lineterminator="\n")
    return Dataset(name, frame, labels, target, hashlib.sha256(text.encode()).hexdigest())


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


_BUNDLED: dict[str, Callable[[], tuple[pd.DataFrame, NDArray[np.object_], str]]] = {
    "tumour": _load_tumour,
    "digits": _load_digits,
}


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else repr(float(value))  # type: ignore[arg-type]
