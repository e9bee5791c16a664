"""What both endpoints share: settings from the environment, what is sent, and receipts that are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from failover.client.answers import Reply
from failover.client.core import Core, Reach, take_reply
from failover.client.directory import Question
from failover.client.errors import Failed, NoAddress, NoAnswer, ReceiptMismatch
from failover.resolution import Resolution
from tests.failover.client.test_receipts import LABELS, NUMBERS, SHARES, describe, hash_rows, sign

H = "api.outlast.example"
ROWS = [[1.0, 2.0], [3.0, 4.0]]


def make_core(**settings: Any) -> Core:
    chosen = {"second_host": None, "sites": (), "policy": None, "reach": None, "check_receipts": True, **settings}
    return Core.build(H, "secret", **chosen)


def infer(core: Core, receipt: str) -> Any:
    core.metadata["tumour"] = describe(NUMBERS)
    document = {
        "model_name": "tumour",
        "model_version": "1",
        "parameters": {"receipt": receipt},
        "outputs": [
            {"name": "label", "data": LABELS},
            {"name": "probabilities", "shape": [2, 2], "data": SHARES.ravel().tolist()},
        ],
    }
    return take_reply(core.ask_inference("tumour", ROWS, None), Reply(200, {}, json.dumps(document).encode(), "aws"))


def test_an_environment_says_how_sites_are_reached() -> None:
    assert Reach.from_environment({}) == Reach(None, 53, 443, None)
    environ = {"OUTLAST_NAMESERVER": "127.0.0.1", "OUTLAST_PORT_OFFSET": "8000", "OUTLAST_CA_FILE": "ca.pem"}
    assert Reach.from_environment(environ) == Reach("127.0.0.1", 8053, 8443, Path("ca.pem"))


def test_an_answer_whose_receipt_fits_is_taken() -> None:
    found = infer(make_core(), sign(hash_rows(NUMBERS, ROWS)))
    assert found.labels == tuple(LABELS)


@pytest.mark.parametrize("receipt", [sign(), sign(hash_rows(NUMBERS, ROWS), output_sha256="0" * 64)])
def test_an_answer_whose_receipt_does_not_fit_is_a_failure_and_in_the_end_a_mismatch(receipt: str) -> None:
    core = make_core()
    with pytest.raises(Failed) as caught:
        infer(core, receipt)
    core.directory.take(Question(H), Resolution(H, "A", ("192.0.2.1",), (), 30, "NOERROR", False, 0.0))
    error = core.no_answer(core.open_call(core.ask_metadata("tumour")), caught.value)
    assert isinstance(error, ReceiptMismatch) and "receipt is not about this" in str(error)


def test_receipts_are_not_compared_where_nobody_wants_it() -> None:
    assert infer(make_core(check_receipts=False), "not a receipt").receipt == "not a receipt"


def test_columns_of_another_version_are_not_used() -> None:
    core = make_core()
    core.metadata["tumour"] = {**describe(NUMBERS), "parameters": {**describe(NUMBERS)["parameters"], "version": "0"}}
    found = take_reply(
        core.ask_prediction({"f1": 1.0}, "", None),
        Reply(
            200,
            {},
            json.dumps(
                {
                    "label": "benign",
                    "probabilities": {"benign": 1.0},
                    "threshold": None,
                    "model": {"name": "tumour", "version": "1", "digest": ""},
                }
            ).encode(),
            "aws",
        ),
    )
    assert not core.knows(found)


def test_where_no_site_is_known_a_call_does_not_begin() -> None:
    core = make_core()
    with pytest.raises(NoAddress, match="second_host"):
        core.open_call(core.ask_metadata("tumour"))


def test_without_an_answer_the_error_says_how_long_it_took() -> None:
    core = make_core()
    core.directory.take(Question(H), Resolution(H, "A", ("192.0.2.1",), (), 30, "NOERROR", False, 0.0))
    error = core.no_answer(core.open_call(core.ask_metadata("tumour")), Failed("status 503"))
    assert isinstance(error, NoAnswer)


def test_addresses_of_either_family_fit_a_url() -> None:
    core = make_core()
    core.directory.take(Question(H), Resolution(H, "A", ("2001:db8::1",), (), 30, "NOERROR", False, 0.0))
    request = core.ask_metadata("tumour")
    attempt = core.open_call(request).next()
    assert attempt is not None
    assert core.url(attempt, request) == "https://[2001:db8::1]:443/v2/models/tumour"
    assert core.headers(attempt, request)["host"] == H
