"""What differs between a resource as it is and as it is wanted, down to the nested property. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.engine.wire import UNKNOWN, Secret, Value, plain

_INDEX = re.compile(r"\[(\d+|\"(?:[^\"\\]|\\.)*\")\]")


@dataclass(frozen=True)
class Change:
    """One property that differs. `path` as Pulumi writes it: `template.containers[0].image`, `tags["a.b"]`."""

    path: str
    kind: Literal["ADD", "DELETE", "UPDATE"]
    replaces: bool = False
    of_input: bool = True

    @property
    def top(self) -> str:
        """The property of the resource that the change is in."""
        return self.path.partition(".")[0].partition("[")[0]


def join_path(path: str, name: str) -> str:
    """`name` below `path`; quoted where it holds what a path is made of."""
    if not re.fullmatch(r"[^.\[\]\"]+", name):
        return f"{path}[{json.dumps(name)}]"
    return f"{path}.{name}" if path else name


def input_changes(
    old: Mapping[str, Value],
    new: Mapping[str, Value],
    replaces: frozenset[str] = frozenset(),
    overlooked: frozenset[str] = frozenset(),
) -> list[Change]:
    """Every changed property, at its own depth. What becomes secret, or is no longer, has changed too."""
    seen = ((path, kind, _stems(path)) for path, kind in _map_changes("", old, new))
    return [Change(path, kind, stems & replaces != set()) for path, kind, stems in seen if not stems & overlooked]


def output_changes(outputs: Mapping[str, Value], computed: Mapping[str, Value]) -> list[Change]:
    """Outputs that the cloud computes differently than before; what it does not know yet is no change."""
    return [
        Change(name, "UPDATE" if name in outputs else "ADD", of_input=False)
        for name, value in sorted(computed.items())
        if _contradicts(plain(outputs.get(name)), plain(value))
    ]


def deletes_first(package: str, replaced: bool, name_given: bool) -> bool:
    """Whether the old resource goes before the new one comes, as the real provider has it.

    azure-native always (its ids are made of names). Providers bridged from Terraform when the program gave a name
    that it need not have given: the provider would have made up a new one, and two cannot have the same. (azure-native:
    provider/pkg/provider/provider.go Diff; bridge: pkg/tfbridge/schema.go nameRequiresDeleteBeforeReplace.)
    """
    return replaced and (package == "azure-native" or (package in ("aws", "gcp") and name_given))


def _stems(path: str) -> set[str]:
    """`a.b[0].c` -> {a, a.b, a.b.c}: what may be named as replacing."""
    parts = _INDEX.sub("", path).split(".")
    return {".".join(parts[: length + 1]) for length in range(len(parts))}


_Kind = Literal["ADD", "DELETE", "UPDATE"]


def _map_changes(path: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> Iterator[tuple[str, _Kind]]:
    for name in sorted(old.keys() | new.keys()):
        yield from _changes(join_path(path, name), old.get(name), new.get(name))


def _changes(path: str, old: Value, new: Value) -> Iterator[tuple[str, _Kind]]:
    match old, new:
        case Secret(), Secret():
            yield from _changes(path, old.value, new.value)
        case dict(), dict():
            yield from _map_changes(path, old, new)
        case list(), list():
            for index in range(max(len(old), len(new))):
                yield from _changes(f"{path}[{index}]", _at(old, index), _at(new, index))
        case _ if old is None and new is not None:
            yield path, "ADD"
        case _ if new is None and old is not None:
            yield path, "DELETE"
        case _ if old != new or isinstance(old, bool) != isinstance(new, bool):
            yield path, "UPDATE"


def _at(items: list[Value], index: int) -> Value:
    return items[index] if index < len(items) else None


def _contradicts(known: Value, computed: Value) -> bool:
    match known, computed:
        case _, _ if computed is UNKNOWN:
            return False
        case dict(), dict():
            return any(_contradicts(known.get(name), value) for name, value in computed.items())
        case list(), list() if len(known) == len(computed):
            return any(_contradicts(one, other) for one, other in zip(known, computed, strict=True))
        case _:
            return bool(known != computed)
