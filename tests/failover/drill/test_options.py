"""What is typed reaches the command as it is typed, and what cannot be is refused."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from failover.drill.options import Options, lose_options


def read(*typed: str) -> Options:
    """The options of a command that does nothing else."""
    found: list[Options] = []

    @click.command()
    @lose_options
    def command(options: Options) -> None:
        found.append(options)

    result = CliRunner().invoke(command, typed, env={"OUTLAST_DRILL_LOCK": "dynamodb://eu-west-1/drills/lock"})
    if not found:
        raise ValueError(result.output)
    return found[0]


def test_level_1_is_what_nobody_asked_for() -> None:
    options = read("--lose", "aws")
    assert (options.level, options.kind, options.blackout) == (1, "", ())
    assert options.lock == "dynamodb://eu-west-1/drills/lock"


def test_everything_typed_is_there() -> None:
    windows = ("--blackout", "Fri 16:00/Mon 08:00 UTC", "--blackout", "Wed 10:00/Wed 11:00 UTC")
    options = read("--lose", "gcp", "--level", "2", "--kind", "errors:0.5", "--lock", "", *windows)
    assert (options.lose, options.level, options.kind, options.lock) == ("gcp", 2, "errors:0.5", "")
    assert options.blackout == windows[1::2]


@pytest.mark.parametrize("typed", [(), ("--lose", "aws", "--level", "5"), ("--lose", "aws", "--clients", "0")])
def test_what_cannot_be_is_refused(typed: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="Error"):
        read(*typed)
