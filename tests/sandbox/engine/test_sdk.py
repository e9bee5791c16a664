"""What is read out of the SDKs' private parts: these fail when a new SDK is built differently."""

from __future__ import annotations

import ast
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from pulumi import _types
from pulumi.runtime import rpc

from sandbox.engine import sdk
from sandbox.engine.sdk import Anything, Choice, Field, ListOf, MapOf, OneOf, Record, Scalar, UnknownToken

ONE_OF_EACH_PACKAGE = [
    "aws:route53/record:Record",
    "azure-native:app:ContainerApp",
    "gcp:cloudrunv2/service:Service",
    "docker-build:index:Image",
]


def test_the_private_names_are_still_there() -> None:
    for module, names in {
        _types: ("is_input_type", "is_output_type", "input_type_py_to_pulumi_names", "resource_pulumi_to_py_names"),
        rpc: ("get_resource_module",),
    }.items():
        assert all(callable(getattr(module, name)) for name in names)
    assert callable(_types._raw_return_hints)
    sdk.resource_class("docker-build:index:Image")
    module = rpc.get_resource_module("docker-build", "index", "")
    assert module.mod_info["classes"]["docker-build:index:Image"] == "Image"  # type: ignore[union-attr]


@pytest.mark.parametrize("token", ONE_OF_EACH_PACKAGE)
def test_every_package_tells_its_inputs_and_outputs(token: str) -> None:
    assert len(sdk.inputs_of(token).fields) > 10
    assert any(field.promised for field in sdk.outputs_of(token).fields.values())
    assert "id" not in sdk.outputs_of(token).fields


def test_inputs_have_their_names_requirement_and_shape() -> None:
    fields = sdk.inputs_of("aws:route53/record:Record").fields
    assert fields["zoneId"] == Field("zone_id", True, Scalar.STRING)
    assert fields["ttl"] == Field("ttl", False, Scalar.INTEGER)
    assert fields["records"] == Field("records", False, ListOf(Scalar.STRING))
    weighted = fields["weightedRoutingPolicies"].shape
    assert isinstance(weighted, ListOf)
    assert isinstance(weighted.item, Record)
    assert weighted.item.fields == {"weight": Field("weight", True, Scalar.INTEGER)}


def test_nested_types_maps_and_open_enums() -> None:
    fields = sdk.inputs_of("azure-native:app:ContainerApp").fields
    assert fields["tags"].shape == MapOf(Scalar.STRING)
    kind = fields["kind"].shape
    assert isinstance(kind, OneOf)
    assert kind.options[0] is Scalar.STRING
    assert isinstance(kind.options[1], Choice)
    configuration = fields["configuration"].shape
    assert isinstance(configuration, Record)
    ingress = configuration.fields["ingress"].shape
    assert isinstance(ingress, Record)
    assert ingress.fields["targetPort"].python_name == "target_port"


def test_outputs_know_what_is_always_there() -> None:
    fields = sdk.outputs_of("azure-native:app:ContainerApp").fields
    assert fields["name"].promised
    assert not fields["tags"].promised
    assert fields["outboundIpAddresses"].shape == ListOf(Scalar.STRING)


def test_functions_are_found_by_their_result() -> None:
    fields = sdk.outputs_of("aws:route53/getZone:getZone").fields
    assert fields["nameServers"] == Field("name_servers", True, ListOf(Scalar.STRING))
    assert "id" in fields


def test_a_module_named_like_a_keyword_is_found() -> None:
    assert "arn" in sdk.outputs_of("aws:lambda/getFunction:getFunction").fields


def test_a_provider_is_a_type_too() -> None:
    assert sdk.inputs_of("pulumi:providers:aws").fields["allowedAccountIds"].shape == ListOf(Scalar.STRING)


def test_files_are_not_looked_into() -> None:
    assert sdk.inputs_of("aws:lambda/function:Function").fields["code"].shape is Anything.FILE


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("aws:ecs/service:Sevice", "has no resource type"),
        ("aws:nothing/here:Here", "has no resource type"),
        ("random:index/randomId:RandomId", "no SDK of the package 'random'"),
        ("Nonsense:", "no SDK"),
        ("aws:Nonsense", "not a type token"),
        ("aws:nonsense", "not a function token"),
        ("aws:route53/getNothing:getNothing", "no class GetNothingResult"),
        ("aws:nothing/getHere:getHere", "no module 'nothing'"),
    ],
)
def test_what_no_sdk_has_is_said(token: str, reason: str) -> None:
    with pytest.raises(UnknownToken, match=reason):
        sdk.outputs_of(token)


def test_the_version_is_the_one_that_the_sdk_asks_for() -> None:
    from pulumi_docker_build import _utilities

    assert sdk.version_of("docker-build") == _utilities.get_version()


def test_threads_may_ask_at_once() -> None:
    """In a process of its own, where nothing is loaded yet: lazy modules break when two threads load one."""
    program = f"""
from concurrent.futures import ThreadPoolExecutor
from sandbox.engine import sdk
tokens = {ONE_OF_EACH_PACKAGE[1:3]!r} * 4
with ThreadPoolExecutor(8) as pool:
    assert all(list(pool.map(lambda token: sdk.inputs_of(token).fields, tokens)))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_asking_twice_gives_the_same_class() -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(sdk.resource_class, ["docker-build:index:Image"] * 2)
    assert first is second


def test_one_syntax_tree_is_built_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    free: list[bool] = []

    def parse_watched(source: str) -> ast.AST:
        with ThreadPoolExecutor(1) as another:
            free.append(another.submit(sdk._one_at_a_time.acquire, False).result())
        return parse(source)

    parse = ast.parse
    monkeypatch.setattr(sdk.ast, "parse", parse_watched)
    sdk.secrets_of.__wrapped__("aws:secretsmanager/secretVersion:SecretVersion")
    assert free and not any(free), "another thread may build one as well"
