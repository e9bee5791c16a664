"""Our own rules, broken and kept, on each cloud that they hold on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.policy.every import CAPACITY_TAG, CHECK, OF_SITES, RECORD, RULES
from infra.policy.rule import Facts, Resource
from infra.policy.values import APP, RUN, TASK
from tests.infra.policy.held import ask, ask_stack, task

DIGEST = "registry.example/service@sha256:" + "a" * 64
ON = {TASK: "environment", APP: "env", RUN: "envs"}


def workload(type_: str, **container: Any) -> dict[str, Any]:
    return task(**container) if type_ == TASK else {"template": {"containers": [{"name": "service", **container}]}}


def check(name: str, capacity: int = 100, **inputs: Any) -> Resource:
    return Resource(CHECK, name, {"tags": {CAPACITY_TAG: str(capacity)}, **inputs})


def test_every_rule_has_a_test_here() -> None:
    assert {rule.name for rule in RULES} == {
        "image-by-digest",
        "secrets-not-in-plain",
        "residency",
        "held-is-protected",
        "labelled",
        "check-not-of-the-public-host",
        "records-checked",
        "budget-present",
        "survivors-can-carry",
    }


@pytest.mark.parametrize("type_", ON)
def test_an_image_is_named_by_its_digest(type_: str) -> None:
    assert "service:latest" in ask("image-by-digest", workload(type_, image="r.example/service:latest"), type_)
    assert ask("image-by-digest", workload(type_, image=DIGEST), type_) == ""


@pytest.mark.parametrize("type_", ON)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTLAST_RECEIPT_KEYS", "k1:abc"),
        ("DB_PASSWORD", "x"),
        ("GITHUB_TOKEN", "x"),
        ("NOTE", "AKIAIOSFODNN7EXAMPLE"),
        ("PEM", "-----BEGIN RSA PRIVATE KEY-----"),
    ],
)
def test_a_secret_in_plain_is_refused_by_name_and_by_look(type_: str, name: str, value: str) -> None:
    inputs = workload(type_, **{ON[type_]: [{"name": name, "value": value}]})
    assert name in ask("secrets-not-in-plain", inputs, type_)


@pytest.mark.parametrize("type_", ON)
def test_hashes_references_and_plain_settings_are_no_secrets(type_: str) -> None:
    given = [
        {"name": "OUTLAST_MODEL_DIGESTS", "value": "{}"},
        {"name": "OUTLAST_TOKENS_PER_SECOND", "value": ""},
        {"name": "OUTLAST_RECEIPT_KEYS", "secretRef": "receipt-keys", "value": None},
    ]
    assert ask("secrets-not-in-plain", workload(type_, **{ON[type_]: given}), type_) == ""


@pytest.mark.parametrize(
    ("type_", "inputs", "says"),
    [
        ("azure-native:app:ContainerApp", {"location": "West Europe"}, "westeurope"),
        ("azure-native:app:ContainerApp", {"location": "East US"}, ""),
        ("gcp:cloudrunv2/service:Service", {"location": "us-west1"}, "us-west1"),
        ("gcp:certificatemanager/certificate:Certificate", {"location": "global"}, ""),
        ("gcp:compute/globalAddress:GlobalAddress", {}, ""),
        ("pulumi:providers:aws", {"region": "us-east-1"}, ""),
    ],
)
def test_what_has_a_place_lies_in_the_sites_region(type_: str, inputs: dict[str, Any], says: str) -> None:
    facts = Facts(regions=("eastus",))
    found = ask("residency", inputs, type_, facts)
    assert says in found and bool(says) == bool(found)
    assert ask("residency", inputs, type_, Facts()) == "", "without a region nothing is known"


@pytest.mark.parametrize("type_", OF_SITES)
def test_what_holds_data_or_a_name_is_protected(type_: str) -> None:
    assert "a `destroy` takes" in ask("held-is-protected", {}, type_)
    assert ask("held-is-protected", {}, type_, protected=True) == ""


def test_a_check_never_looks_the_public_host_up() -> None:
    record = Resource(RECORD, "aws", {"name": "api.example.com"})
    public, own = check("aws", fqdn="api.example.com"), check("aws", fqdn="aws.api.example.com")
    by_address = check("gcp", fqdn="api.example.com", ipAddress="192.0.2.1")
    assert ask_stack("check-not-of-the-public-host", [record, public]) == ["the check 'aws' looks up api.example.com"]
    assert ask_stack("check-not-of-the-public-host", [record, own, by_address]) == []


def test_a_routed_record_has_a_check() -> None:
    weighted = {"weightedRoutingPolicies": [{"weight": 1}]}
    assert ask("records-checked", weighted) == "it has no health check"
    assert ask("records-checked", {**weighted, "healthCheckId": "id"}) == ""
    assert ask("records-checked", {"records": ["192.0.2.1"]}) == ""


def test_a_budget_is_there() -> None:
    assert ask_stack("budget-present", []) == ["the stack's file has no outlast:monthlyBudgetUsd"]
    assert ask_stack("budget-present", [], monthlyBudgetUsd="300") == []


def test_whichever_site_is_lost_the_others_bear_the_peak() -> None:
    sites = [check("aws", 100), check("azure", 200), check("gcp", 200)]
    assert ask_stack("survivors-can-carry", sites, peakRps="300") == []
    assert ask_stack("survivors-can-carry", sites, peakRps="301") == [
        "without 'azure' the others bear 300 requests a second, and the peak is 301",
        "without 'gcp' the others bear 300 requests a second, and the peak is 301",
    ]
    assert ask_stack("survivors-can-carry", sites) == [], "nothing is promised"


def test_clients_of_a_geography_have_its_own_sites_alone() -> None:
    sites = [check("aws", 100), check("azure", 200), check("gcp", 400)]
    geographies = {"eu": {"allowedSites": ["azure", "gcp"]}, "world": {"allowedSites": ["aws", "azure", "gcp"]}}
    asked = {"routing": "geolocation", "geographies": json.dumps(geographies)}
    assert ask_stack("survivors-can-carry", sites, peakRps="200", **asked) == []
    assert ask_stack("survivors-can-carry", sites, peakRps="300", **asked) == [
        "clients of eu: without 'gcp' the others bear 200 requests a second, and the peak is 300"
    ], "in the world aws helps, whom nobody in eu reaches"
    alone = asked | {"geographies": json.dumps({"eu": {"allowedSites": ["gcp"]}})}
    assert ask_stack("survivors-can-carry", sites, peakRps="1", **alone) == [
        "clients of eu: without 'gcp' the others bear 0 requests a second, and the peak is 1"
    ]


@pytest.mark.parametrize("type_", OF_SITES)
def test_what_a_production_site_holds_says_whose_it_is(type_: str) -> None:
    production = Facts("aws", {"size": "production"})
    name = "labels" if type_.startswith("gcp:") else "tags"
    half, whole = {name: {"owner": "ml"}}, {name: {"owner": "ml", "cost-centre": "7", "data-class": "internal"}}
    assert ask("labelled", half, type_, production) == "it carries no cost-centre, data-class"
    assert ask("labelled", whole, type_, production) == ""
    assert ask("labelled", {}, type_) == "", "a small site need not say it"
