"""A table to retrain on: the rows that a model was trained on, where they are known, and the labelled ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from service.bundle.manifest import Manifest
from service.errors import InvalidInput, Refused
from service.offline.feedback import Feedback
from service.training.datasets import BUNDLED, Dataset, load_bundled


def write_table(path: Path, manifest: Manifest, feedback: Feedback) -> str:
    """Write the labelled rows as a CSV file to train on, behind the bundled data where the model was trained on these.

    Returns the target's column. Raises InvalidInput for feedback without features or labels, Refused where the file is
    there.
    """
    live, labels = read_rows(manifest, feedback)
    if path.exists():
        raise Refused(f"{path} exists", hint="name another file")
    target = "label"
    while target in manifest.input.features:
        target += "_"
    parts = [live.assign(**{target: labels})]
    if manifest.data.name in BUNDLED and (known := load_bundled(manifest.data.name)).sha256 == manifest.data.sha256:
        target = known.target
        parts = [known.frame.assign(**{target: known.labels}), live.assign(**{target: labels})]
    pd.concat(parts).to_csv(path, index=False)
    return target


def read_rows(manifest: Manifest, feedback: Feedback) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of feedback by the model's columns, and their true labels."""
    if feedback.truth is None:
        raise InvalidInput("no line has a label, so there are no rows to train on", hint="add what turned out true")
    if feedback.features is None:
        raise InvalidInput("not every line has features, so there are no rows to train on", hint="leave --table out")
    frame = pd.DataFrame(list(feedback.features), columns=list(manifest.input.features))
    return frame, np.array(manifest.classes, dtype=object)[feedback.truth]


def grow_dataset(dataset: Dataset, manifest: Manifest, feedback: Feedback) -> Dataset:
    """The table with the labelled rows below its own. Raises InvalidInput where their columns are others."""
    live, labels = read_rows(manifest, feedback)
    if missing := [name for name in dataset.features if name not in live.columns]:
        what = f"{dataset.name} has columns that {manifest.problem} was not released with: {', '.join(missing[:5])}"
        raise InvalidInput(what, hint="name the table that the model was trained on: --csv file.csv --target column")
    added = live[list(dataset.features)].astype(dataset.frame.dtypes.to_dict())
    frame = pd.concat([dataset.frame, added], ignore_index=True)
    written = frame.assign(**{"(label)": [*dataset.labels, *labels]}).to_csv(index=False)
    return replace(
        dataset,
        frame=frame,
        labels=np.array([*dataset.labels, *labels], dtype=object),
        sha256=hashlib.sha256(written.encode()).hexdigest(),
    )
