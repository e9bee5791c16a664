"""Reads from the source what an error says, as a pattern: `<name>` stands for what only the running program knows.

A message is often put together before it is raised, so names are followed to what they were given: in the function
itself, then in the module, then in the module that they are imported from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

_LONGEST_EXPRESSION = 40
_DEEPEST = 4  # names behind names: more is no text, but a value that travels


@dataclass(frozen=True)
class Source:
    """A module's text, and the other modules, for names that it imports from them."""

    name: str
    text: str = field(repr=False)
    others: Mapping[str, Source] = field(default_factory=dict, repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        """The text, parsed once it is needed: most modules raise nothing."""
        return ast.parse(self.text)

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """What the module's own names are given."""
        found: dict[str, ast.expr] = {}
        for statement in self.tree.body:
            found |= dict(_assigned(statement))
        return found

    @cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """Name -> the module that it is from, and its name there."""
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: its module, its function, its line."""

    source: Source
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    line: int

    def render(self, expression: ast.expr, depth: int = 0) -> str:
        """The text of an expression, as far as the source tells it."""
        if isinstance(expression, ast.Constant):
            return str(expression.value)
        if isinstance(expression, ast.JoinedStr):
            return "".join(self.render(part, depth) for part in expression.values)
        if isinstance(expression, ast.FormattedValue):
            return self.render(expression.value, depth)
        if isinstance(expression, ast.BinOp) and _is_text(expression):
            return self.render(expression.left, depth) + self.render(expression.right, depth)
        if isinstance(expression, ast.IfExp):
            texts = self.render(expression.body, depth), self.render(expression.orelse, depth)
            return " / ".join(filter(None, dict.fromkeys(texts)))
        if isinstance(expression, ast.Name) and depth < _DEEPEST and (given := self._follow(expression.id, depth)):
            return given
        return f"<{_shorten(ast.unparse(expression))}>"

    def _follow(self, name: str, depth: int) -> str:
        """What a name was given; "" where that is no text. Each of several ways is told."""
        if self.function is not None:
            given = [value for value in _given(self.function, name) if value.lineno <= self.line]
            if given:
                return _if_text(" / ".join(dict.fromkeys(self.render(value, depth + 1) for value in given)))
            if name in _parameters(self.function):
                return ""
        if name in self.source.constants:
            return _if_text(Scope(self.source, None, 0).render(self.source.constants[name], depth + 1))
        module, original = self.source.imported.get(name, ("", ""))
        other = self.source.others.get(module)
        if other is None or original not in other.constants:
            return ""
        return _if_text(Scope(other, None, 0).render(other.constants[original], depth + 1))


def _is_text(expression: ast.expr) -> bool:
    """Whether it is a text in the source, or texts put together."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        return _is_text(expression.left) or _is_text(expression.right)
    return isinstance(expression, ast.JoinedStr) or isinstance(getattr(expression, "value", None), str)


def _if_text(text: str) -> str:
    """A text that says something of its own; an expression alone is better told by its name."""
    return "" if text.startswith("<") and text.endswith(">") and text.count("<") == 1 else text


def _given(function: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            yield from (value for found, value in _assigned(node) if found == name)


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _taken_apart(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
        yield from _taken_apart(node.target, node.value)


def _taken_apart(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """`a, b = x, y` gives both; of anything else that is taken apart nothing is known."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _taken_apart(one, its)


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = function.args
    return {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_EXPRESSION else f"{line[:_LONGEST_EXPRESSION].rstrip()}…"
