"""What an SDK promises is there, and what a program gave or a cloud computed is not lost under it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engine import outputs
from sandbox.engine.sdk import UnknownToken
from sandbox.engine.wire import UNKNOWN, Secret, has_secret

APP = "azure-native:app:ContainerApp"
RECORD = "aws:route53/record:Record"
ARM_ID = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.App/containerApps/api"
SETS = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.integers(0, 3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2),
        max_leaves=6,
    ),
    max_size=3,
)


def test_every_promise_is_kept() -> None:
    whole = outputs.complete(APP, {"resourceGroupName": "rg", "containerAppName": "api"}, {}, ARM_ID)
    assert whole.keys() >= outputs.promised_names(APP)
    assert whole.keys() <= outputs.output_names(APP)
    assert None not in whole.values()


def test_a_preview_does_not_pretend_to_know() -> None:
    whole = outputs.complete(
        APP, {"containerAppName": "api", "location": "westeurope"}, {"runningStatus": "Ready"}, None
    )
    assert whole["latestRevisionFqdn"] is UNKNOWN
    assert whole["name"] == "api"
    assert whole["location"] == "westeurope"
    assert whole["runningStatus"] == "Ready"


def test_what_the_cloud_computes_lies_over_the_inputs_at_any_depth() -> None:
    inputs = {"configuration": {"ingress": {"external": True}, "secrets": [{"name": "k", "value": Secret("v")}]}}
    whole = outputs.complete(APP, inputs, {"configuration": {"ingress": {"fqdn": "api.example"}}}, ARM_ID)
    assert whole["configuration"]["ingress"]["fqdn"] == "api.example"
    assert whole["configuration"]["ingress"]["external"] is True
    assert whole["configuration"]["secrets"] == [{"name": "k", "value": Secret("v")}]


def test_promises_inside_of_an_input_are_kept_too() -> None:
    whole = outputs.complete(APP, {"configuration": {"ingress": {"external": True}}}, {}, ARM_ID)
    assert whole["configuration"]["ingress"]["fqdn"] == f"{ARM_ID}/fqdn"


def test_azure_names_and_types_are_in_the_id() -> None:
    whole = outputs.complete(APP, {"containerAppName": "api", "resourceGroupName": "rg"}, {}, ARM_ID)
    assert (whole["name"], whole["type"]) == ("api", "Microsoft.App/containerApps")
    assert "containerAppName" not in whole
    group = outputs.complete("azure-native:resources:ResourceGroup", {}, {}, "/subscriptions/0/resourceGroups/rg")
    assert (group["name"], group["type"]) == ("rg", "Microsoft.Resources/resourceGroups")


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (APP, "containerAppName"),
        ("azure-native:app:ManagedEnvironment", "environmentName"),
        ("azure-native:app:Certificate", "certificateName"),
        ("azure-native:app:ManagedCertificate", "managedCertificateName"),
        ("azure-native:containerregistry:Registry", "registryName"),
        ("azure-native:containerregistry:Token", "tokenName"),
        ("azure-native:containerregistry:ScopeMap", "scopeMapName"),
        ("azure-native:keyvault:Vault", "vaultName"),
        ("azure-native:keyvault:Secret", "secretName"),
        ("azure-native:managedidentity:UserAssignedIdentity", "resourceName"),
        ("azure-native:operationalinsights:Workspace", "workspaceName"),
        ("azure-native:resources:ResourceGroup", "resourceGroupName"),
        (RECORD, None),
        ("docker-build:index:Image", None),
    ],
)
def test_the_input_that_comes_back_as_name(token: str, name: str | None) -> None:
    assert outputs.name_input(token) == name


def test_defaults_of_the_provider_and_tags_come_back() -> None:
    token = "aws:ecr/repository:Repository"
    whole = outputs.complete(token, {"tags": {"a": "b"}}, {}, "repo", config={"region": "eu-west-1", "project": "no"})
    assert whole["region"] == "eu-west-1"
    assert whole["tagsAll"] == {"a": "b"}
    assert "project" not in whole
    assert whole["arn"] == "repo/arn"
    assert whole["name"] == ""


def test_a_wrong_name_from_a_cloud_is_its_own_fault_and_said() -> None:
    with pytest.raises(LookupError, match="has no output fqdm"):
        outputs.complete(RECORD, {}, {"fqdm": "x"}, "id")
    with pytest.raises(LookupError, match="has no output zone"):
        outputs.complete_result("aws:route53/getZone:getZone", {"zone": "x"})
    with pytest.raises(UnknownToken):
        outputs.complete("aws:route53/rekord:Rekord", {}, {}, "id")


def test_a_function_gives_its_arguments_back_and_all_that_is_promised() -> None:
    token = "aws:route53/getZone:getZone"
    result = outputs.complete_result(token, {"zoneId": "Z1"}, {"name": "outlast.example", "unheard": 1})
    assert result["zoneId"] == "Z1"
    assert result["name"] == "outlast.example"
    assert result.keys() >= outputs.promised_names(token)
    assert "unheard" not in result


def test_what_holds_on_over_an_update() -> None:
    old_inputs = {"a": 1, "box": {"x": 1}, "gone": {"x": 1}, "list": [{"x": 1}, {"x": 2}], "shorter": [{"x": 1}]}
    old = {
        "a": 1,
        "own": {"y": 1},
        "box": {"x": 1, "seen": 7},
        "gone": {"x": 1, "seen": 8},
        "list": [{"x": 1}, {"x": 2, "seen": 9}],
        "shorter": [{"x": 1, "seen": 10}],
    }
    new_inputs = {"a": 2, "box": {"x": 5}, "list": [{"x": 3}, {"x": 4}], "shorter": []}
    carried = outputs.carry(old, old_inputs, new_inputs)
    assert carried == {"own": {"y": 1}, "box": {"seen": 7}, "list": [{}, {"seen": 9}]}
    assert outputs.merge(carried, new_inputs) == {
        "a": 2,
        "own": {"y": 1},
        "box": {"x": 5, "seen": 7},
        "list": [{"x": 3}, {"x": 4, "seen": 9}],
        "shorter": [],
    }


@settings(max_examples=60, deadline=None)
@given(SETS, SETS)
def test_carrying_over_unchanged_inputs_loses_nothing(inputs: dict[str, Any], computed: dict[str, Any]) -> None:
    whole = outputs.merge(inputs, computed)
    restored = outputs.merge(outputs.carry(whole, inputs, inputs), inputs)
    assert whole.keys() == restored.keys()
    untouched = outputs.merge(inputs, {name: value for name, value in computed.items() if name not in inputs})
    assert outputs.merge(outputs.carry(untouched, inputs, inputs), inputs) == untouched


@settings(max_examples=60, deadline=None)
@given(SETS, SETS)
def test_what_lies_above_wins_and_secrets_stay(below: dict[str, Any], above: dict[str, Any]) -> None:
    merged = outputs.merge(below, above)
    assert merged.keys() == below.keys() | above.keys()
    assert all(merged[name] == value for name, value in above.items() if not isinstance(value, dict | list))
    for name in below.keys() & above.keys():
        assert has_secret(outputs.merge({name: Secret(below[name])}, above)[name])


# -- inputs that come back in another form: a list of ids goes in, a map of what Azure knows of them comes out ------

IDENTITY = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
GIVEN = {"identity": {"type": "UserAssigned", "userAssignedIdentities": [IDENTITY]}}
KNOWN = {
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {"clientId": "c", "principalId": "p"}}}
}


def test_an_input_that_comes_back_in_another_form_is_not_known_in_a_preview() -> None:
    created = outputs.complete(APP, GIVEN, {}, None, preview=True)
    assert created["identity"]["userAssignedIdentities"] is UNKNOWN
    changed = outputs.complete(APP, {"identity": Secret(GIVEN["identity"])}, {}, ARM_ID, preview=True)
    assert changed["identity"].value["userAssignedIdentities"] is UNKNOWN


def test_it_is_carried_over_an_update_of_something_else_and_not_over_its_own() -> None:
    before = {"template": {"scale": {}}} | KNOWN
    same = outputs.carry(before, GIVEN | {"template": {}}, GIVEN | {"template": {"scale": {"maxReplicas": 5}}})
    whole = outputs.complete(APP, GIVEN, {}, ARM_ID, carried=same, preview=True)
    assert whole["identity"]["userAssignedIdentities"] == KNOWN["identity"]["userAssignedIdentities"]
    other: dict[str, Any] = {"identity": {"type": "UserAssigned", "userAssignedIdentities": [f"{IDENTITY}-2"]}}
    fresh = outputs.complete(APP, other, {}, ARM_ID, carried=outputs.carry(before, GIVEN, other), preview=True)
    assert fresh["identity"]["userAssignedIdentities"] is UNKNOWN


def test_it_is_left_to_the_cloud_where_the_resource_exists() -> None:
    assert "userAssignedIdentities" not in outputs.complete(APP, GIVEN, {}, ARM_ID)["identity"]
    computed = outputs.complete(APP, GIVEN, KNOWN, ARM_ID)
    assert computed["identity"]["userAssignedIdentities"] == KNOWN["identity"]["userAssignedIdentities"]
