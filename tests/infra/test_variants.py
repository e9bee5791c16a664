"""What each choice of a production site changes, and what it may never change; and the base stacks beside it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.holds import HOLDS
from tests.infra.harness import Registered, Run
from tests.infra.variants import BASES, VARIANTS, render_difference, render_variant, run_variant, variant_file

RunOf = Callable[[str], Run]


def accepted(name: str) -> Any:
    return json.loads(variant_file(name).read_text())


@pytest.mark.parametrize("name", [*VARIANTS, *BASES])
def test_a_variant_is_the_accepted_one_and_well_typed(run_of: RunOf, name: str) -> None:
    run = run_variant(name)
    found = render_variant(name, run, run_of)
    diff = difflib.unified_diff(variant_file(name).read_text().splitlines(), found.splitlines(), lineterm="", n=8)
    lines = "\n".join(diff)
    assert not lines, f"'{name}' is another now:\n{lines}\nif meant: .venv/bin/python -m tests.infra.variants {name}"
    assert run.problems == []


def test_there_is_no_file_of_a_variant_that_is_none() -> None:
    files = {path.stem for path in variant_file("any").parent.glob("*.json")}
    assert files == {*VARIANTS, *BASES}


def test_a_difference_says_what_is_added_left_out_and_changed() -> None:
    before, after = Run("aws"), Run("aws")
    kept = Registered("t:t:T", "kept", {"a": {"b": 1}, "c": [1]}, {"protect": True})
    before.resources = [kept, Registered("t:t:T", "gone", {}, {})]
    after.resources = [Registered("t:t:T", "kept", {"a": {"b": 2}, "c": [1]}, {}), Registered("t:t:T", "new", {}, {})]
    assert json.loads(render_difference(before, after)) == {
        "added": {"t:t:T::new": {"inputs": {}}},
        "left out": ["t:t:T::gone"],
        "changed": {"t:t:T::kept": {"inputs.a.b": [1, 2], "options.protect": [True, None]}},
    }
    assert json.loads(render_difference(before, before)) == {"added": {}, "left out": [], "changed": {}}


def test_tasks_behind_endpoints_have_no_way_out() -> None:
    found = accepted("aws-endpoints")
    types = {key.split("::")[0] for key in found["left out"]}
    assert types == {
        "aws:ec2/eip:Eip",
        "aws:ec2/natGateway:NatGateway",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    }
    let_out = [one["inputs"] for key, one in found["added"].items() if "EgressRule" in key]
    assert len(let_out) == 2 and not any("cidrIpv4" in rule for rule in let_out)


@pytest.mark.parametrize("name", VARIANTS)
def test_no_choice_loosens_another_part_of_a_site(name: str) -> None:
    """What lets people in stays as production has it: listeners, policies of addresses, roles, the log's days."""
    untouched = ("listener", "wafv2", "securityPolicy", "sSLPolicy", "iam/role", "RoleAssignment", "logGroup:LogGroup")
    changed = accepted(name)["changed"]
    inputs = {key for key, found in changed.items() if any(place.startswith("inputs.") for place in found)}
    assert not [key for key in (*inputs, *accepted(name)["left out"]) if any(word in key for word in untouched)]


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith("-unprotected")])
def test_protection_is_all_that_its_setting_changes(name: str) -> None:
    found = accepted(name)
    places = {place for one in found["changed"].values() for place in one}
    assert not found["added"] and not found["left out"]
    assert places <= {"options.protect", "inputs.enableDeletionProtection"}


@pytest.mark.parametrize("name", BASES)
def test_what_a_base_stack_holds_is_protected(name: str) -> None:
    resources = accepted(name)["resources"]
    held = [one for one in resources if one["type"] in HOLDS]
    assert held and all(one["options"]["protect"] for one in held)
