"""Rows as arrays: the quick way reads what the rule says, and each tensor of a graph gets its columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.bundle.columns import CATEGORY, FLOAT32_MAX, NUMBER, TEXT, WHOLE, Column, InputSpec, Tensor
from service.bundle.rows import find_wrong, prepare_rows, read_column, read_rows, render_rows, split_rows
from service.bundle.text import normalise
from service.bundle.values import ABSENT, read_value

AGE, VISITS = Column("age", missing=True), Column("visits", WHOLE)
PLAN = Column("plan", CATEGORY, missing=True, categories=("basic", "NA"))
NOTE = Column("note", TEXT, missing=True)
MIXED = InputSpec.of_columns([PLAN, AGE, NOTE, VISITS])
READ = [["basic", 41.5, "hello", 3.0], ["", float("nan"), "", 0.0]]

_values = st.one_of(
    st.none(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.booleans(),
    st.text(max_size=5),
    st.text("0123456789+-.eE_ nNaA", max_size=6),
    st.sampled_from(["", " ", "NA", "basic", "12", "1e999"]),
)
_columns = st.builds(Column, st.just("c"), st.sampled_from([NUMBER, WHOLE, CATEGORY, TEXT]), st.booleans())


@given(
    _columns, st.one_of(st.lists(_values, max_size=6), st.lists(st.integers()), st.lists(st.text("12.e ", max_size=4)))
)
def test_a_column_is_read_as_each_of_its_values_is(column: Column, values: list[Any]) -> None:
    read, wrong = read_column(column, values, FLOAT32_MAX, most=len(values))
    one_by_one = [read_value(column, value, FLOAT32_MAX) for value in values]
    assert wrong == [(row, why) for row, (_, why) in enumerate(one_by_one) if why]
    if not wrong:
        kind = float if column.is_numeric else str
        assert repr(list(map(kind, read))) == repr([value for value, _ in one_by_one])


def test_rows_are_read_by_column() -> None:
    rows, wrong = read_rows(MIXED, [["basic", 41.5, " hello", 3], ["None", None, "", "0"]])
    assert wrong == []
    assert repr(rows.tolist()) == repr(READ)
    numbers, _ = read_rows(InputSpec.of_numbers("ab", missing="a"), [[None, 1], [2, 3]])
    np.testing.assert_array_equal(numbers, [[np.nan, 1], [2, 3]])
    assert numbers.dtype == np.float64


def test_what_does_not_fit_is_named_by_row_and_column_up_to_a_limit() -> None:
    bad = [["basic", "abc", "x", 1.5], [7, 1, "x", None]]
    assert read_rows(MIXED, bad)[1] == [
        (0, 1, "is 'abc', not a number"),
        (0, 3, "is 1.5, not a whole number, and training saw no other"),
        (1, 0, "must be a text"),
        (1, 3, ABSENT),
    ]
    assert len(read_rows(MIXED, bad * 50, most=5)[1]) == 5


def test_each_tensor_gets_its_columns() -> None:
    feeds = split_rows(MIXED, np.array(READ, dtype=object))
    np.testing.assert_array_equal(feeds["numbers"], np.array([[41.5, 3], [np.nan, 0]], dtype=np.float32))
    assert feeds["texts"].tolist() == [["basic", "hello"], ["", ""]]
    assert (feeds["numbers"].dtype, feeds["texts"].dtype) == (np.float32, np.object_)


def test_a_graph_may_want_integers_doubles_or_another_order() -> None:
    one_each = InputSpec((VISITS, AGE), (Tensor("a", "FP64", ("age",)), Tensor("v", "INT64", ("visits",))))
    feeds = split_rows(one_each, np.array([[3, 0.1]]))
    assert {name: (part.dtype, part.tolist()) for name, part in feeds.items()} == {
        "a": (np.float64, [[0.1]]),
        "v": (np.int64, [[3]]),
    }
    turned = InputSpec((VISITS, AGE), (Tensor("x", "FP32", ("age", "visits")),))
    assert split_rows(turned, np.array([[3, 0.5]], dtype=np.float32))["x"].tolist() == [[0.5, 3]]


def test_a_graph_that_reads_its_numbers_out_of_texts_gets_them_written() -> None:
    written = InputSpec((AGE, PLAN), (Tensor("features", "BYTES", ("age", "plan")),))
    rows = np.array([[41.5, "basic"], [float("nan"), ""]], dtype=object)
    assert split_rows(written, rows)["features"].tolist() == [["41.5", "basic"], ["nan", ""]]
    assert rows[0, 0] == 41.5, "the caller's rows stay as they are"


def test_free_text_is_prepared_and_nothing_else() -> None:
    rows = np.array([["BASIC", 1.5, "Hello,  World", 3.0]], dtype=object)
    prepared = prepare_rows(MIXED, rows)
    assert prepared.tolist() == [["BASIC", 1.5, normalise("Hello,  World"), 3.0]]
    assert prepared[0, 2] != rows[0, 2] == "Hello,  World", "the caller's rows stay as they are"
    numbers = np.zeros((2, 2))
    assert prepare_rows(InputSpec.of_numbers("ab"), numbers) is numbers


def test_numbers_that_do_not_fit_are_found_in_rows_of_numbers() -> None:
    spec = InputSpec.of_columns([AGE, VISITS])
    rows = np.array([[np.nan, 1], [1e39, 1.5], [np.inf, np.nan], [1, 2]])
    assert find_wrong(spec, rows, 20) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert find_wrong(spec, rows, 1) == [(1, 0)]
    assert find_wrong(spec, rows[3:], 20) == []


def test_rows_are_rendered_for_a_request() -> None:
    assert render_rows(MIXED, np.array(READ, dtype=object)) == [
        {"name": "plan", "shape": [2, 1], "datatype": "BYTES", "data": ["basic", None]},
        {"name": "age", "shape": [2, 1], "datatype": "FP64", "data": [41.5, None]},
        {"name": "note", "shape": [2, 1], "datatype": "BYTES", "data": ["hello", ""]},
        {"name": "visits", "shape": [2, 1], "datatype": "INT64", "data": [3, 0]},
    ]
    numbers = render_rows(InputSpec.of_numbers("ab", missing="a"), np.array([[np.nan, 1.5]]))
    assert numbers == [{"name": "features", "shape": [1, 2], "datatype": "FP32", "data": [None, 1.5]}]
