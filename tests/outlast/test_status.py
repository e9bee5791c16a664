"""`outlast status`: the sandbox's own, or with `--host` any host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from failover.oncall import commands
from outlast.status import status
from sandbox.command import control
from sandbox.command import status as shown
from service.errors import InvalidInput


def test_with_a_host_it_is_for_somebody_on_call(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(commands, "show_status", lambda host, **more: asked.append((host, more)))
    assert CliRunner().invoke(status, ["--host", "api.example.com", "--json"]).exit_code == 0
    assert asked == [("api.example.com", {"drills": Path("drills"), "as_json": True})]


def test_without_one_it_is_the_sandboxs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "collect", lambda layout: {"speed": 1})
    monkeypatch.setattr(shown, "render", lambda document: f"at speed {document['speed']}")
    assert CliRunner().invoke(status, [], env={"OUTLAST_HOST": "api.example.com"}).output == "at speed 1\n"
    monkeypatch.setattr(control, "connect", lambda layout: Resources())
    assert "aws:lb" in CliRunner().invoke(status, ["--resources", "--json"]).output


class Resources:
    """A sandbox's answer."""

    def call(self, method: str, path: str) -> dict[str, str]:
        return {"asked": f"{method} {path}", "kind": "aws:lb"}


def test_both_are_refused() -> None:
    found = CliRunner().invoke(status, ["--host", "api.example.com", "--resources"])
    assert found.exit_code == InvalidInput.exit_code
    assert "--resources: is of the sandbox" in found.stderr
