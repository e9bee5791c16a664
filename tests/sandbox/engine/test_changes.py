"""A change is named at its own depth, replaces when it must, and is never missed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engine.changes import Change, deletes_first, input_changes, output_changes
from sandbox.engine.wire import UNKNOWN, Secret, Value

VALUES = st.dictionaries(
    st.sampled_from(["a", "b", "c.d"]),
    st.recursive(
        st.booleans() | st.integers(0, 2) | st.just("x") | st.just(Secret("x")) | st.just(UNKNOWN),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
        max_leaves=5,
    ),
    max_size=3,
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 2}, [("a", "UPDATE")]),
        ({}, {"a": 1}, [("a", "ADD")]),
        ({"a": 1}, {}, [("a", "DELETE")]),
        ({"a": 1}, {"a": None}, [("a", "DELETE")]),
        ({"a": {"b": [{"c": 1}, 2]}}, {"a": {"b": [{"c": 2}]}}, [("a.b[0].c", "UPDATE"), ("a.b[1]", "DELETE")]),
        ({"a": [1]}, {"a": [1, 2]}, [("a[1]", "ADD")]),
        ({"t": {"a.b": 1}}, {"t": {"a.b": 2}}, [('t["a.b"]', "UPDATE")]),
        ({"a": 1}, {"a": True}, [("a", "UPDATE")]),
        ({"a": {"b": 1}}, {"a": UNKNOWN}, [("a", "UPDATE")]),
        ({"a": Secret({"b": 1})}, {"a": Secret({"b": 2})}, [("a.b", "UPDATE")]),
        ({"a": "x"}, {"a": Secret("x")}, [("a", "UPDATE")]),
        ({"a": {}}, {"a": {}}, []),
    ],
)
def test_changes_are_named_at_their_depth(
    old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert [(change.path, change.kind) for change in input_changes(old, new)] == expected


def test_what_replaces_may_be_named_at_any_depth() -> None:
    old = {"name": "a", "template": {"containers": [{"name": "x", "image": "1"}]}, "tags": {"name": "t"}}
    new = {"name": "b", "template": {"containers": [{"name": "y", "image": "2"}]}, "tags": {"name": "u"}}
    replacing = [c.path for c in input_changes(old, new, frozenset({"name", "template.containers.name"})) if c.replaces]
    assert replacing == ["name", "template.containers[0].name"]


@settings(max_examples=80, deadline=None)
@given(VALUES, VALUES)
def test_no_difference_is_missed_and_none_invented(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert input_changes(old, copy.deepcopy(old)) == []
    assert bool(input_changes(old, new)) == (repr(_bare(old)) != repr(_bare(new)))


def _bare(value: Any) -> Any:
    """Sorted, and with secrets told apart from what they hold."""
    if isinstance(value, dict):
        return "map", sorted((key, _bare(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return ("secret", value.value) if isinstance(value, Secret) else value


def test_an_output_that_is_computed_differently_is_a_change() -> None:
    seen = {"contextHash": "old", "digest": "sha256:1", "box": {"fqdn": "a", "other": 1}, "key": Secret("k")}
    computed = {"contextHash": "new", "digest": UNKNOWN, "box": {"fqdn": "a"}, "key": "k", "ref": "r"}
    assert output_changes(seen, computed) == [
        Change("contextHash", "UPDATE", of_input=False),
        Change("ref", "ADD", of_input=False),
    ]


@pytest.mark.parametrize(
    ("package", "replaced", "name_given", "first"),
    [
        ("azure-native", True, False, True),
        ("azure-native", False, True, False),
        ("aws", True, True, True),
        ("aws", True, False, False),
        ("gcp", True, True, True),
        ("gcp", False, True, False),
        ("docker-build", True, True, False),
    ],
)
def test_what_goes_before_its_replacement_comes(package: str, replaced: bool, name_given: bool, first: bool) -> None:
    assert deletes_first(package, replaced, name_given) is first


def test_what_a_provider_overlooks_is_no_change() -> None:
    old = {"registries": [{"address": "a", "password": Secret("x")}]}
    overlooked = frozenset({"registries.password"})

    def paths(new: list[dict[str, Value]]) -> list[str]:
        changes = input_changes(old, {"registries": [*new]}, frozenset(), overlooked)
        return [change.path for change in changes]

    assert paths([{"address": "a", "password": Secret("y")}]) == paths([{"address": "a"}]) == []
    assert paths([{"address": "b", "password": Secret("y")}]) == ["registries[0].address"]
    assert paths([]) == ["registries[0]"]
