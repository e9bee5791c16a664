"""Settings are text: what each read takes, what it says to any other value, and that all of it is said at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.settings.reader import Reader, between, like, one_of
from service.errors import InvalidInput


def reader(**config: str) -> Reader:
    return Reader("aws", {f"outlast:{key}": value for key, value in config.items()})


def mistakes(found: Reader) -> list[str]:
    return [f"{m.place.removeprefix('stacks/Pulumi.aws.yaml: outlast:')} {m.what}; {m.hint}" for m in found.mistakes]


READS: dict[str, Callable[[Reader], Any]] = {
    "integer": lambda r: r.integer("key", 1, 10),
    "number": lambda r: r.number("key", 0.5, 10),
    "boolean": lambda r: r.boolean("key"),
    "texts": lambda r: r.texts("key"),
    "mapping": lambda r: r.mapping("key"),
    "choice": lambda r: r.choice("key", ["small", "large"]),
}


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("integer", "1", 1),
        ("integer", "10", 10),
        ("integer", "+7", 7),
        ("number", "0.5", 0.5),
        ("number", "10", 10.0),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("texts", '["a", "b"]', ("a", "b")),
        ("texts", "[]", ()),
        ("mapping", '{"a": 1}', {"a": 1}),
        ("choice", "small", "small"),
    ],
)
def test_a_good_value_is_read_in_its_type(kind: str, raw: str, value: object) -> None:
    found = reader(key=raw)
    assert READS[kind](found) == value
    assert found.mistakes == []


@pytest.mark.parametrize(
    ("kind", "raw", "instead"),
    [
        ("integer", "0", "write a whole number from 1 to 10"),
        ("integer", "11", "write a whole number from 1 to 10"),
        ("integer", "5.0", "write a whole number from 1 to 10"),
        ("integer", "1" * 19, "write a whole number from 1 to 10"),
        ("number", "nan", "write a number from 0.5 to 10"),
        ("number", "1e9", "write a number from 0.5 to 10"),
        ("number", "0.49", "write a number from 0.5 to 10"),
        ("boolean", "yes", "write true or false"),
        ("boolean", "True", "write true or false"),
        ("texts", '"a"', "write a list of texts (numbers in quotes)"),
        ("texts", "[1]", "write a list of texts (numbers in quotes)"),
        ("texts", '["a", "a"]', "write each of them once"),
        ("texts", "[", "write a list of texts (numbers in quotes)"),
        ("mapping", "[]", "write a map, `name: value` on lines of their own"),
        ("choice", "smal", "write 'small'?"),
        ("choice", "SMALL", "write 'small'?"),
        ("choice", "enormous", "write one of large, small"),
    ],
)
def test_what_to_write_instead_is_said_for_every_other(kind: str, raw: str, instead: str) -> None:
    found = reader(key=raw)
    READS[kind](found)
    assert [hint for _, hint in (line.rsplit("; ", 1) for line in mistakes(found))] == [instead]


@pytest.mark.parametrize("kind", READS)
def test_a_missing_value_is_a_mistake_unless_there_is_a_default(kind: str) -> None:
    found = reader()
    READS[kind](found)
    assert [line.split(";")[0] for line in mistakes(found)] == ["key is missing"]
    assert reader().integer("other", 1, 3, default=2) == 2


def test_a_check_of_one_text_names_the_one_that_fails() -> None:
    found = reader(key='["ab", "x"]')
    assert found.texts("key", check=like("..", "two letters")) == ()
    assert mistakes(found) == ["key is '[\"ab\", \"x\"]'; write two letters (not 'x')"]


def test_a_key_that_nobody_asks_for_is_told_with_the_nearest_one() -> None:
    found = reader(ttlSecond="60", colour="red")
    found.integer("ttlSeconds", 1, 100, default=60)
    with pytest.raises(InvalidInput) as caught:
        found.finish()
    assert [(m.place.rsplit(":", 1)[1], m.hint) for m in caught.value.mistakes] == [
        ("colour", "known here: ttlSeconds"),
        ("ttlSecond", "did you mean 'ttlSeconds'?"),
    ]
    assert caught.value.what == "stacks/Pulumi.aws.yaml has 2 mistakes; nothing was changed"


def test_unknown_keys_are_let_be_where_the_kind_of_stack_is_not_known() -> None:
    reader(colour="red").finish(unknown_keys=False)


def test_a_mistake_can_be_asked_for_so_that_what_follows_from_it_is_not_said_as_well() -> None:
    found = reader(zone="?")
    assert found.is_given("zone") and not found.is_given("other")
    assert not found.is_wrong("zone")
    found.wrong("zone", "is not a stack")
    assert found.is_wrong("zone") and not found.is_wrong("zon")
    with pytest.raises(InvalidInput, match="has 1 mistake; nothing"):
        found.finish(unknown_keys=False)


def test_another_namespace_is_read_and_named_and_its_keys_are_nobodys_mistake() -> None:
    found = Reader("aws", {"aws:region": "mars", "aws:profile": "x"})
    assert found.text("region", check=one_of(["eu-west-1"]), namespace="aws") == ""
    with pytest.raises(InvalidInput) as caught:
        found.finish()
    assert [m.place for m in caught.value.mistakes] == ["stacks/Pulumi.aws.yaml: aws:region"]


def test_the_ends_of_a_range_are_in_it() -> None:
    check = between(1, 2.5)
    assert [check(value) for value in (1, 2.5)] == [None, None]
    assert [check(value) for value in (0.99, 2.51)] == ["a number from 1 to 2.5"] * 2
