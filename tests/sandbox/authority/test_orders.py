"""What an authority looks up before it issues: the record of the proof, and who may issue at all."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from sandbox.authority.orders import IDENTITY, Authorization, Order, check_caa, read_names
from sandbox.authority.signed import Problem, thumbprint

KEY = {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"}
NAME = "_acme-challenge.a.example"


def authorization(records: dict[tuple[str, str], list[str]]) -> Authorization:
    found = Authorization("a.example", KEY, token="t")
    found.validate(lambda name, type_: records.get((name, type_), []))
    return found


def test_the_record_is_the_digest_of_token_and_key() -> None:
    digest = hashlib.sha256(f"t.{thumbprint(KEY)}".encode()).digest()
    value = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert authorization({(NAME, "TXT"): ["another", value]}).status == "valid"


@pytest.mark.parametrize(
    ("values", "kind"), [([], "dns"), (["another"], "unauthorized"), ([thumbprint(KEY)], "unauthorized")]
)
def test_another_record_or_none_proves_nothing(values: list[str], kind: str) -> None:
    found = authorization({(NAME, "TXT"): values})
    assert found.status == "invalid" and found.error is not None and found.error.kind == kind


def test_what_was_found_stays() -> None:
    found = authorization({})
    found.validate(lambda name, type_: [found.expected()])
    assert found.status == "invalid"


@pytest.mark.parametrize(
    ("records", "wildcard", "allowed"),
    [
        ({}, False, True),
        ({"a.example": ['0 issue "amazon.com"']}, False, False),
        ({"a.example": ['0 issue "amazon.com"', f'0 issue "{IDENTITY}; validationmethods=dns-01"']}, False, True),
        ({"example": ['0 issue "amazon.com"']}, False, False),
        ({"a.example": [f'0 issue "{IDENTITY}"'], "example": ['0 issue ";"']}, False, True),
        ({"a.example": ['0 iodef "mailto:a@b.example"']}, False, True),
        ({"a.example": ['0 issuewild ";"']}, False, True),
        ({"a.example": ['0 issuewild ";"', f'0 issue "{IDENTITY}"']}, True, False),
        ({"a.example": [f'0 issue "{IDENTITY}"']}, True, True),
    ],
)
def test_the_closest_caa_records_decide(records: dict[str, list[str]], wildcard: bool, allowed: bool) -> None:
    def look() -> None:
        check_caa("a.example", lambda name, type_: records.get(name, []), wildcard=wildcard)

    if allowed:
        look()
    else:
        with pytest.raises(Problem, match="caa"):
            look()


@pytest.mark.parametrize(
    ("states", "issued", "status"),
    [
        (["valid", "pending"], "", "pending"),
        (["valid", "valid"], "", "ready"),
        (["valid", "invalid"], "", "invalid"),
        (["valid"], "chain", "valid"),
    ],
)
def test_an_order_is_what_its_parts_are(states: list[str], issued: str, status: str) -> None:
    parts = [Authorization("a.example", KEY, status=state) for state in states]
    assert Order("account", ("a.example",), parts, issued=issued).status == status


@pytest.mark.parametrize(
    ("identifiers", "kind"),
    [
        (None, "malformed"),
        ([{"type": "ip", "value": "127.0.0.1"}], "malformed"),
        ([{"type": "dns", "value": "a.example"}] * 2, "malformed"),
        ([{"type": "dns", "value": "localhost"}], "rejectedIdentifier"),
        ([{"type": "dns", "value": "a.*.example"}], "rejectedIdentifier"),
    ],
)
def test_an_order_is_for_dns_names(identifiers: Any, kind: str) -> None:
    with pytest.raises(Problem, match=kind):
        read_names({"identifiers": identifiers})
