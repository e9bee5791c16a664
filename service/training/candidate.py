"""What a release is made of: golden rows with their answers, and the manifest that pins everything."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

from service.bundle import reference
from service.bundle.columns import CATEGORY, WHOLE, Column, Value
from service.bundle.decision import decide, measure_margins
from service.bundle.folder import Release, load_release, write_release
from service.bundle.golden import GoldenRow, render_golden
from service.bundle.manifest import MANIFEST_FILE, DataSource, GoldenFile, Manifest, ModelFile
from service.errors import InvalidInput, ModelMismatch, OutlastError
from service.training.algorithms import PARITY_TOLERANCE
from service.training.datasets import Dataset
from service.training.export import run_onnx

TOLERANCE = 1e-5  # of a golden probability: ten times the parity asked for, room for another CPU's arithmetic
_CLEAR_OF_DECISION = 100 * TOLERANCE  # a golden row nearer than this could change its label on another CPU
# What tells two trainings of the same model apart: its answers are compared instead.
_OF_THE_BYTES = dict.fromkeys(("version", "created", "model", "golden", "versions", "training"))
_PINNED_PACKAGES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "numpy", "pandas")


@dataclass(frozen=True)
class Candidate:
    """A trained model that may be released: its bytes, and everything that its manifest will say.

    `classes` in the order of the model's probabilities; `thresholds` as in the manifest; `predicted` the labels that it
    gives to rows which it was not fitted on, for the drift of live predictions to be measured against.
    """

    problem: str
    algorithm: str
    dataset: Dataset
    model: bytes
    classes: tuple[str, ...]
    positive_class: str | None
    thresholds: Mapping[str, float]
    predicted: Sequence[str]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)  # of packages beside those that every release names


def write_candidate(candidate: Candidate, folder: Path, *, previous: Release | None, now: datetime) -> Release:
    """Write a candidate with its manifest into a folder; or `previous` again, when the candidate is that model.

    So making the same model again changes no byte, on whatever machine; another one takes the next version.
    """
    golden = choose_golden(candidate)
    manifest = replace(_describe(candidate, golden), created=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if previous is None:
        return write_release(folder, manifest, candidate.model, golden)
    if is_same_model(candidate, manifest, previous):
        return write_release(folder, previous.manifest, previous.model_bytes, previous.golden)
    manifest = replace(manifest, version=_next_version(previous.manifest.version))
    return write_release(folder, manifest, candidate.model, golden)


def is_same_model(candidate: Candidate, manifest: Manifest, previous: Release) -> bool:
    """Whether a candidate says of itself and answers on every row of its data what the released model does.

    Sums differ in their last digit from one CPU, or version of a library, to the next, and so do the bytes of the same
    model trained there. A new digest for that would have every site deployed again for nothing.
    """
    if previous.manifest.input.is_written:  # its graph reads numbers out of texts
        return False
    # An older schema says less of the columns, and nothing of the target: what it says is compared.
    if not previous.manifest.data.target:
        manifest = replace(manifest, data=replace(manifest.data, target=""))
    ours = replace(manifest, schema=previous.manifest.schema).to_document()
    theirs = previous.manifest.to_document()
    if not _agree({**ours, **_OF_THE_BYTES}, {**theirs, **_OF_THE_BYTES}):
        return False
    rows = candidate.dataset.rows()
    ours_and_theirs = ((candidate.model, manifest.input), (previous.model_bytes, previous.manifest.input))
    answers = [run_onnx(model, rows, spec) for model, spec in ours_and_theirs]
    decided = [decide(answer, candidate.classes, candidate.thresholds) for answer in answers]
    return bool(np.abs(answers[0] - answers[1]).max() <= PARITY_TOLERANCE and (decided[0] == decided[1]).all())


def _agree(ours: Any, theirs: Any) -> bool:
    """Whether two documents say the same, numbers within the tolerance of an answer."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return ours.keys() == theirs.keys() and all(_agree(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_agree, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return abs(ours - theirs) <= TOLERANCE
    return bool(ours == theirs)


def load_previous(folder: Path) -> Release | None:
    """The release that lies in a folder; None where there is none.

    A damaged one raises: what a candidate cannot be compared with it must not replace.
    """
    if not (folder / MANIFEST_FILE).exists():
        return None
    try:
        return load_release(folder)
    except (InvalidInput, ModelMismatch) as error:
        hint = f"restore it with `git checkout -- {folder}`, or remove that folder to release without comparing"
        raise type(error)(error.what, error.mistakes, hint=hint) from error


def read_now(environ: Mapping[str, str] = os.environ) -> datetime:
    """The time to write into a manifest: SOURCE_DATE_EPOCH where it is set (reproducible-builds.org), else now."""
    epoch = environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC).replace(microsecond=0)


def choose_golden(candidate: Candidate) -> list[GoldenRow]:
    """Rows that the model gets right, for each class from the one nearest the decision to the clearest one.

    The rows near the decision are there because they move first when a model or a threshold is not the released one.
    Rows in which a number is missing are taken only of a class that has no others.
    """
    dataset = candidate.dataset
    probabilities = run_onnx(candidate.model, dataset.rows(), dataset.spec)
    whole = (
        ~dataset.frame[[column.name for column in dataset.columns if column.is_numeric]].isna().any(axis=1).to_numpy()
    )
    predicted = decide(probabilities, candidate.classes, candidate.thresholds)
    margins = measure_margins(probabilities, candidate.classes, candidate.thresholds)
    names = np.array(candidate.classes, dtype=object)
    right = names[predicted] == dataset.labels
    raw = dataset.raw_rows()
    chosen: list[int] = []
    for index in range(len(names)):
        fit = right & (predicted == index) & (margins > _CLEAR_OF_DECISION)
        mine = np.flatnonzero(fit & whole if (fit & whole).any() else fit)
        chosen += _spread(mine[np.argsort(margins[mine], kind="stable")], 4 if len(names) == 2 else 2)
    if not chosen:
        what = "the model gets no row of its data right, so there are no golden rows to release it with"
        raise OutlastError(what, hint="is the target the right column? `outlast model data` shows its labels")
    return [
        GoldenRow(
            id=f"{dataset.name}-{row:05d}",
            features=tuple(map(_as_json, dataset.columns, raw[row].tolist())),
            label=str(names[predicted[row]]),
            probabilities={str(n): round(float(p), 8) for n, p in zip(names, probabilities[row], strict=True)},
        )
        for row in sorted(chosen)
    ]


def _as_json(column: Column, value: float | str) -> Value:
    """A value as callers send it: None where it is missing, a whole number without a point."""
    if isinstance(value, str):
        return value or None if column.type == CATEGORY else value
    if np.isnan(value):
        return None
    return int(value) if column.type == WHOLE else value


def _spread(ordered: NDArray[np.intp], count: int) -> list[int]:
    """The first, the last, and evenly many between them: at most `count`."""
    positions = np.linspace(0, len(ordered) - 1, count).round().astype(int).tolist() if len(ordered) else []
    return [int(ordered[position]) for position in sorted(set(positions))]


def _describe(candidate: Candidate, golden: Sequence[GoldenRow]) -> Manifest:
    dataset = candidate.dataset
    return Manifest(
        problem=candidate.problem,
        version="1",
        created="",
        algorithm=candidate.algorithm,
        model=ModelFile("model.onnx", hashlib.sha256(candidate.model).hexdigest(), read_opset(candidate.model)),
        golden=GoldenFile("golden.json", hashlib.sha256(render_golden(golden)).hexdigest()),
        data=DataSource(dataset.name, dataset.sha256, len(dataset.frame), dataset.target),
        input=dataset.spec,
        classes=candidate.classes,
        positive_class=candidate.positive_class,
        thresholds=dict(candidate.thresholds),
        tolerance=TOLERANCE,
        metrics=candidate.metrics,
        verdict=candidate.verdict,
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in _PINNED_PACKAGES},
            **candidate.versions,
        },
        reference={
            **describe_reference(dataset.frame, dataset.texts),
            reference.PREDICTIONS: reference.describe_categories(candidate.predicted),
        },
    )


def describe_reference(frame: pd.DataFrame, texts: Collection[str] = ()) -> dict[str, Any]:
    """For each feature what the data holds of it, for drift to be measured against; `texts` are those of free text."""
    return {str(name): _describe_column(column, str(name) in texts) for name, column in frame.items()}


def _describe_column(column: pd.Series[Any], is_text: bool) -> dict[str, Any]:
    if pd.api.types.is_numeric_dtype(column):
        return reference.describe_numbers(column.to_numpy())
    return reference.describe_texts(column.tolist()) if is_text else reference.describe_categories(column.tolist())


def read_opset(model: bytes) -> int:
    """The version of the default operator set that an ONNX file asks for."""
    return next(int(entry.version) for entry in onnx.load_from_string(model).opset_import if entry.domain == "")


def _next_version(previous: str) -> str:
    return str(int(previous) + 1) if previous.isdecimal() else f"{previous}.1"
