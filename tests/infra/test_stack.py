"""What the program asks the engine for, and what it says when the answer is not there."""

from __future__ import annotations

import json

import pulumi
import pytest

from infra.stack import read_config
from service.bundle.folder import RELEASED, read_digest
from tests.infra.harness import ZONE, run_stack, site


def test_configuration_holds_every_key_that_was_written_known_or_not() -> None:
    pulumi.runtime.set_all_config({"outlast:kind": "zone", "outlast:unheardOf": "1", "aws:region": "us-east-1"})
    try:
        assert read_config() == {"outlast:kind": "zone", "outlast:unheardOf": "1", "aws:region": "us-east-1"}
    finally:
        pulumi.runtime.set_all_config({})


def test_a_site_serves_the_models_that_its_file_names_the_first_by_default() -> None:
    run = run_stack("aws", models=["digits", "tumour"])
    assert run.outputs["site"]["model_digest"] == read_digest(RELEASED / "digits")
    (container,) = json.loads(run.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
    variables = {v["name"]: v["value"] for v in container["environment"]}
    assert json.loads(variables["OUTLAST_MODEL_DIGESTS"]) == {
        name: read_digest(RELEASED / name) for name in ("digits", "tumour")
    }
    assert variables["OUTLAST_DEFAULT_MODEL"] == "digits"


@pytest.mark.parametrize(
    ("stacks", "what", "hint"),
    [
        ({"zone": {}}, "the stack 'zone' has no zone", "pulumi up -s zone"),
        ({"zone": {"zone": ZONE | {"version": 2}}}, "has version 2, this program reads 1", "pulumi up -s zone"),
        ({"gcp": {"site": site("gcp", version=3)}}, "the site of the stack 'gcp' has version 3", "pulumi up -s gcp"),
    ],
)
def test_what_another_stack_does_not_give_is_said_without_a_trace(
    stacks: dict[str, dict[str, object]], what: str, hint: str
) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run_stack("traffic", stacks=stacks)
    assert what in str(caught.value)
    assert f"\nhint: run `{hint}" in str(caught.value)
