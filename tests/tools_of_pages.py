"""Holds a command that a page, a workflow or a program prints to what there is: `outlast`, `make` and `pulumi`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from outlast.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
# Of Pulumi's CLI 3.259.0: `pulumi COMMAND --help`.
_PULUMI = {
    "login": {"--local", "--cloud-url"},
    "stack init": {"--secrets-provider", "--stack", "-s"},
    "stack select": {"--create", "-c", "--stack", "-s", "--secrets-provider"},
    "stack export": {"--stack", "-s", "--file", "--show-secrets"},
    "stack import": {"--stack", "-s", "--file", "--force"},
    "stack change-secrets-provider": {"--stack", "-s"},
    "config set": {"--secret", "--stack", "-s"},
    "stack output": {"--stack", "-s", "--json"},
    "preview": {"--stack", "-s", "--policy-pack", "--refresh", "--expect-no-changes", "--diff", "--json", "--color"},
    "up": {"--stack", "-s", "--policy-pack", "--yes", "--refresh", "--color", "--suppress-progress"},
    "destroy": {"--stack", "-s", "--yes"},
    "refresh": {"--stack", "-s", "--yes", "--preview-only"},
    "cancel": {"--stack", "-s", "--yes"},
}
_EVERYWHERE = {"--non-interactive", "--help", "-C", "--cwd"}


def check_command(words: Sequence[str]) -> None:
    """Fails where a program that is ours, `make` or `pulumi` has no such command, or the command no such option."""
    program = Path(words[0]).name
    if program == "outlast":
        _check_outlast(words[1:])
    elif program == "make":
        _check_make(words[1:])
    elif program == "pulumi":
        _check_pulumi(words[1:])


def _check_outlast(words: Sequence[str]) -> None:
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group):
        name = rest.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"outlast has no {name}: {' '.join(words)}"
        command = found
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for flag in _flags(rest):
        assert flag in known | {"--help"}, f"outlast {' '.join(words)}: {command.name} has no {flag}"


def _check_make(words: Sequence[str]) -> None:
    text = (ROOT / "Makefile").read_text()
    targets = [word for word in words if "=" not in word and not word.startswith("-")]
    for target in targets:
        assert re.search(rf"^{re.escape(target)}:", text, re.MULTILINE), f"the Makefile has no {target}"
    taken = {name for target in targets for name in _taken(text, target)}
    for name in (word.partition("=")[0] for word in words if "=" in word):
        assert name in taken, f"make {' '.join(targets)} takes no {name}"


def _taken(text: str, target: str) -> list[str]:
    found = re.search(rf"^TAKES_{re.escape(target)} := (.*)$", text, re.MULTILINE)
    return ["PYTHON", "WORKERS", *(found[1].split() if found else [])]


def _check_pulumi(words: Sequence[str]) -> None:
    name = next((name for name in _PULUMI if list(words[: len(name.split())]) == name.split()), "")
    assert name, f"no such command of Pulumi is known here: pulumi {' '.join(words)}"
    for flag in _flags(words):
        assert flag in _PULUMI[name] | _EVERYWHERE, f"pulumi {name} has no {flag}"


def _flags(words: Sequence[str]) -> list[str]:
    return [word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]
