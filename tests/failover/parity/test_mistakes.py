"""The wrong requests are wrong for models of every shape, and what differs from request to request is not compared."""

from __future__ import annotations

import json

from failover.parity.mistakes import Refusal, list_mistakes, read_refusal
from service.bundle.columns import TEXT, Column, InputSpec
from service.bundle.golden import Golden, GoldenRow

CLASSES = {"no": 0.5, "yes": 0.5}
TYPED = Golden(
    "mine",
    tuple(CLASSES),
    InputSpec.of_columns((Column("age"), Column("note", TEXT))),
    1e-4,
    "sha256:0",
    (GoldenRow("1", (1.0, "a"), "no", CLASSES),),
)


def test_a_column_too_few_is_a_tensor_too_few_where_each_column_has_its_own() -> None:
    (short,) = (mistake for mistake in list_mistakes(TYPED) if mistake.name == "a column too few")
    assert len(json.loads(short.body)["inputs"]) == 1


def test_the_number_of_the_request_is_not_compared() -> None:
    first, second = (
        read_refusal(400, "application/json; charset=utf-8", json.dumps({"type": "t", "instance": number}).encode())
        for number in ("1", "2")
    )
    assert first == second == Refusal(400, "application/json", {"type": "t"})


def test_what_is_no_document_is_compared_as_text() -> None:
    assert str(read_refusal(502, "text/html", b"<h1>Bad gateway</h1>")) == "502 text/html"
