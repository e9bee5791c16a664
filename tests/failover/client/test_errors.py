"""The errors of a call: what, why, and what to do next."""

from __future__ import annotations

from failover.client.errors import EndpointError, NoAddress, NoAnswer, ReceiptMismatch, RequestRefused, Try


def test_every_error_is_one_of_the_endpoint() -> None:
    kinds = (NoAddress, NoAnswer, RequestRefused, ReceiptMismatch)
    assert all(issubclass(kind, EndpointError) for kind in kinds)


def test_no_answer_says_what_each_try_did() -> None:
    tries = [Try("aws", "192.0.2.1", 1.5, "ReadTimeout: late"), Try("gcp", "192.0.2.3", 0.25, "status 503")]
    error = NoAnswer("no site answered", tries, hint="look at them")
    assert str(error) == (
        "no site answered; aws (192.0.2.1) after 1.50 s: ReadTimeout: late; gcp (192.0.2.3) after 0.25 s: status 503"
        "\nhint: look at them"
    )
    assert error.tries == tuple(tries)


def test_a_refusal_repeats_the_sites_reason_and_hint() -> None:
    error = RequestRefused(400, {"detail": "f1 is missing", "hint": "GET /docs"}, "azure")
    assert str(error) == "azure refused the request with 400: f1 is missing\nhint: GET /docs"
    assert str(RequestRefused(404, {}, "aws")) == "aws refused the request with 404: without a reason"
