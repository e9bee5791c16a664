"""Errors on values that are known late, and that nothing works on such values beside `apply`."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pulumi
import pytest

from infra.applied import apply
from service.errors import Refused
from tests.infra.harness import ROOT, _event_loops


def refuse(_: str) -> str:
    raise Refused("the vault is gone", hint="make it again")


def fail(_: str) -> str:
    raise KeyError("a mistake of the program")


def test_an_error_of_ours_is_said_without_a_traceback_and_any_other_keeps_it() -> None:
    with _event_loops():
        loop = asyncio.get_event_loop()

        async def known(output: pulumi.Output[str]) -> str | None:
            return await output.future()

        async def look() -> None:
            assert await known(apply(pulumi.Output.from_input("x"), str.upper)) == "X"
            with pytest.raises(pulumi.RunError, match="the vault is gone\nhint: make it again"):
                await known(apply(pulumi.Output.from_input("x"), refuse))
            with pytest.raises(KeyError):
                await known(apply(pulumi.Output.from_input("x"), fail))

        loop.run_until_complete(look())


def test_nothing_in_infra_works_on_late_values_in_another_way() -> None:
    def calls(path: Path) -> list[str]:
        tree = ast.parse(path.read_text())
        attributes = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        return [path.name for func in attributes if isinstance(func, ast.Attribute) and func.attr == "apply"]

    found = [one for path in sorted((ROOT / "infra").rglob("*.py")) for one in calls(path)]
    assert found == ["applied.py"]
