"""Changes to a document, to be tried one at a time: each is one way in which somebody's file is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]


def without(key: str) -> Change:
    """Leave a key out."""
    return lambda document: document.pop(key)


def with_value(key: str, value: object) -> Change:
    """Put a value at a key, which may lead through several documents: `a.b`."""

    def change(document: dict[str, Any]) -> None:
        *parents, last = key.split(".")
        for parent in parents:
            document = document[parent]
        document[last] = value

    return change
