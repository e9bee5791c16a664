"""Whether trainings of the same data on several clouds gave the same: winner, threshold, and answers to every row."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as Drawn

from outlast.train.release import Result
from service.bundle.classifier import Classifier
from service.errors import Deviated, Mistake, ModelMismatch
from service.evaluation.job import OUT_OF_FOLD_FILE
from service.training.export import run_onnx


@dataclass(frozen=True)
class Compared:
    """One training beside the first: the largest gap of a probability, and how many rows get another class.

    `rows` were answered by models that had not seen them, on each cloud's own processors; `golden` by the models that
    would be released, here.
    """

    cloud: str
    winner: str
    digest: str
    machine: str
    thresholds: dict[str, float]
    rows: int
    gap: float
    labels_differ: int
    golden_gap: float

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON and for the manifest."""
        return dict(vars(self))


def compare(results: Sequence[Result]) -> tuple[Compared, ...]:
    """Every result beside the first one."""
    return tuple(_compare(results[0], result) for result in results)


def require_parity(results: Sequence[Result], compared: Sequence[Compared]) -> None:
    """Raises Deviated, with every difference, where they are not the same within the tolerance of the manifest."""
    first, tolerance = compared[0], results[0].candidate.manifest.tolerance
    mistakes = [mistake for other in compared[1:] for mistake in _differences(first, other, tolerance)]
    if mistakes:
        what = f"the trainings on {', '.join(one.cloud for one in compared)} did not give the same model"
        hint = (
            "nothing was released; a --budget cuts each search where its machine's time ends, so leave it out; "
            "are the images of one commit? Training on one cloud releases without comparing"
        )
        raise Deviated("\n".join([what, *(f"- {mistake}" for mistake in mistakes)]), hint=hint)


def render(compared: Sequence[Compared]) -> str:
    """The table that a person reads."""
    written = io.StringIO()
    Console(file=written, width=120).print(_draw(compared))
    return written.getvalue().rstrip("\n")


def _draw(compared: Sequence[Compared]) -> Drawn:
    table = Drawn(box=None, pad_edge=False)
    for name in ("cloud", "winner", "threshold", "processor", "rows", "largest gap", "labels differ", "golden gap"):
        table.add_column(name, justify="left" if name in ("cloud", "winner", "processor") else "right")
    for one in compared:
        threshold = ", ".join(f"{value:.4g}" for value in one.thresholds.values()) or "none"
        numbers = (f"{one.rows:,}", f"{one.gap:.1e}", str(one.labels_differ), f"{one.golden_gap:.1e}")
        table.add_row(one.cloud, one.winner, threshold, one.machine, *numbers)
    return table


def _compare(first: Result, other: Result) -> Compared:
    ours, theirs = (_read_out_of_fold(result.folder / OUT_OF_FOLD_FILE) for result in (first, other))
    if ours.shape != theirs.shape:
        what = f"{first.cloud} and {other.cloud} answered other rows: {ours.shape} and {theirs.shape}"
        raise ModelMismatch(what, hint="start the training again")
    manifest = other.candidate.manifest
    return Compared(
        other.cloud,
        other.trained.winner,
        other.candidate.digest,
        other.trained.machine,
        dict(manifest.thresholds),
        len(ours),
        float(np.abs(ours - theirs).max(initial=0.0)),
        int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum()),
        _measure_golden(first, other),
    )


def _measure_golden(first: Result, other: Result) -> float:
    """The largest gap of the two models on the first one's golden rows, both run here."""
    manifest = first.candidate.manifest
    if (manifest.input, manifest.classes) != (other.candidate.manifest.input, other.candidate.manifest.classes):
        what = f"the models of {first.cloud} and {other.cloud} take other columns or tell other classes"
        raise ModelMismatch(what, hint="were both started from the same problem file and data?")
    rows = Classifier(first.candidate).read([row.features for row in first.candidate.golden])
    answers = [run_onnx(result.candidate.model_bytes, rows, manifest.input) for result in (first, other)]
    return float(np.abs(answers[0] - answers[1]).max(initial=0.0))


def _differences(first: Compared, other: Compared, tolerance: float) -> list[Mistake]:
    where, found = f"{first.cloud} and {other.cloud}", []
    if first.winner != other.winner:
        found.append(Mistake(where, f"the winners are {first.winner} and {other.winner}"))
    # A threshold is one of the answers: it may move with their last digits.
    if first.thresholds.keys() != other.thresholds.keys() or any(
        abs(first.thresholds[name] - value) > tolerance for name, value in other.thresholds.items()
    ):
        found.append(Mistake(where, f"the thresholds are {first.thresholds} and {other.thresholds}"))
    for name, gap in (("rows out of fold", other.gap), ("golden rows", other.golden_gap)):
        if not gap <= tolerance:  # so that an answer which is no number is told as well
            found.append(Mistake(where, f"{name} differ by up to {gap:.2g}, more than {tolerance:g}"))
    return found


def _read_out_of_fold(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as held:
        return held["probabilities"]
