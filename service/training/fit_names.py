"""The name of a finished fit: a hash of all that its result depends on, and of nothing else.

Whoever asks for the same fit again finds it: with another limit of time, floor, cost or budget, held to another
released model, on another machine. Whoever asks for another fit never reads a stale one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.training.algorithms import ALGORITHMS
from service.training.datasets import Dataset

Indices = NDArray[np.intp]

_SERVICE = Path(__file__).resolve().parent.parent
_LIBRARIES = ("numpy", "scipy", "scikit-learn")
# Our own part of a fit. A changed comment in them fits anew once, which costs less than a stale fit.
_CODE = (
    *(f"training/{name}.py" for name in ("algorithms", "boosting", "export_boosting", "pipeline", "text_columns")),
    *(f"bundle/{name}.py" for name in ("rows", "text")),
)


def describe_table(dataset: Dataset, truth: Indices) -> list[Any]:
    """The table as a fit sees it: its bytes, the columns with their kinds, each row as it was read, and its class.

    The rows are in it because another release may read the same bytes as other values.
    """
    kinds = dict.fromkeys(dataset.categorical, "category") | dict.fromkeys(dataset.texts, "text")
    columns = [(name, kinds.get(name, "number")) for name in dataset.features]
    rows = pd.util.hash_pandas_object(dataset.frame, index=False).to_numpy()
    return [
        dataset.sha256,
        columns,
        *(hashlib.sha256(of.tobytes()).hexdigest() for of in (rows, truth.astype(np.int64))),
    ]


def name_fit(table: Sequence[Any], algorithm: str, parameters: Mapping[str, Any], rows: Iterable[Indices]) -> str:
    """The name of one fit. `table` is the table and the settings that all its fits share, `rows` the rows of each part.

    The rows are written as numbers of one width, so that a machine of another width finds them.
    """
    said = json.dumps(
        [*table, algorithm, dict(parameters), _list_versions(algorithm), digest_code(_CODE)], sort_keys=True
    )
    parts = [said.encode(), *(part.astype(np.int64).tobytes() for part in rows)]
    return hashlib.sha256(b"/".join(parts)).hexdigest()[:32]


def _list_versions(algorithm: str) -> list[str]:
    """Of an algorithm's own package as it says itself: XGBoost is installed under several names."""
    package = ALGORITHMS[algorithm].package
    own = [str(import_module(package).__version__)] if package else []
    return [*map(_version_of, _LIBRARIES), *own]


@cache  # a search names hundreds of fits, and reading a package's metadata takes milliseconds
def _version_of(library: str) -> str:
    return version(library)


@cache
def digest_code(names: tuple[str, ...]) -> str:
    """SHA-256 (hex) of modules of ours, named by their paths below `service`."""
    return hashlib.sha256(b"\0".join((_SERVICE / name).read_bytes() for name in names)).hexdigest()
