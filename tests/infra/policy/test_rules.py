"""Which rules a kind of stack is held to; and what our own programs register keeps all that is not excused."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from infra.policy.pack import Held, find_wrong, hold
from infra.policy.rule import Resource
from infra.policy.rules import RULES, names_of, rules_of
from tests.infra.goldens import PRODUCTION, at_production
from tests.infra.harness import BASES, STACKS, SWITCHES, TRAINING, Run, configuration, run_stack, stores

TODAY = datetime.date(2026, 11, 29)


def test_names_are_taken_once_and_every_rule_concerns_some_stack() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert {name for kind in (*STACKS, "base", "training") for name in names_of(kind)} == {*names}
    assert names_of("nonsense") == ()


@pytest.mark.parametrize(
    ("kind", "has", "has_not"),
    [
        ("zone", "aws-zone-protected", "aws-tasks-private"),
        ("aws", "aws-tasks-private", "residency"),
        ("azure", "residency", "gcp-modern-tls"),
        ("gcp", "image-by-digest", "aws-tasks-private"),
        ("traffic", "survivors-can-carry", "image-by-digest"),
        ("base", "base-audit-written-once", "image-by-digest"),
        ("training", "training-store-closed", "base-versioned"),
    ],
)
def test_a_stack_is_held_to_the_rules_that_concern_it(kind: str, has: str, has_not: str) -> None:
    assert has in names_of(kind) and has_not not in names_of(kind)


def found(held: Held, resources: list[Resource]) -> dict[str, list[str]]:
    """Rule -> what it finds."""
    wrong: dict[str, list[str]] = {}
    for rule in rules_of(held.facts.kind):
        said: list[Any] = [find_wrong(rule, resource, held.facts) for resource in resources]
        said += rule.stack_check(resources, held.facts) if rule.stack_check else []
        if any(said):
            wrong[rule.name] = [text for text in said if text]
    return wrong


@pytest.mark.parametrize("stack", [*STACKS, *TRAINING])
def test_what_our_programs_register_breaks_exactly_what_their_files_excuse(
    stack: str, run_of: Callable[[str], Run]
) -> None:
    held = hold(stack, configuration(stack), TODAY)
    registered = run_of(stack).resources
    resources = [Resource(r.type, r.name, r.inputs, bool(r.options.get("protect"))) for r in registered]
    pack = {name for name in held.excused if name in names_of(held.facts.kind)}
    assert found(held, resources).keys() == pack


@pytest.mark.parametrize("name", PRODUCTION)
def test_a_production_site_keeps_every_rule_without_an_excuse(name: str, run_of: Callable[[str], Run]) -> None:
    held = hold(PRODUCTION[name], configuration(PRODUCTION[name], **at_production()), TODAY)
    assert held.facts.settings["size"] == "production"
    resources = [Resource(r.type, r.name, r.inputs, bool(r.options.get("protect"))) for r in run_of(name).resources]
    assert found(held, resources) == {}


REGIONS = {"aws": "us-east-1", "azure": "eu-central-1", "gcp": "eu-west-1"}
GEOGRAPHIES = {
    "eu": {"continents": ["EU"], "allowedSites": ["azure", "gcp"]},
    "world": {"default": True, "allowedSites": ["aws", "azure", "gcp"]},
}


@pytest.mark.parametrize(
    "changed",
    [
        {"routing": "active-passive", "weights": None},
        {"routing": "latency", "weights": None, "latencyRegions": REGIONS},
        {"routing": "geolocation", "geographies": GEOGRAPHIES, "peakRps": 50},  # which one site of `eu` bears alone
        {"drainSwitches": SWITCHES},
    ],
    ids=lambda changed: str(next(iter(changed.values()))),
)
def test_every_routing_policy_and_drain_switches_keep_the_rules(changed: dict[str, Any]) -> None:
    run = run_stack("traffic", stacks=stores(), **changed)
    resources = [Resource(r.type, r.name, r.inputs, bool(r.options.get("protect"))) for r in run.resources]
    held = hold("traffic", configuration("traffic", **changed), TODAY)
    assert found(held, resources).keys() == {name for name in held.excused if name in names_of("traffic")}


@pytest.mark.parametrize("days", [None, 30])
@pytest.mark.parametrize("stack", sorted(BASES))
def test_a_base_stack_keeps_every_rule_and_one_that_is_not_protected_breaks_that(stack: str, days: int | None) -> None:
    for protect, broken in ((True, set[str]()), (False, {"held-is-protected"})):
        changed = {"protect": protect, "auditRetentionDays": days}
        run = run_stack(stack, **changed)
        resources = [Resource(r.type, r.name, r.inputs, bool(r.options.get("protect"))) for r in run.resources]
        held = hold(stack, configuration(stack, **changed), TODAY)
        assert held.facts.regions
        assert found(held, resources).keys() == broken


def test_a_base_stack_elsewhere_than_it_says_breaks_residency() -> None:
    resources = [
        Resource(r.type, r.name, r.inputs, True) for r in run_stack("base-gcp", auditRetentionDays=30).resources
    ]
    config = {**configuration("base-gcp", auditRetentionDays=30), "gcp:region": "us-central1"}
    assert (
        found(hold("base-gcp", config, TODAY), resources)["residency"]
        == ["it lies in europe-west1, and this stack in us-central1"] * 2
    )
