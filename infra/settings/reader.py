"""Reads one stack file's `outlast:` settings and gathers every mistake in them, instead of stopping at the first.

Pulumi hands settings over as text: numbers and booleans as YAML wrote them, lists and maps as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from infra.settings.spelling import closest
from service.errors import InvalidInput, Mistake

T = TypeVar("T")
NAMESPACE = "outlast"
_REQUIRED: Any = object()

Check = Callable[[Any], str | None]
"""Given a value of the right type, says what should be written instead; None when the value will do."""


def as_text(value: object) -> str:
    """A setting of a stack's file as Pulumi hands it to the program."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


class Reader:
    """Settings of one stack. Each read notes its mistakes; `finish` raises them all, unknown keys among them.

    A read that failed returns a placeholder of the right type, so that reading goes on; nothing of it is used, because
    `finish` raises.
    """

    def __init__(self, stack: str, config: Mapping[str, str]) -> None:
        self.stack = stack
        self.file = f"stacks/Pulumi.{stack}.yaml"
        self.mistakes: list[Mistake] = []
        self._config = config
        self._asked: set[str] = set()

    # -- one value each -------------------------------------------------------------------------------------------

    def text(
        self, key: str, default: str = _REQUIRED, *, check: Check | None = None, namespace: str = NAMESPACE
    ) -> str:
        """A string."""
        return self._read(key, default, "", lambda raw: raw, check, "a text", namespace)

    def choice(self, key: str, among: Iterable[str], default: str = _REQUIRED) -> str:
        """One of the given words."""
        return self.text(key, default, check=one_of(sorted(among)))

    def integer(self, key: str, low: int, high: int, default: int = _REQUIRED) -> int:
        """A whole number from `low` to `high`."""
        check = between(low, high, "a whole number")
        return self._read(key, default, low, _to_integer, check, f"a whole number from {low} to {high}")

    def number(self, key: str, low: float, high: float, default: float = _REQUIRED) -> float:
        """A number from `low` to `high`."""
        return self._read(key, default, low, _to_number, between(low, high), f"a number from {low:.12g} to {high:.12g}")

    def boolean(self, key: str, default: bool = _REQUIRED) -> bool:
        """`true` or `false`."""
        return self._read(key, default, False, _to_boolean, None, "true or false")

    def texts(
        self, key: str, default: tuple[str, ...] = _REQUIRED, *, check: Check | None = None, namespace: str = NAMESPACE
    ) -> tuple[str, ...]:
        """A list of strings, none of them twice."""

        def check_all(values: tuple[str, ...]) -> str | None:
            if len(set(values)) < len(values):
                return "each of them once"
            return next((f"{why} (not {v!r})" for v in values if check and (why := check(v))), None)

        return self._read(key, default, (), _to_texts, check_all, "a list of texts (numbers in quotes)", namespace)

    def records(self, key: str, default: tuple[Mapping[str, Any], ...] = _REQUIRED) -> tuple[Mapping[str, Any], ...]:
        """A list of maps; what is in them is for the caller to check with `wrong`."""
        return self._read(key, default, (), _to_records, None, "a list, each entry a map")

    def mapping(self, key: str, default: Mapping[str, Any] = _REQUIRED) -> Mapping[str, Any]:
        """A map; its values are for the caller to check with `wrong`."""
        return self._read(key, default, {}, _to_mapping, None, "a map, `name: value` on lines of their own")

    # -- the whole -------------------------------------------------------------------------------------------------

    def wrong(self, key: str, what: str, hint: str = "", *, namespace: str = NAMESPACE) -> None:
        """Note a mistake that only the caller can see, at `namespace:key`."""
        self.mistakes.append(Mistake(f"{self.file}: {namespace}:{key}", what, hint))

    def is_wrong(self, key: str) -> bool:
        """Whether a mistake at `outlast:key` has been noted, so that what follows from it need not be said as well."""
        return any(m.place == f"{self.file}: {NAMESPACE}:{key}" for m in self.mistakes)

    def is_given(self, key: str) -> bool:
        """Whether the file says `outlast:key` at all."""
        return f"{NAMESPACE}:{key}" in self._config

    def finish(self, *, unknown_keys: bool = True) -> None:
        """Raise every mistake of this file, unknown keys among them; return quietly when there is none."""
        if unknown_keys:
            self._note_unknown_keys()
        if self.mistakes:
            many = len(self.mistakes)
            raise InvalidInput(
                f"{self.file} has {many} mistake{'s' if many > 1 else ''}; nothing was changed",
                sorted(self.mistakes, key=lambda m: m.place),
                hint="every setting is described in docs/reference/settings.md",
            )

    def _note_unknown_keys(self) -> None:
        prefix = f"{NAMESPACE}:"
        for key in sorted(k.removeprefix(prefix) for k in self._config if k.startswith(prefix)):
            if key not in self._asked:
                close = closest(key, sorted(self._asked))
                known = f"did you mean '{close}'?" if close else f"known here: {', '.join(sorted(self._asked))}"
                self.wrong(key, "is not a setting of this kind of stack", known)

    def _read(
        self,
        key: str,
        default: T,
        placeholder: T,
        convert: Callable[[str], T],
        check: Check | None,
        expected: str,
        namespace: str = NAMESPACE,
    ) -> T:
        if namespace == NAMESPACE:
            self._asked.add(key)
        raw = self._config.get(f"{namespace}:{key}")
        if raw is None:
            if default is not _REQUIRED:
                return default
            wanted = (check(placeholder) if check else None) or expected
            self.wrong(key, "is missing", f"write {wanted}", namespace=namespace)
            return placeholder
        try:
            value = convert(raw)
        except (ValueError, TypeError):
            self.wrong(key, f"is {raw!r}", f"write {expected}", namespace=namespace)
            return placeholder
        if check and (instead := check(value)):
            self.wrong(key, f"is {raw!r}", f"write {instead}", namespace=namespace)
            return placeholder
        return value


# -- checks ----------------------------------------------------------------------------------------------------------


def between(low: float, high: float, kind: str = "a number") -> Check:
    """A number from `low` to `high`."""
    return lambda value: None if low <= value <= high else f"{kind} from {low:.15g} to {high:.15g}"


def one_of(words: Iterable[str]) -> Check:
    """One of `words`; a near miss is answered with the word that was probably meant."""
    known = list(words)

    def check(value: str) -> str | None:
        if value in known:
            return None
        close = closest(value.replace(" ", ""), known)
        return f"'{close}'?" if close else f"one of {', '.join(known)}"

    return check


def like(pattern: str, instead: str) -> Check:
    """The whole text fits the regular expression."""
    return lambda value: None if re.fullmatch(pattern, value) else instead


# -- from text ---------------------------------------------------------------------------------------------------------


def _to_integer(raw: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,18}", raw):
        raise ValueError(raw)
    return int(raw)


def _to_number(raw: str) -> float:
    if not re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,9})?", raw):  # no nan, no inf, no 1e9
        raise ValueError(raw)
    return float(raw)


def _to_boolean(raw: str) -> bool:
    if raw not in ("true", "false"):
        raise ValueError(raw)
    return raw == "true"


def _to_texts(raw: str) -> tuple[str, ...]:
    values = json.loads(raw)
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise ValueError(raw)
    return tuple(values)


def _to_records(raw: str) -> tuple[Mapping[str, Any], ...]:
    values = json.loads(raw)
    if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
        raise ValueError(raw)
    return tuple(values)


def _to_mapping(raw: str) -> Mapping[str, Any]:
    value = json.loads(raw)
    if not isinstance(value, dict):
        raise ValueError(raw)
    return value
