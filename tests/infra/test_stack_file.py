"""Mistakes in a stack file: each is found, named with its place, and answered with what to write instead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trial
from hypothesis import strategies as st

from infra.settings.kinds import SiteSettings, TrafficSettings, ZoneSettings
from infra.stack_file import KINDS, parse
from service.errors import InvalidInput, Mistake
from tests.infra.harness import STACKS, as_text, configuration


def mistakes(stack: str, **changed: Any) -> dict[str, Mistake]:
    """The mistakes of a committed stack file after `changed`, by key."""
    return mistakes_in(stack, configuration(stack, **changed))


@pytest.mark.parametrize("given", [["EU"], ["a" * 21], ["azure"], ["eu", "eu"], "eu"])
def test_a_geography_is_part_of_names(given: Any) -> None:
    assert "geographies" in mistakes("azure", geographies=given)


def mistakes_in(stack: str, config: dict[str, str]) -> dict[str, Mistake]:
    with pytest.raises(InvalidInput) as caught:
        parse(stack, config)
    assert caught.value.exit_code == 2
    assert len({m.place for m in caught.value.mistakes}) == len(caught.value.mistakes), "one mistake, said twice"
    return {m.place.split(": ")[1].removeprefix("outlast:"): m for m in caught.value.mistakes}


def with_key(stack: str, key: str, value: Any) -> dict[str, str]:
    """A committed stack file with one setting of any namespace changed; None leaves it out."""
    config = configuration(stack) | {key: as_text(value)}
    return config if value is not None else {k: v for k, v in config.items() if k != key}


@pytest.mark.parametrize("stack", STACKS)
def test_committed_file_is_right(stack: str) -> None:
    assert parse(stack, configuration(stack)).name == stack


def test_zone_is_read_whole() -> None:
    assert parse("zone", configuration("zone")) == ZoneSettings(
        kind="zone",
        name="zone",
        domain="outlast.example",
        host="api.outlast.example",
        protect=False,
        labels={"stack": "zone"},
    )


def test_every_mistake_is_reported_at_once() -> None:
    config = configuration("traffic", weights={"aws": -1, "azure": 30, "gcp": 20}, ttlSeconds=0, tll=1, sites=None)
    found = mistakes_in("traffic", config)
    assert found.keys() == {"sites", "weights.aws", "ttlSeconds", "tll"}


@pytest.mark.parametrize(
    ("stack", "changed", "key", "what", "hint"),
    [
        # keys
        ("zone", {"hots": "api.outlast.example"}, "hots", "not a setting", "did you mean 'host'?"),
        (
            "zone",
            {"zzz": "1"},
            "zzz",
            "not a setting",
            "known here: costCentre, dataClass, domain, exceptions, host, kind, owner, protect",
        ),
        ("zone", {"host": None}, "host", "is missing", "such as api"),
        ("zone", {"kind": None}, "kind", "is missing", ""),
        ("zone", {"kind": "zones"}, "kind", "'zones'", "'zone'?"),
        # hosts
        ("zone", {"host": "Api.outlast.example"}, "host", "'Api.outlast.example'", "lower case"),
        ("zone", {"host": "*.outlast.example"}, "host", "'*.outlast.example'", "host name"),
        ("zone", {"host": "api..outlast.example"}, "host", "'api..outlast.example'", "host name"),
        ("zone", {"host": "https://api.outlast.example"}, "host", "https", "host name"),
        ("zone", {"host": "api.other.example"}, "host", "not in the zone 'outlast.example'", "api.outlast.example"),
        ("zone", {"host": "outlast.example"}, "host", "cannot be a CNAME", "api.outlast.example"),
        ("zone", {"host": f"{'a' * 49}.outlast.example"}, "host", "has 65 characters", "at most 64"),
        ("zone", {"domain": "example"}, "domain", "'example'", "host name"),
        ("zone", {"protect": "yes"}, "protect", "'yes'", "true or false"),
        # traffic
        ("traffic", {"weights": {"aws": 0, "azure": 0, "gcp": 0}}, "weights", "all are 0", "at least 1"),
        ("traffic", {"weights": {"aws": 256, "azure": 1, "gcp": 1}}, "weights.aws", "is 256", "0 to 255"),
        ("traffic", {"weights": {"aws": 1.5, "azure": 1, "gcp": 1}}, "weights.aws", "is 1.5", "whole number"),
        ("traffic", {"weights": {"aws": True, "azure": 1, "gcp": 1}}, "weights.aws", "is True", "whole number"),
        ("traffic", {"weights": {"aws": "50", "azure": 1, "gcp": 1}}, "weights.aws", "is '50'", "whole number"),
        ("traffic", {"weights": {"aws": 1, "azure": 1}}, "weights.gcp", "is missing", "in reserve"),
        ("traffic", {"sites": ["aws", "azure"]}, "weights.gcp", "not among outlast:sites", "aws, azure"),
        ("traffic", {"sites": ["aws", "azure", "gcp", "aws"]}, "sites", "aws", "each of them once"),
        ("traffic", {"ttlSeconds": "half a minute"}, "ttlSeconds", "'half a minute'", "a whole number"),
        ("traffic", {"ttlSeconds": 30.5}, "ttlSeconds", "'30.5'", "a whole number"),
        ("traffic", {"ttlSeconds": 3601}, "ttlSeconds", "'3601'", "from 1 to 3600"),
        ("traffic", {"checkIntervalSeconds": 17}, "checkIntervalSeconds", "'17'", "10, 30"),
        ("traffic", {"failureThreshold": 11}, "failureThreshold", "'11'", "from 1 to 10"),
        ("traffic", {"checkerRegions": ["us-east-1"]}, "checkerRegions", "has 1", "at least three"),
        ("traffic", {"checkerRegions": ["us-east-1", "us-west-1", "eu-wset-1"]}, "checkerRegions", "eu-w", "eu-west-1"),
        ("traffic", {"acceptedModels": []}, "acceptedModels", "names no model", "one"),
        ("aws", {"models": ["tumour@sha256:12"]}, "models", "tumour@sha256:12", "name@sha256:…"),
        ("traffic", {"acceptedModels": ["v1"]}, "acceptedModels", "v1", "64 hexadecimal"),
        ("traffic", {"acceptedModels": [f"sha256:{c * 64}" for c in "abc"]}, "acceptedModels", "has 3", "two while"),
        # any site
        ("aws", {"cpu": 0.3}, "cpu", "is 0.3, which aws does not offer", "0.25, 0.5, 1, 2, 4, 8, 16"),
        ("aws", {"memoryMiB": 5120}, "memoryMiB", "is 5120", "1024 to 4096 in steps of 1024 beside 0.5 CPU"),
        ("aws", {"cpu": 0.25, "memoryMiB": 1536}, "memoryMiB", "is 1536", "512 or 1024 or 2048"),
        ("azure", {"memoryMiB": 2048}, "memoryMiB", "is 2048", "1024 beside 0.5 CPU"),
        ("azure", {"cpu": 0.3}, "cpu", "is 0.3", "0.25, 0.5, 0.75"),
        ("gcp", {"cpu": 0.5}, "cpu", "is 0.5", "1, 2, 4, 6, 8"),
        ("gcp", {"cpu": 4, "memoryMiB": 1024}, "memoryMiB", "is 1024", "2048 to 16384 beside 4 CPU"),
        ("gcp", {"cpu": "nan"}, "cpu", "'nan'", "a number"),
        ("gcp", {"minReplicas": 3, "maxReplicas": 2}, "maxReplicas", "less than minReplicas (3)", "at least 3"),
        ("gcp", {"minReplicas": 0}, "minReplicas", "'0'", "from 1 to 300"),
        ("gcp", {"concurrency": 0}, "concurrency", "'0'", "from 1 to 1000"),
        ("gcp", {"rpsPerReplica": None}, "rpsPerReplica", "is missing", "a whole number"),
        ("gcp", {"environment": {"OUTLAST_AUTH": False}}, "environment.OUTLAST_AUTH", "is False", "in quotes"),
        ("gcp", {"environment": {"PORT": "80"}}, "environment.PORT", "set by the program", "leave it out"),
        ("gcp", {"environment": {"A B": "1"}}, "environment.A B", "not the name of a variable", "letters"),
        ("gcp", {"environment": ["A=1"]}, "environment", '["A=1"]', "a map"),
        ("gcp", {"prefix": "Out last"}, "prefix", "'Out last'", "letters a-z"),
        ("gcp", {"prefix": "x" * 40}, "prefix", "service account: 6 to 30 characters", "another prefix"),
        ("azure", {"prefix": "out--last"}, "prefix", "container app", "another prefix"),
        ("aws", {"prefix": "internal-x"}, "prefix", "load balancer", "another prefix"),
        ("gcp", {"zone": "a/b"}, "zone", "'a/b'", "the name of a stack"),
        ("aws", {"logRetentionDays": 100}, "logRetentionDays", "is 100, which aws does not offer", "90 or 120 (Cloud"),
        ("azure", {"logRetentionDays": 14}, "logRetentionDays", "is 14, which azure does not", "write 30 to 730"),
        ("gcp", {"logRetentionDays": 3651}, "logRetentionDays", "is 3651, which gcp does not", "write 1 to 3650"),
        ("gcp", {"logRetentionDays": 0}, "logRetentionDays", "'0'", "from 1 to 3653"),
        # one cloud's own
        ("aws", {"availabilityZones": ["us-east-1a"]}, "availabilityZones", "has 1", "write two or three"),
        ("aws", {"availabilityZones": ["us-east-1a", "eu-west-1a"]}, "availabilityZones", "eu-west-1a", "of us-east-1"),
        ("aws", {"vpcCidr": "10.20.0.1/16"}, "vpcCidr", "10.20.0.1/16", "a private IPv4 range"),
        ("aws", {"vpcCidr": "8.8.0.0/16"}, "vpcCidr", "8.8.0.0/16", "a private IPv4 range"),
        ("aws", {"vpcCidr": "198.18.0.0/16"}, "vpcCidr", "198.18.0.0/16", "a private IPv4 range (RFC 1918"),
        (
            "aws",
            {"vpcCidr": "10.0.0.0/26", "minReplicas": 2, "maxReplicas": 20},
            "vpcCidr",
            "room for 38 tasks",
            "larger",
        ),
        ("azure", {"architecture": "arm64"}, "architecture", "Container Apps runs x86_64 alone", "leave it out"),
        ("gcp", {"architecture": "arm64"}, "architecture", "Cloud Run runs x86_64 alone", "leave it out"),
        ("aws", {"architecture": "arm"}, "architecture", "'arm'", "arm64"),
        ("aws", {"spotAbove": "mostly"}, "spotAbove", "'mostly'", "true or false"),
        ("aws", {"prefix": "sg"}, "prefix", "'sg-aws' cannot be the name of a security group", "another prefix"),
        ("azure", {"prefix": "login"}, "prefix", "'login-azure' cannot be the name of a resource", "another prefix"),
        ("azure", {"prefix": "my-windows"}, "prefix", "reserved words", "another prefix"),
        ("aws", {"network": "closed"}, "network", "'closed'", "private, public"),
        (
            "aws",
            {"network": "private", "vpcCidr": "10.0.0.0/26"},
            "vpcCidr",
            "too small for 4 subnets",
            "/25 or larger",
        ),
        (
            "aws",
            {"availabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"], "vpcCidr": "10.0.0.0/26"},
            "vpcCidr",
            "too small for 3 subnets",
            "/25 or larger",
        ),
        ("aws", {"vpcCidr": "10.0.0.0/27"}, "vpcCidr", "10.0.0.0/27", "/16 to /26"),
        ("azure", {"zoneRedundant": True}, "zoneRedundant", "lies in one zone", "outlast:network: private as well"),
        ("azure", {"network": "private", "vnetCidr": "8.8.0.0/16"}, "vnetCidr", "8.8.0.0/16", "a private IPv4 range"),
        ("azure", {"network": "private", "vnetCidr": "10.0.0.0/28"}, "vnetCidr", "10.0.0.0/28", "from /16 to /27"),
        (
            "azure",
            {"network": "private", "vnetCidr": "172.30.4.0/24"},
            "vnetCidr",
            "172.30.4.0",
            "172.30.0.0/16, which",
        ),
        (
            "azure",
            {"network": "private", "vnetCidr": "10.0.0.0/27", "maxReplicas": 91},
            "vnetCidr",
            "has room for 90 replicas",
            "larger range",
        ),
        ("azure", {"certificateVault": "my-vault"}, "certificateVault", "my-vault", "az keyvault show"),
        (
            "azure",
            {"certificateSecret": "https://outlast-sandbox.vault.azure.net/secrets/a/0123456789abcdef"},
            "certificateSecret",
            "0123456789abcdef",
            "https://<vault>.vault.azure.net/secrets/<name>",
        ),
        (
            "azure",
            {"certificateSecret": "https://other.vault.azure.net/secrets/a"},
            "certificateSecret",
            "is not in the vault",
            "the same vault",
        ),
        ("azure", {"registryLogin": "admin"}, "registryLogin", "'admin'", "docker, token"),
        ("traffic", {"clientKinds": ["jvm", "netscape"]}, "clientKinds", "netscape", "browser"),
        ("azure", {"dnsRole": "my-role"}, "dnsRole", "my-role", "the ARN of a role"),
    ],
)
def test_one_mistake(stack: str, changed: dict[str, Any], key: str, what: str, hint: str) -> None:
    found = mistakes(stack, **changed)
    assert found.keys() == {key}
    assert what in found[key].what
    assert hint in found[key].hint
    assert found[key].place.startswith(f"stacks/Pulumi.{stack}.yaml: ")


@pytest.mark.parametrize(
    ("stack", "key", "value", "what", "hint"),
    [
        ("aws", "aws:region", "us-eats-1", "'us-eats-1'", "'us-east-1'?"),
        ("aws", "aws:region", "aws-global", "'aws-global'", ""),
        ("azure", "azure-native:location", "East US", "'East US'", "'eastus'?"),
        ("azure", "azure-native:location", "us-east-1", "'us-east-1'", ""),
        ("gcp", "gcp:region", "us-central1-a", "'us-central1-a'", "'us-central1'?"),
        ("gcp", "gcp:region", None, "is missing", ""),
        ("zone", "aws:allowedAccountIds", None, "is missing", "a list"),
        ("zone", "aws:allowedAccountIds", [0], "[0]", "in quotes"),
        ("traffic", "aws:allowedAccountIds", ["12345"], "12345", "12 digits"),
        ("azure", "aws:allowedAccountIds", None, "is missing", "a list"),
        ("azure", "azure-native:subscriptionId", "mine", "'mine'", "8-4-4-4-12"),
        ("gcp", "gcp:project", "Mine", "'Mine'", "the project's id"),
    ],
)
def test_where_it_would_be_deployed_is_pinned(stack: str, key: str, value: Any, what: str, hint: str) -> None:
    found = mistakes_in(stack, with_key(stack, key, value))
    assert found.keys() == {key}
    assert what in found[key].what
    assert hint in found[key].hint


def test_stack_name_that_cannot_be_part_of_a_host_name_is_refused() -> None:
    assert "part of host names" in mistakes_in("eu_west", configuration("gcp"))["kind"].what


def test_encrypted_setting_is_refused_because_its_value_would_not_stay_secret() -> None:
    config = configuration("aws")
    with pytest.raises(InvalidInput) as caught:
        parse("aws", config, ["outlast:environment", "aws:secretKey"])
    assert [m.place for m in caught.value.mistakes] == ["stacks/Pulumi.aws.yaml: outlast:environment"]


def test_error_is_shown_with_places_and_hints() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("gcp", with_key("gcp", "gcp:region", "us-centrel1"))
    assert str(caught.value).splitlines() == [
        "stacks/Pulumi.gcp.yaml has 1 mistake; nothing was changed",
        "- stacks/Pulumi.gcp.yaml: gcp:region: is 'us-centrel1'",
        "  hint: write 'us-central1'?",
        "hint: every setting is described in docs/reference/settings.md",
    ]


def test_a_second_deployment_and_a_second_site_are_files_only() -> None:
    second = parse("prod-aws-eu", configuration("aws", zone="prod-zone"))
    assert isinstance(second, SiteSettings)
    assert (second.name, second.zone) == ("prod-aws-eu", "prod-zone")
    traffic = parse("prod", configuration("traffic", sites=["aws", "aws-eu"], weights={"aws-eu": 0, "aws": 1}))
    assert isinstance(traffic, TrafficSettings)
    assert dict(traffic.weights) == {"aws": 1, "aws-eu": 0}


KEYS = sorted({k for s in STACKS for k in configuration(s)})
VALUES = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4).map(
        json.dumps
    ),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=3), max_size=3).map(json.dumps),
)


@trial(max_examples=50)
@given(kind=st.sampled_from(KINDS), config=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8))
def test_whatever_is_written_is_answered_with_mistakes_not_with_a_crash(kind: str, config: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("stack", config | {"outlast:kind": kind})
    assert caught.value.mistakes


@trial(max_examples=50)
@given(
    weights=st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.integers(-3, 260), min_size=1, max_size=5)
)
def test_weights_are_taken_exactly_when_route_53_takes_them(weights: dict[str, int]) -> None:
    config = configuration("traffic", sites=list(weights), weights=weights)
    if all(0 <= w <= 255 for w in weights.values()) and any(weights.values()):
        settings = parse("traffic", config)
        assert isinstance(settings, TrafficSettings)
        assert dict(settings.weights) == weights
    else:
        wrong = {f"weights.{s}" for s, w in weights.items() if not 0 <= w <= 255}
        assert mistakes_in("traffic", config).keys() == (wrong or {"weights"})


def test_the_day_of_a_measurement_is_a_date() -> None:
    found = mistakes("aws", rpsMeasuredOn="last week")
    assert found["rpsMeasuredOn"].hint == "write a date in quotes, such as 2027-12-31"
