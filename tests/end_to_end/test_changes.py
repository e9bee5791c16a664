"""Plain `pulumi` for every change: each resource type of every stack with changed inputs, by the real CLI.

The changes are generated from tests/golden, so a type or an input that the program begins to use is tried as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.clouds.simulated import kind_of
from sandbox.engine import sdk
from sandbox.engine.sdk import MapOf, Scalar
from tests.end_to_end.conftest import ROOT, Project, pulumi

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

STACKS = ("zone", "aws", "azure", "gcp", "traffic")
PATHS_A_ROUND = 5
CRASHES = re.compile(r"Traceback|AssertionError|Unexpected type|unhandled exception|the sandbox itself failed|panic:")
# Inputs that no cloud acts upon: changed in place.
HARMLESS = ("tags", "labels", "description", "comment", "displayName")
# Resources of which a preview shows no change because each of their inputs is checked.
NEVER_SHOWN = frozenset(
    {"aws:ecr/lifecyclePolicy:LifecyclePolicy::repository", "gcp:monitoring/dashboard:Dashboard::dashboard"}
)
# Types without any such input.
ONLY_REPLACED = {
    "aws:cloudwatch/dashboard:Dashboard",
    "gcp:monitoring/dashboard:Dashboard",
    "azure-native:monitor:DiagnosticSetting",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    "gcp:secretmanager/secretVersion:SecretVersion",
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:appautoscaling/policy:Policy",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    "aws:iam/rolePolicy:RolePolicy",
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
    "gcp:projects/service:Service",
}


def golden(stack: str) -> list[dict[str, Any]]:
    """The resources of a stack's inventory, without its providers."""
    resources = json.loads((ROOT / "tests" / "golden" / f"{stack}.json").read_text())["resources"]
    return [r for r in resources if not r["type"].startswith("pulumi:")]


def paths(value: Any) -> Iterator[tuple[str, ...]]:
    """Every place in the inputs that holds a single value, or a list of them."""
    if isinstance(value, dict) and "as JSON" not in value:
        for name, inner in value.items():
            yield from ((name, *rest) for rest in paths(inner))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from dict.fromkeys(("*", *rest) for element in value for rest in paths(element))
    else:
        yield ()


def harmless(resource: dict[str, Any]) -> dict[str, Any]:
    """A change of the resource that updates it in place; {} where no input of it is harmless."""
    type_, inputs = resource["type"], resource["inputs"]
    if "weightedRoutingPolicies" in inputs:  # a group has one TTL, and the provider changes record by record
        return {"weightedRoutingPolicies": [{"weight": 7}]}
    fields = sdk.inputs_of(type_).fields
    if type_ == "gcp:monitoring/notificationChannel:NotificationChannel":  # whose labels hold the address
        return {"description": "changed"}
    for name in (n for n in HARMLESS if n in fields and n not in kind_of(type_).forces_new):
        if isinstance(fields[name].shape, MapOf):
            return {name: {"changed": "yes"}}
        if fields[name].shape is Scalar.STRING:
            return {name: "changed"}
    return {"ttl": inputs["ttl"] + 1} if "ttl" in inputs else {}


def cut(places: list[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """What to change together in one preview."""
    return [places[n : n + PATHS_A_ROUND] for n in range(0, len(places), PATHS_A_ROUND)]


def refused(said: str, keys: Iterable[str]) -> dict[str, str]:
    """Of the resources `type::name`, those that a failed preview blames, with its words about each."""
    blocks = dict(re.findall(r"^  (\S+ \(\S+\)):\n((?:    .*\n)+)", said, re.MULTILINE))
    written = {key: f"{re.sub(r'/[^:]+:', ':', key.partition('::')[0])} ({key.partition('::')[2]})" for key in keys}
    return {key: blocks[shown] for key, shown in written.items() if shown in blocks}


@pytest.mark.parametrize("stack", STACKS)
def test_every_input_can_be_previewed_with_another_value(changed: Project, stack: str) -> None:
    """Shown as a change, or refused in words. A refusal hides what comes after it: what is refused is tried alone."""
    waiting = {f"{r['type']}::{r['name']}": cut(list(dict.fromkeys(paths(r["inputs"])))) for r in golden(stack)}
    shown = set[str]()
    while any(waiting.values()):
        changes = {key: queue.pop(0) for key, queue in waiting.items() if queue}
        code, said = pulumi(changed, changes, "preview", "-s", stack)
        while code:
            blamed = refused(said, changes)
            assert blamed and not CRASHES.search(said), said
            for key, words in blamed.items():
                kept = [path for path in changes[key] if path[0] not in words and path[-1] not in words]
                changes[key] = kept if len(kept) < len(changes[key]) else kept[:-1]
            changes = {key: places for key, places in changes.items() if places}
            code, said = pulumi(changed, changes, "preview", "-s", stack)
        assert not CRASHES.search(said), said
        shown |= changes.keys()
    assert waiting.keys() - shown - NEVER_SHOWN == set()


def test_every_type_has_a_change_in_place() -> None:
    everything = [r for stack in STACKS for r in golden(stack)]
    assert {r["type"] for r in everything} - {r["type"] for r in everything if harmless(r)} == ONLY_REPLACED


@pytest.mark.parametrize("stack", STACKS)
def test_a_change_of_every_type_is_previewed_applied_and_found_again(changed: Project, stack: str) -> None:
    """Preview, update, refresh, and a second update with nothing to do, each of all types at once."""
    changes = {f"{r['type']}::{r['name']}": harmless(r) for r in golden(stack)}
    wanted = sum(map(bool, changes.values()))
    code, said = pulumi(changed, changes, "preview", "-s", stack)
    assert code == 0 and not CRASHES.search(said), said
    assert f"~ {wanted} to update" in said, said
    code, said = pulumi(changed, changes, "up", "--yes", "-s", stack)
    assert code == 0 and not CRASHES.search(said), said
    for again in (
        ["refresh", "--yes", "--skip-preview", "--expect-no-changes"],
        ["up", "--yes", "--skip-preview", "--expect-no-changes"],
    ):
        code, said = pulumi(changed, changes, *again, "-s", stack)
        assert code == 0, said


@pytest.mark.parametrize("stack", STACKS)
def test_everything_can_be_imported_as_it_is(changed: Project, stack: str, tmp_path: Path) -> None:
    exported = json.loads(pulumi(changed, {}, "stack", "export", "-s", stack)[1])
    resources = exported["deployment"]["resources"]
    ours = [r for r in resources if r.get("id") and not r["type"].startswith("pulumi:")]
    named = [
        {"type": r["type"], "name": f"{r['urn'].rpartition('::')[2]}-{n}", "id": r["id"]} for n, r in enumerate(ours)
    ]
    asked, imported = tmp_path / "import.json", f"imported-{stack}"
    asked.write_text(json.dumps({"resources": named}))
    (changed.root / "stacks" / f"Pulumi.{imported}.yaml").write_text(
        (changed.root / "stacks" / f"Pulumi.{stack}.yaml").read_text()
    )
    try:
        assert pulumi(changed, {}, "stack", "init", imported)[0] == 0
        arguments = ["--file", str(asked), "--yes", "--skip-preview", "--protect=false", "--generate-code=false"]
        code, said = pulumi(changed, {}, "import", "-s", imported, *arguments)
        assert code == 0 and not CRASHES.search(said), said
        found = json.loads(pulumi(changed, {}, "stack", "export", "-s", imported)[1])["deployment"]["resources"]
        inputs = {(r["type"], r["id"]): r["inputs"] for r in found if r.get("id")}
        for resource in ours:
            assert inputs[resource["type"], resource["id"]].keys() >= resource["inputs"].keys() - {"__defaults"}
    finally:
        pulumi(changed, {}, "stack", "rm", imported, "--yes", "--force", "--preserve-config")
        (changed.root / "stacks" / f"Pulumi.{imported}.yaml").unlink()


@pytest.mark.parametrize("stack", ["traffic", "aws", "azure", "gcp", "zone"])
def test_everything_is_destroyed(changed: Project, stack: str) -> None:
    """In the order in which the guide takes things down; `changed` brings everything back."""
    code, said = pulumi(changed, {}, "destroy", "--yes", "--skip-preview", "-s", stack)
    assert code == 0 and not CRASHES.search(said), said
    (deleted,) = re.findall(r"- (\d+) deleted", said)
    assert int(deleted) >= len(golden(stack))  # its providers as well
    # A replica that was told to end may take its time.
    changed.wait_until(lambda: stack not in changed.control.status()["sites"], f"the end of {stack}'s processes")
    exported = json.loads(pulumi(changed, {}, "stack", "export", "-s", stack)[1])
    assert [r for r in exported["deployment"].get("resources") or [] if r.get("id")] == []
