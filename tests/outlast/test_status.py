"""`outlast status`: the sandbox's own, or with `--host` any host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from failover.oncall import commands
from outlast.status import status
from outlast.sync.run import prepare
from sandbox.command import control
from sandbox.command import status as shown
from service.errors import Deviated, InvalidInput


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


def test_copies_are_told_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "outlast sync --from" in CliRunner().invoke(status, ["--copies"]).stderr
    assert "--copies: is of the stores alone" in CliRunner().invoke(status, ["--copies", "--resources"]).stderr
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_text("1")
    prepare(tmp_path, "data", str(tmp_path / "source"), (str(tmp_path / "x"),)).execute(lambda size: None)
    assert CliRunner().invoke(status, ["--copies"]).stdout.endswith("in step\n")
    (told,) = json.loads(CliRunner().invoke(status, ["--copies", "--json"]).stdout)
    assert [copy["in_step"] for copy in told["copies"]] == [True]
    manifest = next((tmp_path / "x" / "manifests" / "data").iterdir())
    manifest.write_text("{}")
    done = CliRunner().invoke(status, ["--copies"])
    assert done.exit_code == Deviated.exit_code and done.stderr.splitlines()[-1].startswith("hint: ")
