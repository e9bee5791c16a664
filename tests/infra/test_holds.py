"""What holds data or a name: types that our programs know, each with what would be lost."""

from __future__ import annotations

import pytest

from infra.holds import HOLDS
from infra.permissions.in_use import BY_CHOICE, IN_USE

KNOWN = {type_ for types in (*IN_USE.values(), *BY_CHOICE.values()) for type_ in types}


def test_each_is_a_type_that_some_stack_registers() -> None:
    assert HOLDS.keys() - KNOWN == set()


@pytest.mark.parametrize("kind", ["zone", "aws", "azure", "gcp", "base-aws", "base-azure", "base-gcp"])
def test_every_stack_but_traffic_has_something_to_lose(kind: str) -> None:
    assert HOLDS.keys() & set(IN_USE[kind])
    assert not HOLDS.keys() & set(IN_USE["traffic"])
