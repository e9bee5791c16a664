"""Typing errors of every kind lead back to the word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings.spelling import closest

SETTINGS = ("checkIntervalSeconds", "failureThreshold", "host", "kind", "sites", "ttlSeconds", "weights", "zone")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("hots", "host"),  # two letters that changed places
        ("zoen", "zone"),
        ("knid", "kind"),
        ("sits", "sites"),
        ("ttlSecnods", "ttlSeconds"),
        ("failurethreshold", "failureThreshold"),
        ("ttl", "ttlSeconds"),  # a beginning
        ("zzz", None),
        ("", None),
        ("w", None),
    ],
)
def test_the_word_that_was_meant(word: str, meant: str | None) -> None:
    assert closest(word, SETTINGS) == meant


@given(word=st.sampled_from(SETTINGS), place=st.integers(0, 18))
def test_one_swap_of_neighbours_is_always_seen_through(word: str, place: int) -> None:
    place = min(place, len(word) - 2)
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    assert closest(swapped, SETTINGS) == word


@given(word=st.text(min_size=1, max_size=12), known=st.lists(st.text(max_size=12), max_size=5))
def test_a_known_word_is_its_own_nearest_and_nothing_is_made_up(word: str, known: list[str]) -> None:
    assert closest(word, [word]) == word
    assert closest(word, known) in [*known, None]
