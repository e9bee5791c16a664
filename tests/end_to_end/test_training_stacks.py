"""The stacks of training jobs by plain `pulumi`: made under the policy pack, handed on, and taken away whole."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.place import from_outputs
from tests.end_to_end.conftest import ROOT, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

STACKS = ("training-aws", "training-azure", "training-gcp")


def test_each_is_made_by_its_own_name_and_destroyed_without_a_trace(project: Project) -> None:
    """At once, as two people would; the five stacks are not asked, and go on."""
    with ThreadPoolExecutor(2) as people:
        digests = list(people.map(lambda stack: make_and_destroy(project, stack), STACKS))
    assert len({*digests}) == 1, "one Dockerfile, one image, in three registries"
    assert project.predict().right


def make_and_destroy(project: Project, stack: str) -> str:
    """The digest of the image that the stack's jobs would run."""
    project.pulumi("stack", "init", stack)
    try:
        said = project.pulumi("up", "--yes", "--skip-preview", "-s", stack, "--policy-pack", "infra/policy").stdout
        golden = json.loads((ROOT / "tests" / "golden" / f"{stack}.json").read_text())["resources"]
        assert f"+ {len(golden) + 1} created" in said, said
        assert "held-is-protected" in said, "what its file excuses is said"
        outputs = json.loads(project.pulumi("stack", "output", "--json", "-s", stack).stdout)
        place = from_outputs(outputs)
        assert place.cloud == stack.removeprefix("training-")
    finally:
        gone = project.pulumi("destroy", "--yes", "--skip-preview", "-s", stack).stdout
        # Not `destroy --remove`, which takes the stack's file with it.
        project.pulumi("stack", "rm", stack, "--yes", "--preserve-config")
    assert re.search(rf"- {len(golden) + 1} deleted", gone), gone
    return place.training_image.partition("@")[2]
