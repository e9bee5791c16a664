"""The stack `training`: what it exports is what a job is started with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.training import CHECKPOINTS, DATA, OUTPUT
from tests.infra.harness import DIGEST, TRAINING, Run, run_stack

EVERYWHERE = {
    "cloud",
    "region",
    "trainingImage",
    "identity",
    *(f"{part}Address" for part in (DATA, OUTPUT, CHECKPOINTS)),
}
ALSO = {
    "training-aws": {"subnets", "securityGroups", "kmsKeyArn"},
    "training-gcp": {"project", "network", "kmsKeyName"},
    "training-azure": {"workspaceId", "identityClientId", "kmsKeyId"},
}


@pytest.mark.parametrize("stack", TRAINING)
def test_a_stack_exports_what_the_command_reads(run_of: Callable[[str], Run], stack: str) -> None:
    run = run_of(stack)
    assert run.outputs.keys() == EVERYWHERE | ALSO[stack]
    assert run.outputs["cloud"] == stack.removeprefix("training-")
    assert not run.problems


@pytest.mark.parametrize("stack", TRAINING)
def test_the_image_is_the_stage_for_training_by_its_digest(run_of: Callable[[str], Run], stack: str) -> None:
    run = run_of(stack)
    image = run.one("docker-build:index:Image").inputs
    assert image["target"] == "train"
    assert not image["tags"] and image["exports"][0]["registry"]["pushByDigest"]
    assert "named" not in image["context"], "no model is in it"
    assert run.outputs["trainingImage"].endswith(f"@{DIGEST}")


@pytest.mark.parametrize("stack", TRAINING)
def test_a_protected_stack_keeps_its_store_and_its_images(stack: str) -> None:
    kept = {r.type.rpartition(":")[2] for r in run_stack(stack, protect=True).resources if r.options.get("protect")}
    assert kept & {"Bucket", "StorageAccount"} and kept & {"Repository", "Registry"}
    assert not [r for r in run_stack(stack, protect=True).resources if r.inputs.get("forceDestroy")]
