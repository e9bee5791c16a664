"""Feedback: predictions with the labels that turned out to be true, as JSON lines; or predictions alone.

A line is an object: `label` (what was true), `predicted` or `probabilities` (what was said), and, where known,
`features` (in the manifest's order, or by name) and `time` (ISO 8601). Either every line has a label or none has. A
field that is there says something: an empty one is a mistake, for it may be a label that was lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle.decision import decide
from service.bundle.manifest import Manifest
from service.errors import InvalidInput, Mistake

LEAST_ROWS = 20
_MOST_MISTAKES = 10


@dataclass(frozen=True)
class Feedback:
    """Lines of a feedback file: n rows, oldest first. `probabilities` [n, k] or None, `features` [n][f] or None.

    `truth` is None where no line has a label.
    """

    truth: NDArray[np.intp] | None
    predicted: NDArray[np.intp]
    probabilities: NDArray[np.float64] | None
    features: tuple[tuple[Any, ...], ...] | None
    first: str
    last: str

    @property
    def rows(self) -> int:
        """How many predictions these are."""
        return len(self.predicted)


def read_feedback(path: Path, manifest: Manifest) -> Feedback:
    """Read a feedback file. Raises InvalidInput with the first mistakes in it, each by its line."""
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", hint="--feedback takes a file of JSON lines")
    reader = _FeedbackReader(manifest)
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                reader.take(number, line)
    reader.refuse_some_labels()
    if reader.mistakes:
        shown = reader.mistakes[:_MOST_MISTAKES]
        more = (
            f" ({len(reader.mistakes)} lines, the first {len(shown)} shown)"
            if len(reader.mistakes) > len(shown)
            else ""
        )
        raise InvalidInput(f"{path} is not feedback on {manifest.problem}{more}", shown, hint=_EXAMPLE)
    if len(reader.rows) < LEAST_ROWS:
        what = f"{path} holds {len(reader.rows)} predictions; fewer than {LEAST_ROWS} say nothing of a shift"
        raise InvalidInput(what, hint="collect more, then ask again")
    return reader.finish()


_EXAMPLE = 'a line is {"label": "malignant", "probabilities": {"benign": 0.2, "malignant": 0.8}, "time": "2026-01-31"}'


_FIELDS = ("label", "predicted", "probabilities", "features", "time")
_Row = tuple[int | None, int, list[float] | None, tuple[Any, ...] | None, str]


class _FeedbackReader:
    """Collects lines and mistakes."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._classes = list(manifest.classes)
        self.mistakes: list[Mistake] = []
        self.rows: list[_Row] = []
        self._unlabelled: list[int] = []

    def take(self, number: int, line: str) -> None:
        """One line: kept, or a mistake."""
        try:
            row = self._read(json.loads(line))
            self.rows.append(row)
            if row[0] is None:
                self._unlabelled.append(number)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.mistakes.append(Mistake(f"line {number}", _describe(error)))

    def refuse_some_labels(self) -> None:
        """Where some lines have a label, those without are mistakes."""
        if len(self._unlabelled) < len(self.rows):
            self.mistakes += [Mistake(f"line {number}", "has no label, as others have") for number in self._unlabelled]

    def finish(self) -> Feedback:
        """The rows, oldest first (as they came, where any has no time)."""
        rows = sorted(self.rows, key=lambda row: row[4]) if all(row[4] for row in self.rows) else self.rows
        truth, predicted, shares, features, times = zip(*rows, strict=True)
        whole = all(share is not None for share in shares)
        return Feedback(
            None if self._unlabelled else np.array(truth, dtype=np.intp),
            np.array(predicted, dtype=np.intp),
            np.array(shares, dtype=np.float64) if whole else None,
            tuple(features) if all(row is not None for row in features) else None,
            times[0],
            times[-1],
        )

    def _read(self, entry: Any) -> _Row:
        empty = [name for name in _FIELDS if name in entry and entry[name] in (None, "", [], {})]
        if empty:
            raise ValueError(f"{' and '.join(empty)} is empty: leave the field out where it is not known")
        truth = self._index(entry["label"]) if "label" in entry else None
        said = entry.get("probabilities")
        shares = None if said is None else [float(p) for p in (said if isinstance(said, list) else self._order(said))]
        if shares is not None and (len(shares) != len(self._classes) or not all(0 <= p <= 1 for p in shares)):
            raise ValueError(f"probabilities must be {len(self._classes)} numbers from 0 to 1")
        predicted = self._index(entry["predicted"]) if "predicted" in entry else self._decide(shares)
        when = str(entry.get("time", ""))
        if when:
            datetime.fromisoformat(when)
        return truth, predicted, shares, self._read_features(entry.get("features")), when

    def _read_features(self, said: Any) -> tuple[Any, ...] | None:
        if said is None:
            return None
        values = tuple(said) if isinstance(said, list) else tuple(said[name] for name in self._manifest.input.features)
        if len(values) != len(self._manifest.input.features):
            raise ValueError(f"features must be {len(self._manifest.input.features)} values")
        if self._manifest.input.datatype != "FP32":
            return values
        return tuple(map(_read_number, self._manifest.input.features, values))

    def _order(self, said: Mapping[str, Any]) -> list[Any]:
        return [said[label] for label in self._classes]

    def _index(self, label: Any) -> int:
        if str(label) not in self._classes:
            raise ValueError(f"{label!r} is not one of the classes {', '.join(self._classes)}")
        return self._classes.index(str(label))

    def _decide(self, shares: list[float] | None) -> int:
        if shares is None:
            raise KeyError("predicted")
        return int(decide([shares], self._classes, self._manifest.thresholds)[0])


def _read_number(name: str, value: Any) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, str) and not value.strip():
        raise ValueError(f"feature {name} is empty: write null where a number is missing")
    return float(value)


def _describe(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: {error.msg}"
    return f"has no {error.args[0]}" if isinstance(error, KeyError) else f"{error}"
