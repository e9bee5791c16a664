"""What every reader of a foreign model shares."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidInput, Unavailable
from service.importing.foreign import as_two_columns, match_names, require, stack_numbers


def test_a_library_that_is_not_there_says_what_to_install() -> None:
    with pytest.raises(Unavailable, match=r"nobodys_boosting is not installed") as caught:
        require("nobodys_boosting", "boosting")
    assert caught.value.hint == "pip install 'outlast[boosting]'"


@pytest.mark.parametrize("names", [["Column_0", "Column_1"], ["f0", "f1"], ["x0", "x1"], ["0", "1"]])
def test_names_that_a_library_made_up_stand_for_the_tables_own(names: list[str]) -> None:
    assert match_names(names, ["b", "a"], "the model") == ("b", "a")
    with pytest.raises(InvalidInput, match="the model takes 2 columns, the table has 3 beside the target"):
        match_names(names, ["a", "b", "c"], "the model")


def test_names_are_looked_up_in_the_table() -> None:
    assert match_names(["b", "a"], ["a", "id", "b"], "the model") == ("b", "a")
    with pytest.raises(InvalidInput, match="column c: is not in the table, and the model takes it"):
        match_names(["a", "c"], ["a", "b"], "the model")


def test_rows_and_probabilities_are_arrays_of_two_dimensions() -> None:
    np.testing.assert_array_equal(stack_numbers({"a": np.array([1.0]), "b": np.array([2.0])}, ["b", "a"]), [[2, 1]])
    np.testing.assert_array_equal(as_two_columns(np.array([0.25])), [[0.75, 0.25]])
    np.testing.assert_array_equal(as_two_columns(np.array([[0.25, 0.75]])), [[0.25, 0.75]])
