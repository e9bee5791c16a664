"""The settings that hold keys: every wrong one is named by its place, and no secret is ever repeated."""

from __future__ import annotations

import hashlib
import json

import pytest

from service.errors import InvalidInput
from service.server.settings.keys import parse_api_keys, parse_receipt_keys
from service.server.settings.values import Wrong

SECRET = "ab" * 31
RECEIPT_KEY = f"k1:{SECRET}ab"
ENTRY = {"name": "a", "sha256": hashlib.sha256(b"key").hexdigest()}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (1, "is a JSON int, not an object"),
        ({"name": "a"}, "sha256 must be"),
        ({**ENTRY, "sha256": "AB"}, "sha256 must be"),
        ({**ENTRY, "name": "a b"}, "name must be"),
        ({**ENTRY, "rps": 0}, "rps is 0; it must be a number above 0"),
        ({**ENTRY, "rps": True}, "rps is True"),
        ({**ENTRY, "burst": "9"}, "burst is '9'"),
        ({**ENTRY, "not_after": "2030-01-01"}, "without a time zone"),
        ({**ENTRY, "not_before": "soon"}, "not a time"),
        ({**ENTRY, "rsp": 1}, "has unknown fields: rsp"),
    ],
)
def test_a_wrong_api_key_is_named_by_its_place(entry: object, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_api_keys(json.dumps([ENTRY, entry]))
    [mistake] = caught.value.mistakes
    assert mistake.place == "[1]"
    assert told in mistake.what and mistake.hint


def test_every_wrong_api_key_is_told() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_api_keys(json.dumps([1, ENTRY, 2]))
    assert [mistake.place for mistake in caught.value.mistakes] == ["[0]", "[2]"]


@pytest.mark.parametrize("text", ["{", "{}", "1", "[" * 10**5, json.dumps([ENTRY] * 65)])
def test_what_is_no_list_of_at_most_64_keys_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        parse_api_keys(text)


def test_an_api_key_has_what_its_entry_says() -> None:
    assert parse_api_keys("") == parse_api_keys("[]") == ()
    entry = {**ENTRY, "rps": 5, "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-01-01T02:00:00+01:00"}
    [key] = parse_api_keys(json.dumps([entry]))
    assert (key.name, key.sha256) == ("a", hashlib.sha256(b"key").digest())
    assert (key.rps, key.burst) == (5, 5)
    assert key.not_after - key.not_before == 3600


def test_receipt_keys_keep_their_order() -> None:
    found = parse_receipt_keys(f" {RECEIPT_KEY}, k.2:{'0f' * 40} ,")
    assert [(key.name, key.secret) for key in found] == [("k1", b"\xab" * 32), ("k.2", b"\x0f" * 40)]
    assert parse_receipt_keys("") == ()


@pytest.mark.parametrize(
    "text",
    [
        f"k1:{SECRET}",
        SECRET,  # no id at all, and short enough to be taken for one
        f"{SECRET}:k1",
        f"{RECEIPT_KEY},k2:{SECRET}xy",
        f"{SECRET}:{SECRET}ab,{SECRET}:{SECRET}ab",
    ],
)
def test_a_receipt_key_is_never_in_a_message(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_receipt_keys(text)
    assert SECRET not in str(caught.value)


def test_every_wrong_receipt_key_is_named_by_its_place() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_receipt_keys(f"{RECEIPT_KEY},k2:12,{RECEIPT_KEY},nothing")
    assert [mistake.place for mistake in caught.value.mistakes] == ["[1]", "[2]", "[3]"]
