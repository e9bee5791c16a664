"""Read which of our modules imports which, from the source, so that it costs no import.

What only the type checker sees (`if TYPE_CHECKING:`) does not count. An import inside a function does: it is taken when
that function runs, and the module cannot do its work without it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

Graph = Mapping[str, Collection[str]]
# Where the statements of a statement stand.
_BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")


def modules(root: Path, packages: Iterable[str]) -> dict[str, Path]:
    """Every module of the packages by its dotted name; a package's own file goes by the package's name."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """The modules that a file imports when it runs, `from a import b` as both `a` and `a.b`. A file is read once."""
    return tuple(_read_imports(path))


def _read_imports(path: Path) -> Iterator[str]:
    for node in _run_time_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements below a node. An expression holds none, so that most of a file is never looked at."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        blocks = [tree.orelse]
    else:
        blocks = [getattr(tree, name, []) for name in _BLOCKS]
    for statement in (statement for block in blocks for statement in block):
        yield statement
        yield from _run_time_nodes(statement)


def import_graph(found: Mapping[str, Path]) -> dict[str, set[str]]:
    """Each module with those of the others that it imports. A package counts when a name is taken from its own file."""
    return {name: set(_of_ours(path, found)) - {name} for name, path in found.items()}


def _of_ours(path: Path, found: Mapping[str, Path]) -> Iterator[str]:
    named = set(imports_of(path))
    for name in named & found.keys():
        is_package = found[name].name == "__init__.py"
        if not is_package or any(_is_attribute(other, name, found) for other in named):
            yield name


def _is_attribute(name: str, package: str, found: Mapping[str, Path]) -> bool:
    return name.rpartition(".")[0] == package and name not in found


def merged(graph: Graph, groups: Mapping[str, str]) -> dict[str, set[str]]:
    """The graph of the groups that modules belong to: an arrow where any module of one imports any of the other."""
    result: dict[str, set[str]] = {group: set() for group in groups.values()}
    for name, targets in graph.items():
        result[groups[name]] |= {groups[target] for target in targets} - {groups[name]}
    return result


def circles(graph: Graph) -> list[list[str]]:
    """The sets of nodes that lead to each other (strongly connected, more than one), each sorted."""
    reach = {node: _reachable(graph, node) for node in graph}
    together = {frozenset({node, *(other for other in reach[node] if node in reach[other])}) for node in graph}
    return sorted(sorted(group) for group in together if len(group) > 1)


def _reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += graph[node]
    return seen
