"""How far live rows have moved from what training saw: scores over a sliding window, off the hot path.

Per feature the population stability index and the Kolmogorov-Smirnov statistic against the manifest's reference; and
the share of each predicted label. Each replica scores what it saw itself; the scores are gauges, not state.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any

import numpy as np

from service.bundle.reference import (
    PREDICTIONS,
    count_like,
    kolmogorov_smirnov,
    population_stability,
    smirnov_critical,
)
from service.bundle.rows import Rows
from service.server.listeners import Listener
from service.server.models import Answers, Models, ServedModel

LEAST_ROWS = 100  # below this the indices say more about chance than about drift


class _Window:
    """The last rows and labels of one model."""

    def __init__(self, model: ServedModel, capacity: int) -> None:
        self.model = model
        self.capacity = capacity
        self.batches: deque[tuple[Rows, list[str]]] = deque()
        self.rows = 0

    def add(self, rows: Rows, labels: list[str]) -> None:
        # Batches are kept whole and by reference: adding costs the same for one row and for a thousand.
        self.batches.append((rows, labels))
        self.rows += len(rows)
        while self.rows - len(self.batches[0][0]) >= self.capacity:
            self.rows -= len(self.batches.popleft()[0])


class Drift(Listener):
    """Sliding windows of rows and their scores. `inferred` is for the hot path, `score` for a thread."""

    def __init__(self, models: Models, capacity: int) -> None:
        self._windows = {(m.name, m.version): _Window(m, capacity) for m in models}
        self._lock = threading.Lock()
        self.scores: dict[str, dict[str, Any]] = {}

    def inferred(self, model: ServedModel, rows: Rows, answers: Answers, seconds: float) -> None:
        """Remember rows and the labels that they got."""
        with self._lock:
            self._windows[model.name, model.version].add(rows, answers.labels)

    def score(self) -> dict[str, dict[str, Any]]:
        """Score every window against its model's reference; kept in `scores`."""
        with self._lock:
            windows = [(window, list(window.batches)) for window in self._windows.values()]
        self.scores = {w.model.name: _score(w.model, batches, w.capacity) for w, batches in windows}
        return self.scores


def _score(model: ServedModel, batches: list[tuple[Rows, list[str]]], capacity: int) -> dict[str, Any]:
    labels = [label for _, batch in batches for label in batch][-capacity:]
    document: dict[str, Any] = {"version": model.version, "rows": len(labels), "least_rows": LEAST_ROWS}
    if len(labels) < LEAST_ROWS:
        return document
    rows = np.concatenate([batch for batch, _ in batches])[-capacity:]
    document["features"] = {
        name: _score_feature(model.manifest.reference[name], rows[:, column])
        for column, name in enumerate(model.manifest.input.features)
        if name in model.manifest.reference
    }
    counts = Counter(labels)
    document["labels"] = {name: counts[name] / len(labels) for name in model.classes}
    if PREDICTIONS in model.manifest.reference:
        document["prediction"] = _score_feature(model.manifest.reference[PREDICTIONS], np.array(labels, dtype=object))
    return document


def _score_feature(reference: dict[str, Any], values: Any) -> dict[str, float]:
    expected, live = count_like(reference, list(values) if values.dtype == np.object_ else values)
    scores = {"psi": population_stability(expected, live)}
    if reference["kind"] == "numeric":
        scores["ks"] = kolmogorov_smirnov(expected, live)
        scores["ks_critical"] = smirnov_critical(int(expected.sum()), int(live.sum()))
    return {name: round(score, 6) for name, score in scores.items()}
