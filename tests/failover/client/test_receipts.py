"""Receipts, compared with what the server itself signs and hashes."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.client.errors import ReceiptMismatch
from failover.client.receipts import Receipt, check_input, check_output, read_receipt
from service.bundle.columns import CATEGORY, NUMBER, TEXT, WHOLE, Column, InputSpec, Tensor, render_column
from service.bundle.rows import read_rows
from service.server.audit import receipts as server
from service.server.endpoint import hash_answers
from service.server.http.routes import _describe_inputs
from service.server.protocol.tensors import as_model_input, canonical_input

NUMBERS = InputSpec.of_numbers(["f1", "f2"], missing=["f2"])
DOUBLES = InputSpec(NUMBERS.columns, (Tensor("features", "FP64", NUMBERS.features),))
MIXED = InputSpec.of_columns(
    [
        Column("age", NUMBER, missing=True),
        Column("count", WHOLE),
        Column("colour", CATEGORY, missing=True, categories=("red", "NA")),
        Column("note", TEXT, missing=True),
    ]
)
LABELS, SHARES = ["benign", "malignant"], np.array([[0.75, 0.25], [0.1, 0.9]], dtype=np.float32)


def describe(spec: InputSpec) -> dict[str, Any]:
    return {
        "inputs": _describe_inputs(spec),
        "parameters": {"columns": [render_column(column) for column in spec.columns], "version": "1"},
    }


def sign(rows: bytes = b"", **changed: Any) -> str:
    facts = {
        "id": "r-1",
        "model": "tumour",
        "version": "1",
        "digest": "sha256:00",
        "input_sha256": hashlib.sha256(rows).hexdigest(),
        "output_sha256": hash_answers(LABELS, SHARES),
        "labels": tuple(LABELS),
        "time": 1.5,
        "site": "aws",
        "key": "me",
    }
    return server.Receipts([server.SigningKey("k.1", b"0" * 32)]).sign(server.Receipt(**{**facts, **changed}))


def hash_rows(spec: InputSpec, rows: list[list[Any]]) -> bytes:
    read, wrong = read_rows(spec, rows)
    assert wrong == []
    return canonical_input(as_model_input(read, spec))


def test_a_receipt_reads_as_it_was_signed() -> None:
    read = read_receipt(sign())
    assert isinstance(read, Receipt)
    assert (read.id, read.labels, read.time, read.site, read.key) == ("r-1", tuple(LABELS), 1.5, "aws", "me")


@pytest.mark.parametrize("token", ["", "a.b.c", "a.W10.c", "nothing", "k.eyJhIjoxfQ.x"])
def test_what_is_no_receipt_is_refused(token: str) -> None:
    with pytest.raises(ReceiptMismatch, match="cannot be read"):
        read_receipt(token)


def check(token: str, labels: list[str] = LABELS, shares: list[float] | None = None) -> None:
    told = SHARES.ravel().tolist() if shares is None else shares
    check_output(read_receipt(token), labels, told, model="tumour", version="1")


def test_a_receipt_fits_its_answer() -> None:
    check(sign())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"token": sign(version="2")}, "model"),
        ({"labels": LABELS[::-1]}, "answer"),
        ({"shares": [0.25, 0.75, 0.1, 0.9]}, "answer"),
        ({"token": sign(output_sha256="0" * 64)}, "answer"),
    ],
)
def test_a_receipt_of_another_answer_is_told(change: dict[str, Any], what: str) -> None:
    with pytest.raises(ReceiptMismatch, match=f"not about this {what}"):
        check(change.pop("token", sign()), **change)


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=8))
def test_probabilities_survive_json_bit_by_bit(shares: list[float]) -> None:
    import orjson

    array = np.array([shares], dtype=np.float32)
    token = sign(output_sha256=hash_answers(["a"], array), labels=("a",))
    sent = orjson.loads(orjson.dumps(array.ravel(), option=orjson.OPT_SERIALIZE_NUMPY))
    check_output(read_receipt(token), ["a"], sent, model="tumour", version="1")
    check_output(read_receipt(token), ["a"], array.ravel().tolist(), model="tumour", version="1")


@pytest.mark.parametrize("spec", [NUMBERS, DOUBLES])
@given(first=st.floats(-1e30, 1e30), second=st.none() | st.integers(-1000, 1000))
def test_rows_of_numbers_hash_as_the_server_hashes_them(spec: InputSpec, first: float, second: int | None) -> None:
    rows = [[first, second], [1, 2.5]]
    check_input(read_receipt(sign(hash_rows(spec, rows))), describe(spec), rows)


TEXTS = st.text("abN/A redé", max_size=6) | st.sampled_from(["NA", "nan", " red ", "None"]) | st.none()


@given(age=st.none() | st.floats(-1e30, 1e30), count=st.integers(-1000, 1000), colour=TEXTS, note=TEXTS)
def test_mixed_rows_hash_as_the_server_hashes_them(
    age: float | None, count: int, colour: str | None, note: str | None
) -> None:
    rows = [[age, count, colour, note]]
    check_input(read_receipt(sign(hash_rows(MIXED, rows))), describe(MIXED), rows)


def test_a_number_beyond_32_bits_is_compared_where_columns_have_64() -> None:
    columns = InputSpec(NUMBERS.columns, (Tensor("f1", "FP64", ("f1",)), Tensor("f2", "FP64", ("f2",))))
    rows = [[1e39, -1e39]]
    receipt = read_receipt(sign(hash_rows(columns, rows)))
    check_input(receipt, describe(columns), rows)
    with pytest.raises(ReceiptMismatch, match="not about this request"):
        check_input(receipt, describe(columns), [[1e39, 1e39]])


@pytest.mark.parametrize("other", [[[1.0, 3.0]], [[2.0, 1.0]], [[1.0, None]], [[1.0, 2.0], [1.0, 2.0]]])
def test_a_receipt_of_other_rows_is_told(other: list[list[Any]]) -> None:
    receipt = read_receipt(sign(hash_rows(NUMBERS, [[1.0, 2.0]])))
    check_input(receipt, describe(NUMBERS), [[1.0, 2.0]])
    with pytest.raises(ReceiptMismatch, match="not about this request"):
        check_input(receipt, describe(NUMBERS), other)
