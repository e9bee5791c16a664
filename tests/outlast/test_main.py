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


def _find(words: tuple[str, ...]) -> click.Command:
    found: click.Command = main
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word) or found
    return found


def _typed_wrong(command: click.Command) -> Iterator[list[str]]:
    """What no command takes: an option that is none, one without its value, a value of no such kind, one word more."""
    if command.context_settings.get("ignore_unknown_options"):
        return  # it is given on to a program as it stands
    yield ["--no-such-option"]
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    if all(argument.nargs != -1 for argument in arguments):
        yield ["x"] * (sum(argument.nargs for argument in arguments) + 1)
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_flag:
            yield [option.opts[0]]
            needs_file = isinstance(option.type, click.Path) and option.type.exists
            if needs_file or isinstance(option.type, (click.Choice, click.types.IntParamType)):
                yield [option.opts[0], "no-such-thing"]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_is_typed_wrong_is_refused_on_one_screen_and_the_last_line_says_what_to_do(words: tuple[str, ...]) -> None:
    for wrong in _typed_wrong(_find(words)):
        done = CliRunner().invoke(main, [*words, *wrong], prog_name="outlast")
        lines = done.stderr.splitlines()
        assert (done.exit_code, done.stdout, isinstance(done.exception, SystemExit)) == (2, "", True), wrong
        assert lines[-1].startswith(f"hint: outlast {' '.join(words)} --help"), (wrong, lines)
        assert len(lines) <= 24, wrong


NEEDS_THE_SANDBOX = (
    *("status", "page", "preview", "shell", "exec ls", "speed 5", "predict", "logs", "watch --plain", "heal"),
    *("destroy aws", "keys rotate"),
)


@pytest.mark.parametrize("typed", NEEDS_THE_SANDBOX)
def test_without_a_sandbox_the_last_line_says_how_to_get_one(
    typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTLAST_STATE", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("OUTLAST_") and name != "OUTLAST_STATE"]:
        monkeypatch.delenv(name)
    done = CliRunner().invoke(main, typed.split(), prog_name="outlast")
    assert done.exit_code == 4, done.output
    assert isinstance(done.exception, SystemExit)
    assert done.stderr.splitlines()[-1].startswith("hint: "), done.stderr
    assert len(done.output.splitlines()) <= 5


@pytest.mark.parametrize("group", sorted({words[:-1] for words in COMMANDS if len(words) > 1}), ids=" ".join)
def test_a_group_without_a_command_lists_them_and_ends_in_a_hint(group: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, group, prog_name="outlast")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == f"hint: type one of these: outlast {' '.join(group)} COMMAND --help"


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
