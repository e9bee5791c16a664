"""Take keys out of a JSON or TOML document and gather every mistake, so that they are reported together."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from service.errors import InvalidInput, Mistake

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Reader:
    """Takes dotted keys out of a document. `place` stands before each key in a mistake: the file, or a part of it."""

    def __init__(self, document: object, place: str = "") -> None:
        self.mistakes: list[Mistake] = []
        self._place = place
        self._document: Mapping[str, Any] = document if isinstance(document, dict) else {}
        self._asked: set[str] = set()
        if not isinstance(document, dict):
            self.mistakes.append(Mistake(place, f"is a JSON {type(document).__name__}, not an object"))

    def add(self, key: str, what: str, hint: str = "") -> None:
        """Note a mistake that only the caller can see."""
        self.mistakes.append(Mistake(self.name(key), what, hint))

    def name(self, key: str) -> str:
        """Where a key stands, as a mistake names it."""
        return f"{self._place} {key}".strip()

    def take(self, key: str, fits: Callable[[Any], bool], rule: str, *default: Any) -> Any:
        """The value of a key. Absent: the default, or a mistake without one. A value that does not fit is a mistake."""
        self._asked.add(key)
        value: Any = self._document
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                if not default:
                    self.add(key, f"is missing; it {rule}")
                return default[0] if default else None
            value = value[part]
        if not fits(value):
            self.add(key, f"is {shorten(value)}; it {rule}")
            return default[0] if default else None
        return value

    def refuse_unknown(self, what: str) -> None:
        """Note every key that was never asked for: a misspelt one would be a setting that silently does nothing."""
        for key, value in self._document.items():
            if key in self._asked:
                continue
            nested = {asked.partition(".")[2] for asked in self._asked if asked.startswith(f"{key}.")}
            if not nested:
                self.add(key, f"is not a key of {what}")
            elif isinstance(value, dict):
                for name in value.keys() - nested:
                    self.add(f"{key}.{name}", f"is not a key of {what}", f"known: {', '.join(sorted(nested))}")


def read_file(path: Path, *, hint: str = "") -> bytes:
    """A file's bytes. Raises InvalidInput where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def parse_json(raw: bytes, place: str, *, hint: str = "") -> object:
    """A JSON document. Raises InvalidInput where it is none."""
    try:
        return json.loads(raw)
    except ValueError as error:
        raise InvalidInput(f"{place} is not JSON: {error}", hint=hint) from error


def shorten(value: object) -> str:
    """A value as a mistake shows it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


# -- what fits ---------------------------------------------------------------------------------------------------------


def is_text(value: Any) -> bool:
    """A text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def is_file_name(value: Any) -> bool:
    """A name without a folder: a document must not be able to point out of its own."""
    return is_text(value) and Path(value).name == value and value not in (".", "..")


def is_sha256(value: Any) -> bool:
    """64 hex digits."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_number(value: Any) -> bool:
    """A finite number; JSON's true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_positive(value: Any) -> bool:
    """A number above 0."""
    return is_number(value) and value > 0


def is_share(value: Any) -> bool:
    """A number between 0 and 1, neither of them."""
    return is_number(value) and 0 < value < 1


def is_whole(value: Any) -> bool:
    """A whole number, 0 or more."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_count(value: Any) -> bool:
    """A whole number above 0."""
    return is_whole(value) and value > 0


def is_table(value: Any) -> bool:
    """An object of JSON, a table of TOML."""
    return isinstance(value, dict)


def is_list(value: Any) -> bool:
    """A list of at least one item."""
    return isinstance(value, list) and bool(value)


def is_texts(value: Any) -> bool:
    """A list of at least one text, none of them blank."""
    return is_list(value) and all(is_text(item) for item in value)


def is_text_map(value: Any) -> bool:
    """An object of texts."""
    return is_table(value) and all(isinstance(item, str) for item in value.values())


def is_probability_map(value: Any) -> bool:
    """An object of probabilities, from 0 to 1."""
    return is_table(value) and all(is_number(item) and 0 <= item <= 1 for item in value.values())
