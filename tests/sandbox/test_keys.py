"""A sandbox's keys: drawn once into its state, replaced when they have ended, told to programs and to whoever asks."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest

from infra.key_set import rotate_api_key
from infra.secrets import VARIABLE
from sandbox import keys
from sandbox.layout import Layout
from service.errors import InvalidInput


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.delenv(keys.API_KEY, raising=False)
    return Layout(tmp_path, tmp_path / ".sandbox")


def test_before_the_first_up_there_are_none(layout: Layout) -> None:
    assert keys.environment_of(layout) == {} and keys.api_key_of(layout) == ""


def test_the_first_up_draws_a_set_and_its_key_for_their_owner_alone(layout: Layout) -> None:
    keys.prepare(layout)
    told = keys.environment_of(layout)
    assert keys.load(layout).opens(told[keys.API_KEY], time.time())
    assert told[VARIABLE] == str(keys.set_file(layout))
    for path in layout.state.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert told[keys.API_KEY] not in keys.set_file(layout).read_text()


def test_the_next_up_leaves_them_as_they_are(layout: Layout) -> None:
    keys.prepare(layout)
    before = keys.load(layout), keys.api_key_of(layout)
    keys.prepare(layout)
    assert (keys.load(layout), keys.api_key_of(layout)) == before


def test_a_key_that_has_ended_or_is_lost_is_replaced_and_receipts_stay_verifiable(layout: Layout) -> None:
    keys.prepare(layout)
    receipts, old = keys.load(layout).receipt_keys, keys.api_key_of(layout)
    ended, _ = rotate_api_key(keys.load(layout), keys.NAME, time.time() - 9, overlap_seconds=1)
    keys.save(layout, ended)
    keys.prepare(layout)
    assert keys.api_key_of(layout) != old
    assert keys.load(layout).opens(keys.api_key_of(layout), time.time())
    assert keys.load(layout).receipt_keys == receipts


def test_the_callers_own_key_comes_first(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.prepare(layout)
    monkeypatch.setenv(keys.API_KEY, "olk_mine")
    assert keys.api_key_of(layout) == keys.environment_of(layout)[keys.API_KEY] == "olk_mine"


def test_a_set_that_is_damaged_is_named(layout: Layout) -> None:
    keys.prepare(layout)
    keys.set_file(layout).write_text(json.dumps({"outlast:apiKeys": "[]"}))
    with pytest.raises(InvalidInput, match="no file of keys"):
        keys.prepare(layout)
