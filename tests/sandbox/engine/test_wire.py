"""Values survive the way to the engine and back, and no secret loses its wrapper."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engine import wire
from sandbox.engine.wire import UNKNOWN, Archive, Asset, OutputValue, ResourceReference, Secret

TEXT = st.text(max_size=8).filter(lambda text: text not in wire.UNKNOWN_SENTINELS)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False),
    TEXT,
    st.just(UNKNOWN),
    st.builds(ResourceReference, TEXT, st.none() | TEXT | st.just(UNKNOWN), TEXT),
    st.builds(Asset, st.sampled_from(["text", "path", "uri"]), TEXT.filter(bool), TEXT),
    st.builds(Archive, st.sampled_from(["path", "uri"]), TEXT.filter(bool), TEXT),
)
KEYS = TEXT.filter(lambda key: key != wire.SIGNATURE_KEY)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.builds(Secret, inner),
        st.builds(OutputValue, inner, st.booleans(), st.lists(TEXT, max_size=2).map(tuple)),
        st.builds(Archive, st.just("assets"), st.dictionaries(KEYS, inner, min_size=1, max_size=2)),
    )


VALUES = st.recursive(LEAVES, containers, max_leaves=12)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=3))
def test_every_value_comes_back_as_it_was_sent(properties: dict[str, Any]) -> None:
    sent = wire.encode(properties).SerializeToString()
    assert wire.decode(struct_pb2.Struct.FromString(sent)) == properties


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_a_plain_value_has_no_wrapper_and_keeps_its_unknowns(value: Any) -> None:
    assert not wire.has_secret(wire.plain(value))
    hidden_in_reference = any(isinstance(part, ResourceReference) for part in wire._walk(value))
    if not hidden_in_reference:
        assert wire.has_unknown(wire.plain(value)) == wire.has_unknown(value)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_what_was_secret_stays_secret(value: Any, other: Any) -> None:
    assert wire.mark_secrets(wire.plain(value), UNKNOWN) == wire.plain(value)
    marked = wire.mark_secrets(wire.plain(value), value)
    assert wire.plain(marked) == wire.plain(value)
    if wire.plain(value) is not None and wire.has_secret(value) and not isinstance(value, Archive | dict | list):
        assert isinstance(marked, Secret)
    if isinstance(other, str) and wire.has_secret(value):
        assert isinstance(wire.mark_secrets(other, value), Secret)


def test_secrets_are_marked_at_their_own_place() -> None:
    like = {"a": Secret("x"), "b": [1, Secret(2)], "c": {"d": Secret("y")}, "e": "open"}
    value = {"a": "X", "b": [1, 3], "c": {"d": "Y", "f": 1}, "e": "open", "g": 7}
    assert wire.mark_secrets(value, like) == {
        "a": Secret("X"),
        "b": [1, Secret(3)],
        "c": {"d": Secret("Y"), "f": 1},
        "e": "open",
        "g": 7,
    }


def test_a_list_of_another_length_is_secret_as_a_whole() -> None:
    assert wire.mark_secrets([1], [Secret(1), 2]) == Secret([1])
    assert wire.mark_secrets([1], [1, 2]) == [1]


def test_a_secret_does_not_show_itself() -> None:
    assert "hunter2" not in repr({"password": Secret("hunter2"), "output": OutputValue("hunter2", secret=True)})


@pytest.mark.parametrize("sentinel", sorted(wire.UNKNOWN_SENTINELS))
def test_every_sentinel_of_the_engine_is_unknown(sentinel: str) -> None:
    struct = struct_pb2.Struct()
    struct.update({"port": sentinel})
    assert wire.decode(struct) == {"port": UNKNOWN}


def test_unknown_is_one_object_after_any_copy() -> None:
    assert copy.deepcopy(UNKNOWN) is UNKNOWN
    assert pickle.loads(pickle.dumps(UNKNOWN)) is UNKNOWN


def test_an_unheard_of_signature_is_left_alone() -> None:
    bytes_value = {wire.SIGNATURE_KEY: "803fd3297a5875dc03ca845dda5d2a98", "value": "AAEC"}
    assert wire.decode(wire.encode({"blob": bytes_value})) == {"blob": bytes_value}


def test_whole_numbers_are_integers_again() -> None:
    decoded = wire.decode(wire.encode({"port": 443, "ratio": 0.5, "on": True}))
    assert [type(decoded[key]) for key in ("port", "ratio", "on")] == [int, float, bool]


def test_what_pulumi_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="no Pulumi value can hold a bytes"):
        wire.encode({"blob": b"\0"})


def test_the_signatures_are_those_of_the_sdk() -> None:
    """Fails when another SDK speaks another language than this module."""
    from pulumi.runtime import rpc

    assert wire.UNKNOWN_SENTINEL == rpc.UNKNOWN
    assert rpc._special_sig_key == wire.SIGNATURE_KEY
    assert rpc._special_secret_sig == wire.SECRET_SIGNATURE
    assert rpc._special_output_value_sig == wire.OUTPUT_SIGNATURE
    assert rpc._special_resource_sig == wire.RESOURCE_SIGNATURE
    assert rpc._special_asset_sig == wire.ASSET_SIGNATURE
    assert rpc._special_archive_sig == wire.ARCHIVE_SIGNATURE
