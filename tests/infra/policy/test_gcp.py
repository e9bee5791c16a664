"""Each rule of Google Cloud, broken and kept."""

from __future__ import annotations

import pytest

from infra.policy.gcp import ADDRESS, HTTP_PROXY, RULES
from infra.policy.rule import Resource
from infra.policy.values import RUN
from tests.infra.policy.held import Case, ask, ask_stack, check_case

BEHIND = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"

CASES = {
    "gcp-modern-tls": Case(
        {"minTlsVersion": "TLS_1_2", "profile": "COMPATIBLE"},
        "COMPATIBLE",
        {"minTlsVersion": "TLS_1_2", "profile": "MODERN"},
    ),
    "gcp-run-behind-balancer": Case({"ingress": BEHIND}, "run.app", {"ingress": BEHIND, "defaultUriDisabled": True}),
    "gcp-run-own-account": Case({"template": {}}, "default account", {"template": {"serviceAccount": "a@p.iam"}}),
    "gcp-run-instances": Case(
        {"template": {"scaling": {"minInstanceCount": 0}}},
        "no instance",
        {"template": {"scaling": {"minInstanceCount": 1}}},
    ),
    "gcp-run-probed": Case(
        {"template": {"containers": [{"name": "service", "startupProbe": {"timeoutSeconds": 2}}]}},
        "no livenessProbe",
        {"template": {"containers": [{"startupProbe": {"periodSeconds": 1}, "livenessProbe": {"periodSeconds": 1}}]}},
    ),
    "gcp-deletion-spelt-out": Case({}, "deletionProtection", {"deletionProtection": False}),
    "gcp-registry-immutable": Case(
        {"dockerConfig": {"immutableTags": False}}, "can be moved", {"dockerConfig": {"immutableTags": True}}
    ),
    "gcp-registry-expires": Case(
        {"cleanupPolicies": [{"id": "k", "action": "KEEP"}]}, "every image", {"cleanupPolicies": [{"action": "DELETE"}]}
    ),
    "gcp-rate-limited": Case({}, "no security policy", {"securityPolicy": "/policy"}),
    "gcp-balancer-logged": Case({"logConfig": {"enable": False}}, "no log", {"logConfig": {"enable": True}}),
}


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in RULES} == CASES.keys() | {"gcp-plain-redirects"}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_broken_and_kept(name: str) -> None:
    check_case(name, CASES[name])


def test_what_can_be_called_past_the_load_balancer_is_refused() -> None:
    open_to_all = {"ingress": "INGRESS_TRAFFIC_ALL", "defaultUriDisabled": True}
    assert "past the load balancer" in ask("gcp-run-behind-balancer", open_to_all)


def test_the_default_account_by_its_name_is_refused_too() -> None:
    given = {"template": {"serviceAccount": "1-compute@developer.gserviceaccount.com"}}
    assert "1-compute@developer" in ask("gcp-run-own-account", given)


def test_deletion_is_spelt_out_by_another_key_elsewhere() -> None:
    assert "deletionPolicy" in ask("gcp-deletion-spelt-out", {"deletionProtection": False}, ADDRESS)
    assert ask("gcp-deletion-spelt-out", {"deletionPolicy": "DELETE"}, ADDRESS) == ""
    assert ask("gcp-deletion-spelt-out", {"deletionPolicy": "DELETE"}, RUN) != ""


def test_cleanup_policies_that_are_only_tried_delete_nothing() -> None:
    tried = {"cleanupPolicies": [{"action": "DELETE"}], "cleanupPolicyDryRun": True}
    assert "would delete" in ask("gcp-registry-expires", tried)


def test_each_proxy_without_tls_needs_a_map_that_redirects() -> None:
    proxy = Resource(HTTP_PROXY, "http", {})
    serving = Resource("gcp:compute/uRLMap:URLMap", "service", {"defaultService": "/backend"})
    redirect = Resource(serving.type, "redirect", {"defaultUrlRedirect": {"httpsRedirect": True}})
    assert ask_stack("gcp-plain-redirects", [proxy, serving]) == ["the proxy 'http' answers without TLS"]
    assert ask_stack("gcp-plain-redirects", [proxy, serving, redirect]) == []
    assert ask_stack("gcp-plain-redirects", [serving]) == []
