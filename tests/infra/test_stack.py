"""What the program asks the engine for, and what it says when the answer is not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pulumi
import pytest

from infra import plan
from infra.stack import read_config, read_model_digest
from service.errors import Unavailable
from tests.infra.harness import ZONE, run_stack, site


def test_configuration_holds_every_key_that_was_written_known_or_not() -> None:
    pulumi.runtime.set_all_config({"outlast:kind": "zone", "outlast:unheardOf": "1", "aws:region": "us-east-1"})
    try:
        assert read_config() == {"outlast:kind": "zone", "outlast:unheardOf": "1", "aws:region": "us-east-1"}
    finally:
        pulumi.runtime.set_all_config({})


def test_model_digest_is_the_manifests(tmp_path: Path) -> None:
    manifest = tmp_path / plan.RELEASED_MANIFEST
    manifest.parent.mkdir(parents=True)
    manifest.write_bytes(b'{"schema": 1}\n')
    assert read_model_digest(tmp_path) == "sha256:" + hashlib.sha256(b'{"schema": 1}\n').hexdigest()


def test_missing_model_is_named_with_the_commands_that_bring_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"manifest\.json cannot be read") as caught:
        read_model_digest(tmp_path)
    assert "make model" in caught.value.hint


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
