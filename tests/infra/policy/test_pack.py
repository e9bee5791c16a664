"""The pack as the engine talks to it: names, levels, what is refused, what is excused, what is not known."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.policy import EnforcementLevel, _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from infra.policy.pack import EXCUSED, Held, build_policies, hold, stack_of
from infra.policy.rules import RULES
from tests.infra.harness import configuration

TODAY = datetime.date(2026, 11, 29)
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
KEPT = {"dropInvalidHeaderFields": True}


def analyzer(held_of: Any = None) -> Any:
    """The pack's own servicer, without a port."""
    of_file = {stack: hold(stack, configuration(stack), TODAY) for stack in ("aws", "traffic", "zone")}
    policies = build_policies(held_of or of_file.__getitem__)
    return _PolicyAnalyzerServicer("outlast", "1.0.0", policies, EnforcementLevel.MANDATORY)


def analyze(inputs: dict[str, Any], type_: str = LOAD_BALANCER, stack: str = "aws", held_of: Any = None) -> list[Any]:
    request = analyzer_pb2.AnalyzeRequest(
        type=type_,
        name="front",
        urn=f"urn:pulumi:{stack}::outlast::{type_}::front",
        properties=json_format.ParseDict(inputs, struct_pb2.Struct()),
    )
    return list(analyzer(held_of).Analyze(request, None).diagnostics)


def levels(found: list[Any]) -> dict[str, str]:
    return {each.policyName: analyzer_pb2.EnforcementLevel.Name(each.enforcementLevel) for each in found}


def test_each_rule_is_a_mandatory_policy_of_its_name() -> None:
    policies = {policy.name: policy for policy in build_policies(lambda stack: pytest.fail("nothing is asked yet"))}
    assert policies.keys() == {rule.name for rule in RULES} | {EXCUSED, f"{EXCUSED}-of-the-stack"}
    assert all(policies[rule.name].enforcement_level is EnforcementLevel.MANDATORY for rule in RULES)


def test_what_breaks_a_rule_is_refused_with_why_and_what_to_write() -> None:
    (found,) = [each for each in analyze({}) if each.policyName == "aws-balancer-drops-invalid-headers"]
    assert levels([found]) == {"aws-balancer-drops-invalid-headers": "MANDATORY"}
    described, wrong = found.message.splitlines()
    assert ". To mend it: drop_invalid_header_fields=True" in described
    assert wrong == "it passes malformed headers on"


def test_what_the_file_excuses_is_advice_with_its_reason() -> None:
    found = analyze(KEPT)
    assert set(levels(found)) == {EXCUSED}
    assert set(levels(found).values()) == {"ADVISORY"}
    assert any(
        "aws-balancer-deletion-protection: " in f.message and "excused until 2027-12-31" in f.message for f in found
    )


def test_an_exception_that_ended_excuses_nothing() -> None:
    later = datetime.date(2028, 1, 1)
    found = analyze(KEPT, held_of=lambda stack: hold(stack, configuration(stack), later))
    assert levels(found)["aws-balancer-deletion-protection"] == "MANDATORY"


def test_what_is_unknown_is_said_and_not_passed() -> None:
    (found,) = [f for f in analyze({"dropInvalidHeaderFields": UNKNOWN_STRING_VALUE}) if f.policyName != EXCUSED]
    assert "can't run policy 'aws-balancer-drops-invalid-headers'" in found.message
    assert levels([found]) == {"aws-balancer-drops-invalid-headers": "ADVISORY"}


def test_rules_of_another_kind_of_stack_are_not_asked() -> None:
    assert analyze({}, stack="traffic") == []


def stack_findings(held_of: Any, *resources: tuple[str, str]) -> list[Any]:
    each = [
        analyzer_pb2.AnalyzerResource(type=t, name=n, urn=f"urn:pulumi:traffic::outlast::{t}::{n}")
        for t, n in resources
    ]
    return list(analyzer(held_of).AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=each), None).diagnostics)


def test_rules_about_the_whole_stack_are_refused_or_excused_too() -> None:
    def without_budget(stack: str) -> Held:
        return hold(stack, configuration(stack, monthlyBudgetUsd=None, exceptions=excuses), TODAY)

    excuses: list[dict[str, str]] = []
    found = stack_findings(without_budget, ("aws:route53/record:Record", "aws"))
    assert levels(found)["budget-present"] == "MANDATORY"
    excuses = [{"rule": "budget-present", "reason": "it is being negotiated", "until": "2026-12-31"}]
    found = stack_findings(without_budget, ("aws:route53/record:Record", "aws"))
    assert levels(found) == {f"{EXCUSED}-of-the-stack": "ADVISORY"}
    assert "it is being negotiated" in found[0].message
    assert stack_findings(without_budget) == [], "an empty stack breaks no rule"


def test_a_stack_is_read_off_the_urn() -> None:
    assert stack_of("urn:pulumi:prod-aws::outlast::a:b/c:D$aws:x/y:Z::name") == "prod-aws"
