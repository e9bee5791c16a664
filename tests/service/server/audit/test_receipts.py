"""Receipts and feedback: signed once, verified anywhere, forged never."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.server.audit.receipts import Receipt, Receipts, SigningKey, feedback_id
from service.server.protocol.problems import Problem
from tests.service.server.harness import INFER, Server, infer_body, read_metrics, wait_for

pytestmark = pytest.mark.xdist_group("guarded-server")  # one worker, so that the server is started once

KEY = SigningKey("k1", b"a" * 32)
OTHER = SigningKey("k2", b"b" * 80)  # longer than a block: hashed first, as RFC 2104 says
RECEIPT = Receipt("r-1", "tumour", "1", "sha256:00", "aa", "bb", ("benign", "malignant"), 1000.0, "aws")


def _verify(receipts: Receipts, token: str, now: float = 1000.0) -> Receipt:
    return receipts.verify(token, now=now, max_age_seconds=86400)


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_the_code_is_a_plain_hmac(key: SigningKey) -> None:
    signed, _, mac = Receipts([key]).sign(RECEIPT).rpartition(".")
    expected = hmac.digest(key.secret, b"outlast-receipt-1." + signed.encode(), "sha256")
    assert base64.urlsafe_b64decode(mac + "=") == expected


def test_rotation_verifies_the_old_key_and_signs_with_the_new() -> None:
    old, rotated, later = Receipts([KEY]), Receipts([OTHER, KEY]), Receipts([OTHER])
    assert _verify(rotated, old.sign(RECEIPT)) == RECEIPT
    assert rotated.sign(RECEIPT).startswith("k2.")
    with pytest.raises(Problem, match="signature does not hold"):
        _verify(later, old.sign(RECEIPT))


@given(position=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_no_changed_character_goes_through(position: int, byte: int) -> None:
    token = Receipts([KEY]).sign(RECEIPT)
    at = position % len(token)
    changed = token[:at] + chr(byte) + token[at + 1 :]
    if changed == token:
        return
    with pytest.raises(Problem, match="signature does not hold"):
        _verify(Receipts([KEY]), changed)


@given(st.text())
def test_no_text_crashes_it(token: str) -> None:
    with pytest.raises(Problem):
        _verify(Receipts([KEY]), token)


def test_an_old_receipt_is_refused_and_one_without_keys_too() -> None:
    token = Receipts([KEY]).sign(RECEIPT)
    with pytest.raises(Problem, match="older than 1 days"):
        _verify(Receipts([KEY]), token, now=1000.0 + 86401)
    with pytest.raises(Problem, match="OUTLAST_RECEIPT_KEYS"):
        _verify(Receipts([]), token)


def _ask(server: Server, rows: list[list[float]]) -> dict[str, Any]:
    with server.client() as client:
        answer: dict[str, Any] = client.post(INFER, json=infer_body(rows)).json()
    return answer


def _open(token: str) -> list[Any]:
    payload = token.split(".")[1]
    import json

    fields: list[Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return fields


def test_a_receipt_binds_what_was_asked_to_what_was_answered(open_server: Server) -> None:
    rows = [[1.5] * 30, [100.0] * 30]
    answer = _ask(open_server, rows)
    receipt = _open(answer["parameters"]["receipt"])
    labels, probabilities = (output["data"] for output in answer["outputs"])
    assert receipt[4] == hashlib.sha256(np.array(rows, dtype="<f4").tobytes()).hexdigest()
    said = b"".join(struct.pack("<I", len(label)) + label.encode() for label in labels)
    assert receipt[5] == hashlib.sha256(said + np.array(probabilities, dtype="<f4").tobytes()).hexdigest()
    assert receipt[6] == labels


def test_feedback_is_taken_at_another_site_and_recorded_there(open_server: Server, guarded_server: Server) -> None:
    answer = _ask(open_server, [[1.5] * 30, [2.5] * 30])
    token = answer["parameters"]["receipt"]
    with guarded_server.client() as client:
        replies = [
            client.post("/feedback", json={"receipt": token, "truth": ["benign", "malignant"]}) for _ in range(2)
        ]
        # What `outlast audit feedback --count` reads.
        assert 'outlast_requests_total{route="/feedback",status="202"}' in read_metrics(client)
    assert [reply.status_code for reply in replies] == [202, 202]
    # Nothing is stored, so a replay is taken; it carries the same id, by which readers count it once.
    assert {reply.json()["feedback_id"] for reply in replies} == {feedback_id(token)}
    records = wait_for(
        lambda: [line for line in guarded_server.audit_lines() if line.get("feedback_id") == feedback_id(token)][1:],
        "both records of the feedback",
    )
    assert records[0]["truth"] == ["benign", "malignant"]
    assert records[0]["predicted"] == answer["outputs"][0]["data"]
    assert (records[0]["predicted_by"], records[0]["site"], records[0]["key"]) == ("aws", "gcp", "tests")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"truth": "benign"}, None),
        ({"truth": "purple"}, "truth[0]"),
        ({"truth": ["benign", "benign"]}, "truth"),
        ({"truth": 1}, "truth"),
        ({"receipt": 1}, "receipt"),
        ({"colour": 1}, "colour"),
        ({"receipt": "k1.e30.AAAA"}, "forged"),
    ],
)
def test_feedback_that_cannot_be_true_is_refused(
    open_server: Server, change: dict[str, Any], place: str | None
) -> None:
    token = _ask(open_server, [[1.5] * 30])["parameters"]["receipt"]
    with open_server.client() as client:
        reply = client.post("/feedback", json={"receipt": token, "truth": "benign", **change})
    if place is None:
        assert reply.status_code == 202
    else:
        assert reply.status_code == 400
        kind = reply.json()["type"].rpartition(":")[2]
        assert kind == ("invalid-receipt" if place == "forged" else "invalid-request")
        assert place == "forged" or place in [error["place"] for error in reply.json()["errors"]]
