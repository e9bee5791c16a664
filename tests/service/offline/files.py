"""Files of tumour's rows, as one table or in parts, for the tests of predicting them."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from service.errors import Unavailable
from service.training.datasets import load_bundled

ROOT = Path(__file__).parents[3]
RELEASED = ROOT / "service" / "released" / "tumour"


def read_rows() -> pd.DataFrame:
    """569 rows, with a column that is carried along: the fourth has a quoted line end, the ninth is no number."""
    frame = load_bundled("tumour").frame.astype(object)
    frame.insert(7, "patient", [f"p{i}" for i in range(len(frame))])
    frame.loc[3, "patient"] = 'an "odd",\nname'
    frame.loc[8, "mean_area"] = "many"
    return frame


def write_parts(folder: Path) -> str:
    """Three files: plain, with semicolons and packed, in UTF-16. Gives the pattern that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = read_rows()
    frame[:200].to_csv(folder / "a.csv", index=False)
    text = frame[200:300].to_csv(index=False, sep=";")
    (folder / "b.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (folder / "c.csv").write_bytes(frame[300:].to_csv(index=False).encode("utf-16"))
    return f"{folder}/*.csv*"


class HereCluster:
    """Runs what a cluster is asked for in this process; everything is pickled, as on its way to a worker.

    Dies before the task of that number, where there is one: what was finished is in the store, the rest is lost.
    """

    def __init__(self, dies_before: int | None = None) -> None:
        self.done = 0
        self._dies_before = dies_before

    def run(
        self, function: Callable[[Any, Any], Any], arguments: Sequence[Any], *, shared: Any, called: str = "tasks"
    ) -> Iterator[Any]:
        packed = pickle.dumps(shared)
        for argument in reversed(arguments):
            if self.done == self._dies_before:
                raise Unavailable("the Dask scheduler went away")
            self.done += 1
            yield pickle.loads(pickle.dumps(function(pickle.loads(packed), pickle.loads(pickle.dumps(argument)))))
