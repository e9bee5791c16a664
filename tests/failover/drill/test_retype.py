"""What a plan says to type is what was typed, and is read back as the same options."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from failover.drill.retype import retype


@click.command()
@click.option("--lose", required=True)
@click.option("--host", envvar="OUTLAST_HOST", default="")
@click.option("--golden", type=click.Path(path_type=Path))
@click.option("--override", multiple=True)
@click.option("--peak-rps", type=float)
@click.option("--clients", type=int, default=4)
@click.option("--json", "as_json", is_flag=True)
@click.option("--quick", is_flag=True)
@click.pass_context
def plan(context: click.Context, **_: object) -> None:
    click.echo(retype(context, "run", "--plan", "abc"))


def retyped(*arguments: str, **environment: str) -> list[str]:
    result = CliRunner().invoke(plan, arguments, env={"OUTLAST_HOST": None, **environment})
    assert result.exit_code == 0, result.output
    return shlex.split(result.output)


def test_only_what_was_given_is_repeated() -> None:
    assert retyped("--lose", "aws") == ["outlast", "drill", "run", "--lose", "aws", "--plan", "abc"]


def test_every_option_comes_back_as_it_was_typed() -> None:
    typed = ["--lose", "aws", "--golden", "my rows/golden.json", "--override", "capacity", "--override", "certificate"]
    typed += ["--peak-rps", "0.5", "--clients", "2", "--quick"]
    assert retyped(*typed, "--json") == ["outlast", "drill", "run", *typed, "--plan", "abc"]


@pytest.mark.parametrize("rps", ["12345.67", "1234567", "0.1"])
def test_a_number_comes_back_to_its_last_digit(rps: str) -> None:
    assert retyped("--lose", "aws", "--peak-rps", rps)[5:7] == ["--peak-rps", rps]


def test_what_came_from_the_environment_is_written_out() -> None:
    assert retyped("--lose", "aws", OUTLAST_HOST="api.example.com")[3:7] == [
        "--lose",
        "aws",
        "--host",
        "api.example.com",
    ]
