"""The page is what the commands say."""

from __future__ import annotations

import re

import click

from outlast.__main__ import main
from outlast.reference import COMMAND, PAGE, render_page


def _all(command: click.Command, name: str = "outlast") -> set[str]:
    if not isinstance(command, click.Group):
        return {name}
    context = click.Context(command)
    found = {word: command.get_command(context, word) for word in command.list_commands(context)}
    return {one for word, below in found.items() if below for one in _all(below, f"{name} {word}")}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render_page(), COMMAND


def test_every_command_is_on_the_page_once() -> None:
    told = re.findall(r"^### (.*)$", render_page(), re.MULTILINE)
    assert sorted(told) == sorted(_all(main) | {"outlast predict --csv FILE"})


def test_nothing_of_the_machine_is_on_the_page() -> None:
    assert str(PAGE.parents[2]) not in PAGE.read_text()
