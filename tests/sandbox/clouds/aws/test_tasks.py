"""Task definitions: what their containers say, the processor that they run on, and how large they may be."""

from __future__ import annotations

import json

import pytest

from sandbox.clouds.aws.tasks import TASK, architecture_of, container_of
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


def test_each_definition_of_a_family_is_its_next_revision(clouds: Clouds) -> None:
    one = sites.aws_task(clouds, "image", "one")
    two = sites.aws_task(clouds, "image", "two")
    assert [made.outputs["revision"] for made in (one, two)] == [1, 2]
    assert one.id.endswith("task-definition/site:1") and two.outputs["arnWithoutRevision"].endswith("/site")
    task = clouds.only(TASK, "one")
    assert container_of(task)["image"] == "image" and architecture_of(task) == "linux/amd64"


@pytest.mark.parametrize(("containers", "told"), [("[", "is invalid"), ("[]", "at least one container definition")])
def test_containers_that_are_none_are_refused(clouds: Clouds, containers: str, told: str) -> None:
    asked = {**sites.aws_task(clouds, "image").request.inputs, "containerDefinitions": containers}
    with pytest.raises(CloudRefused, match=told):
        clouds.make(TASK, "two", **asked)


def test_a_definition_has_64_kb_at_most(clouds: Clouds) -> None:
    asked = sites.aws_task(clouds, "image").request.inputs
    (container,) = json.loads(asked["containerDefinitions"])
    for size, right in ((60_000, True), (66_000, False)):
        container["environment"] = [{"name": "LONG", "value": "a" * size}]
        inputs = {**asked, "containerDefinitions": json.dumps([container])}
        if right:
            assert clouds.make(TASK, "right", **inputs).id
        else:
            with pytest.raises(CloudRefused, match="Max allowed length is '65536' bytes"):
                clouds.make(TASK, "wrong", **inputs)
