"""What the wheel holds: `failover`, and what it needs of `service`, which lies inside as `failover._service`.

A wheel that installed a top-level `service` would collide with every other of that name. Moved are whole modules, and
in all of them only the name of the package changes, where it is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.imports import imports_of, modules

ROOT = Path(__file__).resolve().parents[2]
OWN, OUTER, INNER = "failover", "service", "failover._service"
_IMPORT = re.compile(rf"^(\s*from |\s*import ){OUTER}(?=[.\s])", re.M)


def needed_modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of `failover`, and those of `service` that they import, at any depth: dotted name -> file."""
    known = modules(root, (OWN, OUTER))
    found: dict[str, Path] = {}
    waiting = [name for name in known if name.split(".")[0] == OWN]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = known[name]
        waiting += [
            inner for imported in imports_of(known[name]) for inner in _with_parents(imported) if inner in known
        ]
    return dict(sorted(found.items()))


def rename_imports(source: str) -> str:
    """The source with `service` imported from where the wheel has it."""
    return _IMPORT.sub(rf"\g<1>{INNER}", source)


def wheel_files(root: Path = ROOT) -> Mapping[str, bytes]:
    """Path inside the wheel -> bytes, of the modules and of what lies beside them and is read by them."""
    found = {}
    for path in needed_modules(root).values():
        found[_place(path, root)] = rename_imports(path.read_text()).encode()
        found |= {_place(extra, root): extra.read_bytes() for extra in _read_by(path.parent)}
    return dict(sorted(found.items())) | {f"{OWN}/py.typed": b""}


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[: count + 1]) for count in range(len(parts)))


def _place(path: Path, root: Path) -> str:
    place = path.relative_to(root).as_posix()
    return place if place.startswith(f"{OWN}/") else f"{INNER.replace('.', '/')}/{place.removeprefix(f'{OUTER}/')}"


def _read_by(folder: Path) -> Iterator[Path]:
    """Templates and documents of one package."""
    yield from (path for path in sorted((folder / "templates").glob("*")) if path.is_file())
    yield from sorted(folder.glob("*.json"))
