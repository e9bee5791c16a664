"""Which texts mean that a value is missing."""

from __future__ import annotations

import pytest

from service.bundle.missing import SPELLINGS, is_missing


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_spelling_is_missing_unless_training_saw_it_as_a_category(text: str) -> None:
    assert is_missing(text)
    assert not is_missing(text, {text: 12})


@pytest.mark.parametrize("text", ["none", "NONE", "na", "Null", "0", "-", " "])
def test_ordinary_values_are_not_missing(text: str) -> None:
    assert not is_missing(text)
