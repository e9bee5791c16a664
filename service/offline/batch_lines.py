"""The lines that predicting files writes: answers, and rows set apart with their reasons."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.bundle.classifier import Predictions
from service.bundle.manifest import Manifest
from service.offline.batch_files import Tables
from service.offline.batch_rows import Block


class Predictor(Protocol):
    """What answers: the released model here, or an endpoint."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def digest(self) -> str: ...

    def predict(self, rows: NDArray[Any]) -> Predictions: ...


def render_heads(tables: Tables, manifest: Manifest) -> tuple[bytes, bytes]:
    """The headers of the answers, and of the rows set apart."""
    first = tables.tables[0]
    names = ["file"] if tables.names else []
    answers = [*names, "row", *first.carried_names, "label", *(f"probability_{c}" for c in manifest.classes), "note"]
    return _render([answers]), _render([[*names, "row", "reason", *first.columns]])


def render_block(block: Block, file: int, tables: Tables, predictor: Predictor) -> tuple[bytes, bytes]:
    """A block's answers, and its rows set apart."""
    return _render_answers(block, file, tables, predictor), _render_bad(block, file, tables)


def _render_answers(block: Block, file: int, tables: Tables, predictor: Predictor) -> bytes:
    if not block.numbers:
        return b""
    labels, probabilities = predictor.predict(block.rows)
    # Seven digits are what a float32 holds.
    shares = np.char.mod("%.7g", probabilities.astype(np.float64)).tolist()
    together = zip(block.numbers, block.kept, labels.tolist(), shares, block.notes, strict=True)
    lines = ([number, *kept, label, *share, note] for number, kept, label, share, note in together)
    return _render(tables.say(file, line) for line in lines) if tables.names else _render(lines)


def _render_bad(block: Block, file: int, tables: Tables) -> bytes:
    return _render(tables.say(file, [bad.row, bad.reason, *bad.fields]) for bad in block.bad) if block.bad else b""


def _render(lines: Iterable[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()
