"""The command says why it cannot build, and leaves with an error for an image that is not as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.errors import OutlastError
from tools.image_proof import __main__ as command
from tools.image_proof.build import Builder
from tools.image_proof.findings import Finding


@pytest.fixture(autouse=True)
def everything_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_missing", lambda user: "")


def test_a_machine_without_a_builder_skips_it_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_missing", lambda user: "crun not installed")
    done = CliRunner().invoke(command.main)
    assert (done.exit_code, done.stderr) == (0, "skipped: crun not installed\n")


def test_a_base_that_cannot_be_made_skips_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(builder: Builder) -> None:
        raise OutlastError("mmdebstrap left with 1: no mirror")

    monkeypatch.setattr(Builder, "make_base", fail)
    monkeypatch.setattr(Builder, "remove", lambda builder: None)
    done = CliRunner().invoke(command.main)
    assert done.exit_code == 0
    assert "skipped: mmdebstrap left with 1: no mirror" in done.stderr


def test_what_is_not_as_it_should_be_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "prove", lambda folder: [Finding("a", "1", True), Finding("b", "2", False)])
    monkeypatch.setattr(command, "PAGE", tmp_path / "image.md")
    done = CliRunner().invoke(command.main, ["--write"])
    assert done.exit_code == 5
    assert done.stdout == "✓ a: 1\n✗ b: 2\n"
    assert "not as it should be: b" in done.stderr
    assert "| b | 2 | **no** |" in (tmp_path / "image.md").read_text()
