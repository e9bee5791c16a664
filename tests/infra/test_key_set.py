"""A set of keys: what was valid stays so for the overlap, and a receipt key verifies before it signs."""

from __future__ import annotations

import hashlib

import pytest

from infra.key_set import KeySet, announce_receipt_key, draw, rotate_api_key, sign_with_newest
from service.errors import InvalidInput
from service.server.settings.keys import MAX_RECEIPT_KEYS, parse_api_keys, parse_receipt_keys

NOW, HOUR = 1_790_000_000.0, 3600.0


def test_a_drawn_set_is_one_that_the_server_takes() -> None:
    keys, api_key = draw("clinic", NOW)
    settings = keys.settings()
    (found,) = parse_api_keys(settings["outlast:apiKeys"])
    assert found.sha256 == hashlib.sha256(api_key.encode()).digest() and found.name == "clinic"
    assert len(parse_receipt_keys(settings["outlast:receiptKeys"])) == 1
    assert api_key not in str(settings), "a set holds hashes"
    assert KeySet.of_settings(settings) == keys


def test_both_keys_open_during_the_overlap_and_the_new_one_after_it() -> None:
    keys, old = draw("clinic", NOW)
    rotated, new = rotate_api_key(keys, "clinic", NOW, overlap_seconds=HOUR)
    assert [rotated.opens(key, NOW + HOUR - 1) for key in (old, new)] == [True, True]
    assert [rotated.opens(key, NOW + HOUR) for key in (old, new)] == [False, True]
    first, second = parse_api_keys(rotated.settings()["outlast:apiKeys"])
    assert (first.not_after, second.name) == (NOW + HOUR, "clinic")


def test_a_second_rotation_does_not_lengthen_what_ends_and_leaves_out_what_ended() -> None:
    keys, first = draw("clinic", NOW)
    keys, second = rotate_api_key(keys, "clinic", NOW, overlap_seconds=HOUR)
    again, third = rotate_api_key(keys, "clinic", NOW + 60, overlap_seconds=9 * HOUR)
    assert not again.opens(first, NOW + HOUR) and again.opens(second, NOW + 9 * HOUR)
    late, _ = rotate_api_key(again, "clinic", NOW + 2 * HOUR, overlap_seconds=HOUR)
    assert not late.opens(first, NOW) and late.opens(third, NOW + 2 * HOUR)
    assert len(late.api_keys) == 3


def test_other_callers_keys_are_left_alone_and_limits_go_over() -> None:
    limited = {"name": "clinic", "sha256": "0" * 64, "rps": 5, "feedback": "any"}
    other = {"name": "lab", "sha256": "1" * 64}
    rotated, _ = rotate_api_key(KeySet((limited, other)), "clinic", NOW, overlap_seconds=HOUR)
    assert rotated.api_keys[1] == other
    assert {**rotated.api_keys[2], "sha256": ""} == {**limited, "sha256": ""}


def test_the_limits_of_a_key_that_has_ended_go_over_too() -> None:
    ended = {"name": "clinic", "sha256": "0" * 64, "rps": 5, "not_after": "2020-01-01T00:00:00+00:00"}
    (entry,) = rotate_api_key(KeySet((ended,)), "clinic", NOW, overlap_seconds=HOUR)[0].api_keys
    assert entry["rps"] == 5 and entry["sha256"] != ended["sha256"] and "not_after" not in entry


def test_a_receipt_key_verifies_before_it_signs_and_the_old_one_after_it() -> None:
    keys, _ = draw("clinic", NOW)
    (old,) = keys.receipt_keys
    announced = announce_receipt_key(keys, NOW + HOUR)
    assert announced.receipt_keys[0] == old and len(announced.receipt_keys) == 2
    signing = sign_with_newest(announced)
    assert signing.receipt_keys == (announced.receipt_keys[1], old)
    assert len(parse_receipt_keys(signing.settings()["outlast:receiptKeys"])) == 2


def test_there_are_never_more_receipt_keys_than_the_server_reads() -> None:
    keys, _ = draw("clinic", NOW)
    for _ in range(MAX_RECEIPT_KEYS + 3):
        before = keys.receipt_keys[0]
        keys = sign_with_newest(announce_receipt_key(keys, NOW))
        assert before in keys.receipt_keys, "what signed last is verified on"
    assert len(parse_receipt_keys(keys.settings()["outlast:receiptKeys"])) == MAX_RECEIPT_KEYS


def test_a_list_that_the_server_would_refuse_is_refused() -> None:
    with pytest.raises(InvalidInput):
        KeySet.of_settings({"outlast:apiKeys": '[{"name": "clinic"}]'})
    assert KeySet.of_settings({}) == KeySet()
