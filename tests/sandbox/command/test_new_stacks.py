"""Stacks that Pulumi does not know yet are made, each once, and those that it knows are left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.command import new_stacks
from sandbox.engine.cli import Pulumi
from sandbox.layout import Layout, choose_instance
from sandbox.stack_files import COMMITTED

# What the real one leaves, and when it did; it fails while another one makes the backend.
PULUMI = """#!/bin/sh
stacks="$STATE/.pulumi/stacks/outlast"
[ -d "$stacks" ] || [ "$4" = "$FIRST" ] || { echo "no backend yet" >&2; exit 1; }
mkdir -p "$stacks"
echo "$@" >> "$STATE/asked"
echo '{}' > "$stacks/$4.json"
"""


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "pulumi"
    script.write_text(PULUMI)
    script.chmod(0o755)
    return Pulumi(tmp_path / "bin", "3.0.0", "a script", "none")


def make(layout: Layout, pulumi: Pulumi, first: str) -> list[str]:
    """The stacks that the CLI was asked for, in the order in which they were made."""
    layout.pulumi_state.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "STATE": str(layout.pulumi_state), "FIRST": first}
    asked = layout.pulumi_state / "asked"
    asked.unlink(missing_ok=True)
    new_stacks.make(layout, pulumi, environment, COMMITTED, layout.root)
    return [line.split()[3] for line in asked.read_text().splitlines()] if asked.exists() else []


def test_the_first_makes_the_backend_before_the_others_begin(tmp_path: Path, pulumi: Pulumi) -> None:
    layout = Layout(tmp_path, tmp_path / "state")
    made = make(layout, pulumi, COMMITTED.stacks[0])
    assert made[0] == COMMITTED.stacks[0]
    assert sorted(made) == sorted(COMMITTED.stacks)
    assert all(new_stacks.stack_exists(layout, stack) for stack in COMMITTED.stacks)
    assert make(layout, pulumi, "") == []


def test_one_that_is_known_is_not_made_again(tmp_path: Path, pulumi: Pulumi) -> None:
    layout = Layout(tmp_path, tmp_path / "state")
    known = new_stacks.state_file(layout, COMMITTED.stacks[0])
    known.parent.mkdir(parents=True)
    known.write_text("{}")
    assert sorted(make(layout, pulumi, "")) == sorted(COMMITTED.stacks[1:])


def test_without_a_cli_they_are_left_to_the_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_stacks.cli, "find", lambda: None)
    layout = Layout(tmp_path, tmp_path / "state")
    new_stacks.make_early(layout, choose_instance(layout), COMMITTED)
    assert not layout.pulumi_state.exists()
