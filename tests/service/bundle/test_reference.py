"""Live rows are counted over the bins of training, what is missing apart."""

from __future__ import annotations

import numpy as np

from service.bundle.reference import count_like, describe_categories, describe_numbers


def test_numbers_that_came_as_texts_are_counted_as_numbers() -> None:
    reference = describe_numbers(np.arange(100.0))
    _, as_numbers = count_like(reference, np.array([3.0, np.nan, 95.0], dtype=np.float32))
    _, as_texts = count_like(reference, ["3.0", "NA", "95.0", ""])
    assert as_texts.tolist() == as_numbers.tolist()
    assert as_texts.sum() == 2


def test_a_missing_category_is_none_that_training_never_saw() -> None:
    reference = describe_categories(["none", "basic", "basic", ""])
    expected, live = count_like(reference, ["none", "NA", "", "plus", "basic"])
    assert expected.tolist() == [2, 1, 0]
    assert live.tolist() == [1, 1, 1]


def test_a_category_is_counted_however_it_is_spelt() -> None:
    reference = describe_categories(["NA", "FR"])
    _, live = count_like(reference, ["NA", "NA", "FR", "null"])
    assert live.tolist() == [1, 2, 0]
