"""Options that the offline commands share."""

from __future__ import annotations

import click
from click.testing import CliRunner

from service.offline.options import problem_option


@click.command()
@problem_option
def command(problem: str | None) -> None:
    click.echo(problem)


def test_the_older_name_of_model_is_read_and_the_newer_is_named() -> None:
    done = CliRunner().invoke(command, ["--problem", "tumour"])
    assert done.stdout == "tumour\n"
    assert "--model tumour" in done.stderr


def test_it_is_neither_shown_nor_warned_of_where_it_is_not_used() -> None:
    assert "--problem" not in CliRunner().invoke(command, ["--help"]).output
    assert CliRunner().invoke(command, []).stderr == ""
