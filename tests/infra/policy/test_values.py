"""Reading what resources carry."""

from __future__ import annotations

import pytest

from infra.policy.rule import Resource
from infra.policy.values import RUN, TASK, containers, dig, listed, statements, variables
from tests.infra.policy.held import policy, task


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b", 1), ("list.0.c", 2), ("list.1.c", "none"), ("a.b.c", "none"), ("null", "none"), ("", "none")],
)
def test_a_path_leads_through_maps_and_lists(path: str, found: object) -> None:
    assert dig({"a": {"b": 1}, "list": [{"c": 2}], "null": None}, path, "none") == found


def test_containers_are_found_in_text_and_in_maps() -> None:
    assert containers(Resource(TASK, "t", task(image="i")))[0]["image"] == "i"
    assert containers(Resource(RUN, "r", {"template": {"containers": [{"image": "i"}]}}))[0]["image"] == "i"
    assert containers(Resource(RUN, "r", {})) == []


def test_variables_are_those_with_a_value_in_plain() -> None:
    container = {"env": [{"name": "A", "value": "1"}, {"name": "B", "secretRef": "b"}]}
    assert list(variables(container)) == [("A", "1")]


def test_a_lone_statement_and_a_lone_action_are_lists_of_one() -> None:
    assert statements('{"Statement": {"Action": "s3:Get"}}') == [{"Action": "s3:Get"}]
    assert statements(policy(Action=["a", "b"]))[0]["Action"] == ["a", "b"]
    assert (listed("a"), listed(["a", "b"]), listed(None)) == (["a"], ["a", "b"], [])
