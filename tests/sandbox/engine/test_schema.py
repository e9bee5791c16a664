"""Inputs that the SDK lets through and the real clouds do not, and inputs that they take."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine import schema
from sandbox.engine.wire import UNKNOWN, ResourceReference, Secret

RECORD = "aws:route53/record:Record"
APP = "azure-native:app:ContainerApp"
IMAGE = "docker-build:index:Image"
RUN = "gcp:cloudrunv2/service:Service"


def app(**container: Any) -> dict[str, Any]:
    return {"resourceGroupName": "rg", "template": {"containers": [{"name": "api", **container}]}}


def record(**more: Any) -> dict[str, Any]:
    return {"name": "api", "type": "CNAME", "zoneId": "Z1", **more}


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (RECORD, record(ttl=30, records=["a"], weightedRoutingPolicies=[{"weight": 50}])),
        (RECORD, record(ttl=UNKNOWN, records=UNKNOWN, weightedRoutingPolicies=[UNKNOWN])),
        (RECORD, record(ttl=Secret(30), records=Secret(["a"]), aliases=None)),
        (RECORD, record(ttl="30", allowOverwrite="true", setIdentifier=7)),
        (RECORD, record(zoneId=ResourceReference("urn:pulumi:…", "Z1"))),
        (APP, app(image="a", resources={"cpu": 0.5, "memory": "1Gi"})),
        (APP, {**app(), "kind": "a kind that the SDK has not heard of"}),
        (IMAGE, {"push": True, "platforms": ["linux/amd64"], "context": {"location": "service"}}),
    ],
)
def test_what_a_cloud_takes_has_no_problems(token: str, inputs: dict[str, Any]) -> None:
    assert schema.problems(token, inputs) == []


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (RECORD, {"name": "a"}, [("type", "missing required property"), ("zoneId", "missing required property")]),
        (RECORD, record(tll=30), [("tll", "unknown property; did you mean 'ttl'?")]),
        (RECORD, record(zone_id="Z"), [("zone_id", "unknown property; did you mean 'zoneId'?")]),
        (RECORD, record(colour=1), [("colour", "unknown property")]),
        (RECORD, record(ttl="soon"), [("ttl", "expected an integer, got the string 'soon'")]),
        (RECORD, record(ttl=1.5), [("ttl", "expected an integer, got 1.5")]),
        (RECORD, record(ttl=True), [("ttl", "expected an integer, got true")]),
        (RECORD, record(records="a"), [("records", "expected a list, got the string 'a'")]),
        (
            RECORD,
            record(weightedRoutingPolicies=[{"weight": 1}, {}]),
            [("weightedRoutingPolicies[1].weight", "missing required property")],
        ),
        (APP, app(imagee="a"), [("template.containers[0].imagee", "unknown property; did you mean 'image'?")]),
        (APP, app(image=3), [("template.containers[0].image", "expected a string, got 3")]),
        (APP, {**app(), "tags": {"a.b": 1}}, [('tags["a.b"]', "expected a string, got 1")]),
        (APP, {**app(), "tags": ["a"]}, [("tags", "expected a map, got a list")]),
        (APP, {**app(), "template": "x"}, [("template", "expected an object, got the string 'x'")]),
        (IMAGE, {"push": "true"}, [("push", "expected a boolean, got the string 'true'")]),
        ("aws:ecs/sevice:Sevice", {}, [("", None)]),
    ],
)
def test_what_a_cloud_refuses_is_named_with_its_place(
    token: str, inputs: dict[str, Any], expected: list[tuple[str, str | None]]
) -> None:
    found = schema.problems(token, inputs)
    assert [path for path, _ in found] == [path for path, _ in expected]
    for (_, reason), (_, wanted) in zip(found, expected, strict=True):
        assert wanted is None or reason == wanted


def test_every_problem_is_reported_at_once() -> None:
    inputs = {"tagss": {}, "template": {"containers": [{"imagee": 1, "resources": {"cpu": "half"}}]}}
    assert [path for path, _ in schema.problems(APP, inputs)] == [
        "tagss",
        "resourceGroupName",
        "template.containers[0].imagee",
        "template.containers[0].resources.cpu",
    ]


def test_a_closed_list_of_values_is_closed() -> None:
    (problem,) = schema.problems(IMAGE, {"push": True, "platforms": ["linux/z80"]})
    assert problem[0] == "platforms[0]"
    assert "'linux/amd64'" in problem[1]


def test_a_secret_is_not_shown_in_a_reason() -> None:
    inputs = {**app(), "configuration": {"secrets": [{"name": "key", "value": Secret(["hunter2"])}]}}
    ((path, reason),) = schema.problems(APP, inputs)
    assert path == "configuration.secrets[0].value"
    assert "hunter2" not in reason


@pytest.mark.parametrize("hidden", [{"valu": "hunter2"}, {"value": ["hunter2"]}])
def test_nothing_inside_of_a_secret_is_shown(hidden: dict[str, Any]) -> None:
    inputs = {**app(), "configuration": Secret({"secrets": [{"name": "key", **hidden}], "activeRevisionsMode": 3})}
    found = schema.problems(APP, inputs)
    assert len(found) == 2
    assert "hunter2" not in str(found)
    assert "got a secret of another type" in str(found)


def test_a_bridged_provider_gets_its_own_types() -> None:
    given = record(ttl="30", allowOverwrite="true", setIdentifier=7, records=Secret([Secret("a"), 1]), aliases=None)
    assert schema.normalise(RECORD, given) == record(
        ttl=30, allowOverwrite=True, setIdentifier="7", records=Secret([Secret("a"), "1"])
    )


def test_normalising_leaves_no_problem_and_changes_nothing_twice() -> None:
    template = {
        "containers": [{"image": "a", "ports": {"containerPort": "8080"}}],
        "maxInstanceRequestConcurrency": "8",
    }
    once = schema.normalise(RUN, {"location": "europe-west1", "template": template})
    assert once["template"]["containers"][0]["ports"]["containerPort"] == 8080
    assert schema.normalise(RUN, once) == once
    assert schema.problems(RUN, once) == []


def test_other_providers_are_sent_what_was_given() -> None:
    assert schema.normalise(APP, {**app(), "kind": None}) == app()


def test_a_provider_configuration_travels_as_json_text() -> None:
    arguments = {"region": "eu-west-1", "allowedAccountIds": '["000000000000"]', "skipRegionValidation": "true"}
    engine = {"version": "7.51.1", "__internal": {}, "maxRetries": Secret("3")}
    config = schema.provider_config("aws", {**arguments, **engine})
    assert config == {
        "region": "eu-west-1",
        "allowedAccountIds": ["000000000000"],
        "skipRegionValidation": True,
        "maxRetries": Secret(3),
    }
    assert schema.problems("pulumi:providers:aws", config) == []
    assert schema.problems("pulumi:providers:aws", {"regoin": "x"}) == [
        ("regoin", "unknown property; did you mean 'region'?")
    ]
