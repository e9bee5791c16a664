"""The console command: every command is there, in one help, and only what is run is imported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from outlast.__main__ import main
from service.command_line import LazyGroup

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text()


def _all(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command below a group, by the words that are typed for it."""
    if not isinstance(command, click.Group):
        yield words
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None, name
        yield from _all(found, (*words, name))


COMMANDS = list(_all(main))


def test_the_project_names_it_as_its_console_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ((name, value),) = project["project"]["scripts"].items()
    assert EntryPoint(name, value, "console_scripts").load() is main
    (backend,) = project["build-system"]["requires"]
    assert backend in project["dependency-groups"]["dev"], "it is installed without the network, from the lock"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_has_a_help_under_its_own_name(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, [*words, "--help"], prog_name="outlast")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: outlast {' '.join(words)} ")


def test_every_make_verb_and_group_is_a_command() -> None:
    tops = {words[0] for words in COMMANDS}
    assert {"up", "down", "status", "predict", "fault", "heal", "speed", "shell", "clean", "exec"} <= tops
    assert {"drill", "model", "serve", "audit", "keys"} <= tops
    assert {("model", "train"), ("keys", "new"), ("audit", "verify"), ("drill", "now")} <= set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_is_on_the_page(words: tuple[str, ...]) -> None:
    assert re.search(rf"[` ]{words[-1]}[` ]", PAGE)


def test_help_is_grouped_by_task_and_imports_no_command() -> None:
    script = "import sys; from outlast.__main__ import main; main(['--help'], standalone_mode=False); "
    script += "print(*[name for name in sys.modules if name.partition('.')[0] in "
    script += "('sandbox', 'failover', 'infra', 'bench', 'tools')], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert isinstance(main, LazyGroup)
    assert [title for title in main.sections if f"{title}:\n" not in done.stdout] == []
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(("typed", "offered"), [("pre", "predict"), ("model sh", "shift"), ("predict --c", "--csv")])
def test_the_shell_completes_commands_and_options(typed: str, offered: str) -> None:
    *words, last = ["outlast", *typed.split()]
    environ = {**os.environ, "_OUTLAST_COMPLETE": "bash_complete"}
    environ |= {"COMP_WORDS": " ".join([*words, last]), "COMP_CWORD": str(len(words))}
    done = subprocess.run(
        [sys.executable, "-m", "outlast"], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert f"plain,{offered}" in done.stdout.splitlines()
