"""Columns that tell rows apart are told from columns that tell something of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from service.training.identifiers import are_long, is_free_text, name_long_numbers, name_numbers, name_texts

RNG = np.random.default_rng(7)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("Unnamed: 0", np.arange(20), "counts the rows (0, 1, 2 …)"),
        ("x", np.arange(1, 21), "counts the rows (1, 2, 3 …)"),
        ("x", np.arange(20)[::-1], "counts the rows (19, 18, 17 …)"),
        ("x", np.arange(20) * 3 + 100, "rises with the rows (100, 103, 106 …)"),
        ("x", np.cumsum(RNG.integers(1, 9, 50)), "rises with the rows"),
        ("x", -np.cumsum(RNG.integers(1, 9, 50)), "falls with the rows"),
        ("x", [*range(30), np.nan], "counts the rows (0, 1, 2 …)"),
        ("x", RNG.permutation(100), "another whole number in each row"),
        ("customer_id", RNG.choice(10**6, 30, replace=False), "another whole number in each row"),
        ("PassengerId", RNG.choice(10**6, 30, replace=False), "another whole number in each row"),
        ("x", RNG.choice(9 * 10**9, 30, replace=False) + 10**9, "another number of 10 digits"),
        ("user_id", [*RNG.choice(10**6, 50, replace=False), 1, 1, 2, 2], "is named like an identifier"),
    ],
)
def test_identifiers(name: str, values: ArrayLike, why: str) -> None:
    assert why in name_numbers(name, np.asarray(values, dtype=np.float64))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("age", RNG.integers(0, 90, 500)),
        ("price", RNG.choice(10**6, 100, replace=False)),  # all different by chance
        ("x", np.sort(RNG.normal(size=100))),  # a measurement, though sorted
        ("x", [1, 2, 3, 4]),  # too few to tell
        ("x", [*range(30), 7]),
        ("x", np.full(20, np.nan)),
        ("x", [*range(10), *[np.nan] * 10]),
        ("paid", RNG.choice(10**6, 100, replace=False)),
        ("revenue", np.floor(10 ** RNG.uniform(3, 11, 60))),
    ],
)
def test_columns_to_learn_from(name: str, values: ArrayLike) -> None:
    assert name_numbers(name, np.asarray(values, dtype=np.float64)) == ""


def test_numbers_that_a_float_cannot_tell_apart_are_counted_as_they_stand() -> None:
    cards = [str(4000000000000000000 + i) for i in range(20)]
    assert len({float(card) for card in cards}) == 1
    assert are_long(np.array(list(map(float, cards))))
    assert not are_long(np.array([1e15, np.nan]))
    assert "20 different numbers" in name_long_numbers(cards)
    assert name_long_numbers(["1"] * 19 + cards[:1]) == ""


def test_texts() -> None:
    assert "30 different texts in 30 rows" in name_texts([f"p{i}" for i in range(30)])
    assert name_texts(["red", "blue"] * 30) == ""


def test_sentences_are_free_text_and_names_codes_and_categories_are_not() -> None:
    sentences = [f"this is the sentence with the number {i}" for i in range(30)]
    assert is_free_text(sentences)
    assert is_free_text([f"我们在这里说的是第{i}句话" for i in range(30)]), "written without blanks"
    assert not is_free_text(["Braund, Mr. Owen Harris", "Allen, Mr. William Henry"] * 20)
    assert not is_free_text([f"Allen, Miss Elisabeth {i}" for i in range(30)])
    assert not is_free_text(sentences * 10), "each is there ten times: categories, however long"
    assert not is_free_text(sentences[:20])
    assert not is_free_text([f"p{i}" for i in range(30)], sure=True)
    assert is_free_text([f"blue shirt {i}" for i in range(30)], sure=True)
