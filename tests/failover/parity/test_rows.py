"""Drawn rows are rows of the model: each value of its column's type, within what training saw, the same for a seed."""

from __future__ import annotations

import pytest

from failover.parity.rows import UNSEEN, draw_rows
from service.bundle.columns import CATEGORY, NUMBER, TEXT, WHOLE, Column, InputSpec, is_row
from service.bundle.folder import RELEASED, load_release
from service.bundle.reference import describe_categories, describe_numbers, describe_texts

COLUMNS = (
    Column("age", WHOLE, missing=True),
    Column("height", NUMBER),
    Column("plan", CATEGORY, categories=("basic", "plus")),
    Column("note", TEXT),
)
SPEC = InputSpec.of_columns(COLUMNS)
REFERENCE = {
    "age": describe_numbers([20.0, 30.0, 40.0, float("nan")]),
    "height": describe_numbers([1.5, 1.6, 1.7, 1.8]),
    "plan": describe_categories(["basic", "basic", "plus"]),
    "note": describe_texts(["short", "a longer one of them"]),
}


@pytest.mark.parametrize("problem", ["tumour", "digits"])
def test_rows_of_a_released_model_are_taken_by_it(problem: str) -> None:
    manifest = load_release(RELEASED / problem).manifest
    rows = draw_rows(manifest.input, manifest.reference, 200, seed=1)
    assert len(rows) == 200
    assert all(is_row(manifest.input, list(row)) for row in rows)


def test_every_type_of_column_is_drawn_within_what_training_saw() -> None:
    rows = draw_rows(SPEC, REFERENCE, 500, seed=3)
    ages, heights, plans, notes = (list(column) for column in zip(*rows, strict=True))
    assert None in ages
    assert all(age is None or (isinstance(age, float) and 20 <= age <= 40 and age == round(age)) for age in ages)
    assert all(isinstance(height, float) and 1.49 <= height <= 1.81 for height in heights)
    assert set(plans) == {"basic", "plus", UNSEEN}
    assert plans.count("basic") > plans.count("plus") > plans.count(UNSEEN)
    assert all(isinstance(note, str) and len(note) <= 20 for note in notes)


def test_a_column_without_a_reference_is_still_drawn() -> None:
    assert draw_rows(SPEC, {}, 1, seed=0) == [(0.0, 0.0, UNSEEN, "")]


def test_the_seed_decides() -> None:
    assert draw_rows(SPEC, REFERENCE, 50, seed=7) == draw_rows(SPEC, REFERENCE, 50, seed=7)
    assert draw_rows(SPEC, REFERENCE, 50, seed=7) != draw_rows(SPEC, REFERENCE, 50, seed=8)
