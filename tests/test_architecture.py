"""The tree is the map's: dependencies point one way, and what decides touches no effect."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("infra", "service", "failover", "sandbox", "outlast")
# What each package may import of the others: everything of it ("failover"), or modules of it.
ALLOWED = {
    "service": set[str](),
    "failover": {"service.errors", "service.bundle", "service.command_line", "service.pages"},
    "infra": {
        *("failover.answers", "failover.predict", "failover.lint"),
        *("service.errors", "service.bundle", "service.command_line", "service.server.settings"),
    },
    "sandbox": {"infra", "service", "failover"},
    "outlast": {"infra", "service", "failover", "sandbox"},
}
# Modules that decide: no cloud SDK, no network, no clock.
PURE = (
    "infra/plan.py",
    "infra/settings.py",
    "infra/contract.py",
    "failover/answers.py",
    "failover/predict.py",
    "failover/lint.py",
    "failover/drill/plan.py",
    "failover/drill/guards.py",
)
EFFECTS = {"boto3", "botocore", "socket", "time", "subprocess", "httpx", "requests", "asyncio", "threading"}


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file imports, `from a import b` as both `a` and `a.b`; not those for type checking alone."""
    for node in _run_time_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            continue
        yield node
        yield from _run_time_nodes(node)


@pytest.mark.parametrize("package", PACKAGES)
def test_dependencies_point_one_way(package: str) -> None:
    wrong = []
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in imports_of(path):
            top = name.partition(".")[0]
            if top not in PACKAGES or top == package:
                continue
            allowed = ALLOWED[package]
            if not any(name == a or name.startswith(f"{a}.") or a.startswith(f"{name}.") for a in allowed):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("name", PURE)
def test_what_decides_touches_no_effect(name: str) -> None:
    found = {module.partition(".")[0] for module in imports_of(ROOT / name)}
    assert found & EFFECTS == set()


def test_no_machine_or_secret_is_written_down() -> None:
    """Nothing of the machine that a file was written on: its folders, its registries, its keys."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    traces = (f"{ROOT}/", f"{Path.home()}/", "BEGIN PRIVATE KEY", "BEGIN EC PRIVATE KEY", "--index-url", "--find-links")
    wrong = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path == Path(__file__).resolve() or not path.is_file():
            continue
        text = path.read_text(errors="ignore")
        wrong += [f"{name}: {trace}" for trace in traces if trace in text]
    assert wrong == []
