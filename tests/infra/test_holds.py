"""What holds data or a name: types that our programs know, each with what would be lost."""

from __future__ import annotations

import re

import pytest

from infra.holds import HOLDS
from infra.permissions.in_use import BY_CHOICE, IN_USE
from tests.infra.harness import ROOT

KNOWN = {type_ for types in (*IN_USE.values(), *BY_CHOICE.values()) for type_ in types}


def test_each_is_a_type_that_some_stack_registers() -> None:
    assert HOLDS.keys() - KNOWN == set()


@pytest.mark.parametrize("kind", ["zone", "aws", "azure", "gcp", "base-aws", "base-azure", "base-gcp"])
def test_every_stack_but_traffic_has_something_to_lose(kind: str) -> None:
    assert HOLDS.keys() & set(IN_USE[kind])
    assert not HOLDS.keys() & set(IN_USE["traffic"])


def test_each_is_in_the_docs_with_what_would_be_lost() -> None:
    page = (ROOT / "docs" / "concepts" / "sites.md").read_text()
    section = page.split("## What is not deleted by accident")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+?) \| .+ \|$", section, re.MULTILINE))
    assert rows == HOLDS
