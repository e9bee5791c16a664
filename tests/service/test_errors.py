"""Every error says what and why, what to do next, and all its mistakes; each kind leaves with a code of its own."""

from __future__ import annotations

import pytest

from service.errors import (
    Deviated,
    InvalidInput,
    Mistake,
    ModelMismatch,
    OutlastError,
    Refused,
    ReleaseRefused,
    Unavailable,
)


def test_a_hint_stands_on_a_line_of_its_own() -> None:
    assert str(Unavailable("it does not answer")) == "it does not answer"
    assert str(Unavailable("it does not answer", hint="make up")) == "it does not answer\nhint: make up"


@pytest.mark.parametrize(
    ("mistake", "line"),
    [
        (Mistake("a.yaml: ttl", "is missing"), "a.yaml: ttl: is missing"),
        (Mistake("", "is missing"), "is missing"),
        (Mistake("ttl", "is 0", "write 60"), "ttl: is 0\n  hint: write 60"),
    ],
)
def test_a_mistake_says_where_and_what_instead(mistake: Mistake, line: str) -> None:
    assert str(mistake) == line


@pytest.mark.parametrize("kind", [InvalidInput, Refused, ReleaseRefused, ModelMismatch])
def test_all_mistakes_are_told_before_the_hint(kind: type[InvalidInput]) -> None:
    error = kind("two things are wrong", [Mistake("a", "is 1"), Mistake("b", "is 2")], hint="see the manual")
    assert str(error) == "two things are wrong\n- a: is 1\n- b: is 2\nhint: see the manual"
    assert str(kind("one thing")) == "one thing"


def test_each_kind_has_an_exit_code_of_its_own() -> None:
    kinds = [OutlastError, InvalidInput, Refused, Unavailable, Deviated, ModelMismatch]
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 4, 5, 6]
    assert ReleaseRefused.exit_code == Refused.exit_code
    assert all(issubclass(kind, OutlastError) for kind in kinds)
