"""Secrets of a site: from encrypted settings alone, named where they are missing, in plain text, or said twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.secrets import (
    API_KEYS,
    LARGEST,
    RECEIPT_KEYS,
    SETTINGS,
    VARIABLE,
    lay_over_keys,
    read_key_file,
    read_secrets,
)
from infra.settings.kinds import SiteSettings
from infra.settings.reader import Reader
from infra.stack_file import parse
from service.errors import InvalidInput, Mistake
from service.server.settings.table import find_mistakes
from tests.infra.harness import KEYS, configuration

HASHES, RECEIPTS = KEYS["outlast:apiKeys"], KEYS["outlast:receiptKeys"]
BOTH = [f"outlast:{key}" for key in SETTINGS]


def read(encrypted: list[str] = BOTH, **changed: Any) -> SiteSettings[Any]:
    settings = {"environment": None, "exceptions": None, "apiKeys": HASHES, "receiptKeys": RECEIPTS} | changed
    found = parse("aws", configuration("aws", **settings), encrypted, judge_variables=find_mistakes)
    assert isinstance(found, SiteSettings)
    return found


def mistakes(encrypted: list[str] = BOTH, **changed: Any) -> dict[str, Mistake]:
    with pytest.raises(InvalidInput) as caught:
        read(encrypted, **changed)
    return {m.place.split(": outlast:")[1]: m for m in caught.value.mistakes}


def test_encrypted_settings_are_taken_and_shown_to_nobody() -> None:
    found = read()
    assert found.secrets == {API_KEYS: HASHES, RECEIPT_KEYS: RECEIPTS}
    assert RECEIPTS not in repr(found) and "OUTLAST" not in repr(found.environment)


@pytest.mark.parametrize("cloud", LARGEST)
def test_a_list_that_the_clouds_store_does_not_take_is_refused(cloud: str) -> None:
    most, store = LARGEST[cloud]
    for length, said in ((most, []), (most + 1, [f"has {most + 1} bytes, and {store} takes {most}"])):
        reader = Reader(cloud, {"outlast:apiKeys": "k" * length})
        assert read_secrets(reader, BOTH, cloud).keys() == {API_KEYS}
        assert [mistake.what for mistake in reader.mistakes] == said


def test_a_site_without_receipts_has_one_secret() -> None:
    assert read(receiptKeys=None).secrets == {API_KEYS: HASHES}


def test_a_secret_in_plain_text_is_named_with_the_command_that_writes_it() -> None:
    found = mistakes(encrypted=[])
    assert found.keys() == set(SETTINGS)
    assert "`pulumi config set --secret outlast:receiptKeys -s aws`" in found["receiptKeys"].hint
    assert RECEIPTS not in str([*found.values()])


def test_a_site_whose_keys_are_missing_is_told_where_they_come_from() -> None:
    found = mistakes(apiKeys=None)["apiKeys"]
    assert found.what == "is missing, so nobody could ask for a prediction"
    assert "outlast keys new" in found.hint and "--secret outlast:apiKeys" in found.hint


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (RECEIPT_KEYS, RECEIPTS, "is a secret"),
        (API_KEYS, HASHES, "is given beside outlast:apiKeys"),
        ("MY_KEY", "olk_" + "x" * 43, "holds an API key in plain text"),
    ],
)
def test_a_secret_among_the_variables_is_named_and_not_repeated(name: str, value: str, said: str) -> None:
    found = mistakes(environment={name: value})[f"environment.{name}"]
    assert said in found.what and found.hint
    assert value not in found.what + found.hint


def test_hashes_among_the_variables_are_read_for_one_release_more() -> None:
    found = read(apiKeys=None, environment={API_KEYS: HASHES})
    assert found.environment == {API_KEYS: HASHES} and API_KEYS not in found.secrets


def test_what_the_server_would_refuse_of_a_secret_is_named_at_its_setting() -> None:
    found = mistakes(apiKeys=json.dumps([{"name": "clinic", "sha256": "short"}]), receiptKeys="k1:abc")
    assert "sha256" in found["apiKeys [0]"].what
    assert "hex" in found["receiptKeys [0]"].what


def test_no_other_setting_may_be_encrypted() -> None:
    assert "apiKeys and receiptKeys" in mistakes([*BOTH, "outlast:cpu"])["cpu"].hint


# -- a file in the place of the stack's --------------------------------------------------------------------------------


def test_keys_of_a_file_take_the_place_of_a_sites_own() -> None:
    config = {"outlast:kind": "aws", "outlast:apiKeys": "theirs"}
    assert lay_over_keys(config, KEYS) == {**config, **KEYS}


@pytest.mark.parametrize(
    "config",
    [
        {"outlast:kind": "zone"},
        {"outlast:kind": "traffic"},
        {"outlast:kind": "base-aws"},
        {"outlast:kind": "gcp", "outlast:environment": '{"OUTLAST_AUTH": "off"}'},
        {"outlast:kind": "gcp", "outlast:environment": json.dumps({API_KEYS: "[]"})},
    ],
)
def test_what_needs_no_keys_of_a_file_is_left_alone(config: dict[str, str]) -> None:
    assert lay_over_keys(config, KEYS) == config


def test_variables_that_are_no_map_are_left_to_whoever_reads_them() -> None:
    config = {"outlast:kind": "aws", "outlast:environment": "nothing of JSON"}
    assert lay_over_keys(config, KEYS) == {**config, **KEYS}


def test_a_file_of_keys_is_read_where_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(KEYS))
    assert read_key_file({VARIABLE: str(path)}) == KEYS
    assert read_key_file({}) == {}


@pytest.mark.parametrize(
    ("text", "said"), [("{}", "missing"), ('{"outlast:apiKey": "[]"}', "not a key"), ("[", "JSON")]
)
def test_a_file_of_keys_that_is_damaged_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=said) as caught:
        read_key_file({VARIABLE: str(path)})
    assert f"rm {path}" in caught.value.hint
