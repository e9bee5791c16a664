"""Rows drawn from what training saw of each column: of the model's own kind, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from failover.parity.mistakes import Row
from service.bundle.columns import CATEGORY, TEXT, WHOLE, Column, InputSpec, Value

UNSEEN = "a category that training never saw"
_UNSEEN_SHARE = 0.02
_WORDS = ("the", "of", "free", "call", "meeting", "tomorrow", "prize", "and", "¿qué?", "日本", "1,000")


def draw_rows(spec: InputSpec, reference: Mapping[str, Any], count: int, *, seed: int) -> list[Row]:
    """`count` rows, each value drawn by itself from its column's reference (a manifest's).

    A number is uniform within a decile, a category as frequent as in training (now and then one that training never
    saw), a text as long as training's. Of a column without a reference the values are 0 or empty.
    """
    chance = random.Random(seed)
    columns = [(column, reference.get(column.name) or {}) for column in spec.columns]
    return [tuple(_draw(chance, column, seen) for column, seen in columns) for _ in range(count)]


def _draw(chance: random.Random, column: Column, seen: Mapping[str, Any]) -> Value:
    if column.missing and chance.random() < _missing_share(seen):
        return None
    if column.type == CATEGORY:
        return _draw_category(chance, seen)
    number = _draw_number(chance, seen)
    if column.type == TEXT:
        return _draw_text(chance, int(number))
    return float(round(number)) if column.type == WHOLE else number


def _missing_share(seen: Mapping[str, Any]) -> float:
    missing, counts = seen.get("missing", 0), seen.get("counts") or ()
    present = sum(counts.values() if isinstance(counts, Mapping) else counts)
    return float(missing / (missing + present)) if missing else 0.0


def _draw_category(chance: random.Random, seen: Mapping[str, Any]) -> str:
    counts = seen.get("counts") or {}
    if not counts or chance.random() < _UNSEEN_SHARE:
        return UNSEEN
    return str(chance.choices(list(counts), list(counts.values()))[0])


def _draw_number(chance: random.Random, seen: Mapping[str, Any]) -> float:
    counts: Sequence[int] = seen.get("counts") or ()
    if seen.get("min") is None or not any(counts):
        return 0.0
    limits = [seen["min"], *seen["edges"], seen["max"]]
    chosen = chance.choices(range(len(counts)), counts)[0]
    return chance.uniform(limits[chosen], limits[chosen + 1])


def _draw_text(chance: random.Random, length: int) -> str:
    text = ""
    while len(text) < length:
        text += f"{chance.choice(_WORDS)} "
    return text[:length].strip()
