"""What a stack file may excuse, and when it no longer may."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from infra.settings.exceptions import read_exceptions
from infra.settings.reader import Reader
from infra.stack_file import parse
from service.errors import InvalidInput, Mistake
from tests.infra.harness import configuration

TODAY = datetime.date(2026, 11, 29)
RIGHT = {"rule": "one-site", "reason": "the second one comes in March", "until": "2027-03-31"}


def read(*entries: Any, today: datetime.date = TODAY) -> tuple[dict[str, Any], list[Mistake]]:
    reader = Reader("traffic", {"outlast:exceptions": json.dumps(entries)})
    return dict(read_exceptions(reader, ("one-site", "same-target"), today)), reader.mistakes


def test_a_rule_is_excused_until_the_end_of_its_last_day() -> None:
    found, mistakes = read(RIGHT, today=datetime.date(2027, 3, 31))
    assert mistakes == []
    assert str(found["one-site"]) == "excused until 2027-03-31: the second one comes in March"


def test_a_date_without_quotes_is_read_as_yaml_hands_it_over() -> None:
    found, mistakes = read(RIGHT | {"until": "2027-03-31T00:00:00Z"})
    assert (found["one-site"].until, mistakes) == (datetime.date(2027, 3, 31), [])


@pytest.mark.parametrize(
    ("entry", "what", "hint"),
    [
        (RIGHT | {"until": "2026-11-28"}, "'one-site' ended on 2026-11-28", "its reason was: the second"),
        (RIGHT | {"rule": "one-siet"}, "'one-siet' is not a rule", "did you mean 'one-site'?"),
        (RIGHT | {"rule": "zzzzzz"}, "'zzzzzz' is not a rule", "those are one-site, same-target"),
        (RIGHT | {"until": "March"}, "until is 'March'", "2027-12-31"),
        (RIGHT | {"reason": " "}, "has reason, rule, until", "each a text"),
        (RIGHT | {"untli": "2027-01-01"}, "has reason, rule, until, untli", "write rule, reason and until"),
        ({"rule": "one-site"}, "has rule", "write rule, reason and until"),
        ({}, "has nothing", "write rule, reason and until"),
    ],
)
def test_what_is_wrong_with_one_is_said_at_its_place(entry: dict[str, str], what: str, hint: str) -> None:
    _, (mistake,) = read(entry)
    assert mistake.place == "stacks/Pulumi.traffic.yaml: outlast:exceptions[1]"
    assert what in mistake.what
    assert hint in mistake.hint


def test_nothing_is_excused_twice() -> None:
    _, (mistake,) = read(RIGHT, RIGHT)
    assert "excused twice" in mistake.what


@pytest.mark.parametrize("stack", ["aws", "azure", "gcp"])
def test_a_file_holds_today_and_is_refused_once_its_exception_has_ended(stack: str) -> None:
    excused = {"rule": "auth-off", "reason": "a test", "until": "2098-12-31"}
    config = configuration(stack, environment={"OUTLAST_AUTH": "off"}, exceptions=[excused])
    parse(stack, config, today=TODAY)
    with pytest.raises(InvalidInput, match="the exception for 'auth-off' ended"):
        parse(stack, config, today=datetime.date(2099, 1, 1))


def test_an_exception_of_another_kind_of_stack_is_no_rule_here() -> None:
    with pytest.raises(InvalidInput, match="'auth-off' is not a rule of this kind of stack"):
        parse("traffic", configuration("traffic", exceptions=[RIGHT | {"rule": "auth-off"}]), today=TODAY)
