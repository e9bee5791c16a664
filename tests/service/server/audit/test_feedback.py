"""Whose word counts: the caller's whose prediction it was, and of a key that may speak for all."""

from __future__ import annotations

import base64
import hmac
import json

import pytest

from tests.service.server.harness import API_KEY, INFER, JUDGE_KEY, OTHER_KEY, RECEIPT_KEYS, Server, infer_body

pytestmark = pytest.mark.xdist_group("guarded-server")  # one worker, so that the server is started once


def _judge(server: Server, key: str, receipt: str, truth: str) -> int:
    with server.client({"authorization": f"Bearer {key}"}) as client:
        reply = client.post("/feedback", json={"receipt": receipt, "truth": truth})
    if reply.status_code == 403:
        assert reply.json()["type"] == "urn:outlast:problem:foreign-receipt"
    return reply.status_code


def test_only_the_receipts_own_key_or_one_that_may_says_what_was_true(guarded_server: Server) -> None:
    with guarded_server.client() as client:
        receipt = client.post(INFER, json=infer_body([[1.0] * 30])).json()["parameters"]["receipt"]
    statuses = [_judge(guarded_server, key, receipt, "benign") for key in (API_KEY, OTHER_KEY, JUDGE_KEY)]
    assert statuses == [202, 403, 202]


def test_a_receipt_of_an_older_release_names_no_key_and_is_taken_from_any(guarded_server: Server) -> None:
    name, secret = RECEIPT_KEYS.split(":")
    fields = ["id", "tumour", "2", "sha256:0", "0", "0", ["benign"], 4e9, "aws"]
    signed = f"{name}.{_encode(json.dumps(fields).encode())}"
    mac = hmac.digest(bytes.fromhex(secret), b"outlast-receipt-1." + signed.encode(), "sha256")
    assert _judge(guarded_server, OTHER_KEY, f"{signed}.{_encode(mac)}", "benign") == 202


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
