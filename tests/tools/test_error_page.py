"""docs/reference/errors.md is what the code says, and an error tells its reader what to do next."""

from __future__ import annotations

import pytest

from service.errors import InvalidInput
from tools.error_page import COMMAND, MISTAKE, PAGE, Row, exit_codes, read_module, read_rows, render_page
from tools.error_texts import Source

# Modules whose errors reach nobody as they stand, and where they go.
INSIDE = {
    "failover.drill.aborts": "the reason why a drill ends; its report tells what is next",
    "failover.drill.clients": "one request of a drill, counted as failed",
    "failover.drill.run": "the reason why a drill ends; its report tells what is next",
    "failover.metrics.command": "the coverage of a site, told beside the others'",
    "failover.parity.asking": "a row of the table of differences",
    "sandbox.command.control": "what the daemon answered, hint included",
    "sandbox.engine.commands": "several errors as one, each with its hint",
    "sandbox.engine.official": "why the CLI is built from its sources instead",
    "service.bundle.golden": "why a golden row counts as wrong",
    "service.command_line": "what click says of what was typed",
}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Every place, read once."""
    return read_rows()


@pytest.mark.slow
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render_page(), COMMAND


@pytest.mark.slow
def test_every_error_that_a_person_meets_says_what_to_do_next(rows: list[Row]) -> None:
    without = {row.module for row in rows if not (row.hint or row.has_mistakes or row.kind == MISTAKE)}
    assert without - INSIDE.keys() == set(), "give it a hint, or say in INSIDE where it goes"
    assert INSIDE.keys() - without == set(), "a row of INSIDE is left over"


@pytest.mark.slow
def test_known_errors_are_there_with_their_exit_codes(rows: list[Row]) -> None:
    row = next(row for row in rows if row.what == "say whose feedback")
    assert (row.module, row.function, row.exit_code) == ("outlast.audit.command", "feedback_sites", "2")
    assert row.hint == "outlast audit feedback FILE…, or outlast audit feedback --all-sites"
    assert exit_codes()["ReleaseRefused"] == exit_codes()["Refused"] == 3
    assert len(rows) > 500
    assert not any(row.module.startswith("sandbox.clouds") for row in rows)


def test_errors_and_mistakes_are_told_apart() -> None:
    text = """
def check(path):
    mistakes = [Mistake(path, "is empty", "write something")]
    def inner():
        raise errors.InvalidInput(f"{path} is wrong", mistakes)
"""
    mistake, error = read_module(Source("here", text))
    assert (mistake.kind, mistake.what, mistake.hint, mistake.exit_code) == (
        MISTAKE,
        "<path>: is empty",
        "write something",
        "",
    )
    expected = Row("here", 5, "check", InvalidInput.__name__, "<path> is wrong", "", True)
    assert error == expected
    assert error.exit_code == str(InvalidInput.exit_code)
