"""An imported model as a candidate for release: the table as a data set, and what the manifest says of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.bundle.columns import Column, InputSpec
from service.importing.convert import MOST_CATEGORIES, Converted
from service.importing.foreign import Foreign
from service.importing.judge import Judged
from service.importing.table import GivenTable
from service.training.candidate import Candidate
from service.training.datasets import Dataset


@dataclass(frozen=True)
class ImportedTable(Dataset):
    """A table whose columns are what an imported model takes, not what training would have made of them."""

    given: InputSpec = field(default_factory=lambda: InputSpec((), ()))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The model's columns."""
        return self.given.columns

    @property
    def spec(self) -> InputSpec:
        """What the model takes."""
        return self.given


def build_dataset(table: GivenTable, converted: Converted, name: str) -> ImportedTable:
    """The table's rows as the model takes them."""
    columns = converted.spec.columns
    frame = pd.DataFrame({column.name: converted.values[column.name] for column in columns})
    texts = [name for name, values in frame.items() if _is_long(values)]
    return ImportedTable(
        name=name,
        frame=frame,
        labels=converted.truth,
        target=table.target,
        sha256=table.sha256,
        left_out=dict.fromkeys(table.list_other(converted.spec.features), "is not an input of the model"),
        texts=frozenset(map(str, texts)),
        given=converted.spec,
    )


def _is_long(values: pd.Series[Any]) -> bool:
    """Whether a column of text has so many values that its reference is of their lengths."""
    return bool(values.dtype == object and values.nunique() > MOST_CATEGORIES)


def build_candidate(
    name: str, foreign: Foreign, converted: Converted, dataset: Dataset, judged: Judged, origin: str
) -> Candidate:
    """What may be released. `origin` says which file the model came from."""
    classes = converted.classes
    predicted: NDArray[np.intp] = judged.measured.evaluation.predicted
    rows = len(dataset.frame)
    verdict: Mapping[str, Any] = {
        **judged.verdict.to_document(),
        "judged_on": f"the {rows} rows of the table that it was imported with",
    }
    return Candidate(
        problem=name,
        algorithm=f"{foreign.title}, imported from {origin}",
        dataset=dataset,
        model=converted.model,
        classes=classes,
        positive_class=judged.positive,
        thresholds=judged.threshold.thresholds,
        predicted=[classes[index] for index in predicted],
        metrics=judged.to_metrics(),
        verdict=verdict,
        versions=foreign.versions,
    )
