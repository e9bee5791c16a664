"""Labels and probabilities are found by what outputs hold, and each probability gets the class that it is of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput
from service.importing.graph import open_graph
from service.importing.outputs import (
    Outputs,
    find_outputs,
    learn_classes,
    list_declared,
    name_classes,
    refuse_other_classes,
    refuse_scores,
    unzip_outputs,
)
from tests.service.importing.graphs import NAMES, draw_rows, linear, softmax

SHARES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], dtype=np.float32)
LABELS = np.array(["a", "b"], dtype=object)


def test_a_zipmap_is_taken_apart() -> None:
    model, classes = unzip_outputs(linear(zipped=True, labels=True))
    assert classes == {"shares": NAMES}
    rows = draw_rows()
    labels, shares = open_graph(model, "m").run(["label", "shares"], {"x": rows.astype(np.float32)})
    np.testing.assert_allclose(shares, softmax(rows), atol=1e-6)
    assert set(labels) <= set(NAMES)


def test_outputs_are_told_apart_by_what_they_hold() -> None:
    answers = {"x": LABELS, "margins": SHARES * 9, "y": SHARES, "ids": np.zeros((2, 3), dtype=np.int64)}
    assert find_outputs(answers, 2) == Outputs("y", "x")
    assert find_outputs(answers, 2, "margins") == Outputs("margins", "x")


@pytest.mark.parametrize(
    ("answers", "asked", "words"),
    [
        ({"label": LABELS}, "", "no output of the model can be the probabilities"),
        ({"a": SHARES, "b": SHARES}, "", "not one output but 2"),
        ({"a": SHARES}, "b", "output b has no score for each row"),
    ],
    ids=["none", "two", "a name that is none"],
)
def test_what_cannot_be_told_apart_is_asked_for(answers: dict[str, Any], asked: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        find_outputs(answers, 2, asked)


def test_scores_are_not_taken_for_probabilities() -> None:
    refuse_scores("y", SHARES, "")
    refuse_scores("y", SHARES * 9, "softmax")
    with pytest.raises(
        InvalidInput, match=r"holds scores from 0\.9 to 7\.2.*\nhint: --scores softmax or --scores sigm"
    ):
        refuse_scores("y", SHARES * 9, "")
    with pytest.raises(InvalidInput, match="is not a finite number for 1 of 2 rows, first in row 2"):
        refuse_scores("y", np.array([[0.5, 0.5], [np.nan, 0.5]]), "softmax")


def _name(**given: Any) -> tuple[str, ...]:
    said: dict[str, Any] = {
        "asked": (),
        "zipped": None,
        "declared": [],
        "learnt": [None] * 3,
        "table": ["a", "b", "c"],
        **given,
    }
    return name_classes(3, **said)


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        ({"asked": ("c", "a", "b"), "zipped": ("a", "b", "c")}, ("c", "a", "b")),
        ({"zipped": ("b", "a", "c")}, ("b", "a", "c")),
        ({"declared": [("c", "b", "a")], "learnt": ["c", None, "a"]}, ("c", "b", "a")),
        ({"declared": [("c", "b", "a")], "learnt": ["a", "b", "c"]}, ("a", "b", "c")),
        ({"learnt": ["b", None, "a"]}, ("b", "c", "a")),
        ({"table": ["0", "2"]}, ("0", "1", "2")),
    ],
    ids=["asked", "a zipmap's", "declared", "declared of something else", "learnt, one by elimination", "numbers"],
)
def test_each_probability_gets_its_class(given: dict[str, Any], classes: tuple[str, ...]) -> None:
    assert _name(**given) == classes


@pytest.mark.parametrize(
    "given", [{}, {"learnt": ["a", None, None]}, {"learnt": ["a", "a", "b"]}], ids=["nothing", "one", "one twice"]
)
def test_where_nothing_tells_the_order_it_is_asked_for(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"nothing says which class each is of\nhint: --classes a,b,c names them"):
        _name(**given)


def test_the_wrong_number_of_classes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="--classes names 2 classes, a, b; the model tells 3 apart"):
        _name(asked=("a", "b"))


def test_classes_are_learnt_from_the_models_own_labels() -> None:
    best = np.array([0, 0, 0, 2])
    assert learn_classes(["x", "x", "y", "z"], best, 3) == ["x", None, "z"]


def test_declared_classes_are_those_of_the_right_number() -> None:
    assert list_declared(linear(zipped=True), 3) == [NAMES]
    assert list_declared(linear(zipped=True), 2) == []


def test_labels_that_the_model_does_not_know_are_named_with_their_line() -> None:
    labels, lines = np.array(["a", "q", "b", "q"], dtype=object), np.array([2, 3, 4, 5])
    with pytest.raises(InvalidInput, match="class q: stands in line 3 and is not one of the model's"):
        refuse_other_classes(("a", "b"), labels, lines)
    refuse_other_classes(("a", "b", "q", "z"), labels, lines)


def test_counted_classes_are_suggested_in_the_order_of_the_alphabet() -> None:
    labels, lines = np.array(["yes", "no"], dtype=object), np.array([2, 3])
    with pytest.raises(InvalidInput, match="if they were counted in the order of the alphabet: --classes no,yes"):
        refuse_other_classes(("0", "1"), labels, lines)
