"""Values that the SDKs list: any other is refused by its place, and what the program gives is among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.clouds import choices
from sandbox.engine.wire import UNKNOWN

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
APP, RUN = "azure-native:app:ContainerApp", "gcp:cloudrunv2/service:Service"


@pytest.mark.parametrize(
    ("type_", "inputs", "where", "listed"),
    [
        (APP, {"configuration": {"ingress": {"transport": "http3"}}}, "configuration.ingress.transport", "http2"),
        (
            APP,
            {"configuration": {"ingress": {"customDomains": [{"name": "a", "bindingType": "Sni"}]}}},
            "configuration.ingress.customDomains[0].bindingType",
            "SniEnabled",
        ),
        ("azure-native:containerregistry:Registry", {"sku": {"name": "Huge"}}, "sku.name", "Premium"),
        (RUN, {"ingress": "ALL"}, "ingress", "INGRESS_TRAFFIC_ALL"),
        (RUN, {"template": {"executionEnvironment": "GEN2"}}, "template.executionEnvironment", "_GEN2"),
        ("gcp:compute/sSLPolicy:SSLPolicy", {"minTlsVersion": "tls_1_2"}, "minTlsVersion", "TLS_1_2"),
        (
            "gcp:compute/backendService:BackendService",
            {"loadBalancingScheme": "EXTERNAL_X"},
            "loadBalancingScheme",
            "EXTERNAL_MANAGED",
        ),
    ],
)
def test_what_is_not_listed_is_refused_with_the_list(
    type_: str, inputs: dict[str, Any], where: str, listed: str
) -> None:
    [(path, reason)] = choices.mistakes(type_, inputs)
    assert path == where and listed in reason


@pytest.mark.parametrize(
    ("type_", "probe", "number", "right"),
    [
        (APP, {"type": "Startup"}, {"failureThreshold": 240}, True),
        (APP, {"type": "Startup"}, {"failureThreshold": 241}, False),
        (APP, {"type": "Liveness"}, {"periodSeconds": 0}, False),
        (APP, {"type": "Liveness"}, {"timeoutSeconds": 241}, False),
        (RUN, "startupProbe", {"periodSeconds": 240}, True),
        (RUN, "startupProbe", {"periodSeconds": 241}, False),
        (RUN, "livenessProbe", {"periodSeconds": 241}, True),
        (RUN, "livenessProbe", {"failureThreshold": 0}, False),
        (RUN, "livenessProbe", {"failureThreshold": UNKNOWN}, True),
    ],
)
def test_a_number_is_within_the_bounds_that_the_documentation_names(
    type_: str, probe: Any, number: dict[str, Any], right: bool
) -> None:
    container = {"probes": [{**probe, **number}]} if isinstance(probe, dict) else {probe: number}
    found = [path.rpartition(".")[2] for path, _ in choices.mistakes(type_, {"template": {"containers": [container]}})]
    assert found == ([] if right else list(number))


def test_azure_has_no_case_and_what_is_unknown_or_listed_nowhere_is_let_be() -> None:
    assert choices.mistakes(APP, {"configuration": {"ingress": {"transport": "HTTP2"}}}) == []
    assert choices.mistakes(APP, {"configuration": UNKNOWN, "location": "eastus", "none": "x"}) == []
    assert choices.mistakes(RUN, {"ingress": UNKNOWN, "template": {"containers": [UNKNOWN]}}) == []
    assert choices.mistakes("aws:lb/listener:Listener", {"protocol": "HTTP9"}) == [], "its row has the list"


@pytest.mark.parametrize("stack", ["azure", "gcp"])
def test_the_program_gives_only_what_is_listed(stack: str) -> None:
    resources = json.loads((GOLDEN / f"{stack}.json").read_text())["resources"]
    assert len(resources) > 5
    assert [found for one in resources for found in choices.mistakes(one["type"], one["inputs"])] == []
