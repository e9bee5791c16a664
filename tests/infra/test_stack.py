"""What the program asks the engine for, and what it says when the answer is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from infra.overlay import render_overlay
from infra.secrets import API_KEYS, RECEIPT_KEYS
from infra.settings.kinds import SiteSettings
from infra.stack import load_settings, read_config
from service.bundle.folder import RELEASED, read_digest
from service.errors import InvalidInput
from tests.infra.harness import KEYS, ZONE, configuration, run_stack, site


def test_configuration_holds_every_key_that_was_written_known_or_not() -> None:
    pulumi.runtime.set_all_config({"outlast:kind": "zone", "outlast:unheardOf": "1", "aws:region": "us-east-1"})
    try:
        assert read_config() == {"outlast:kind": "zone", "outlast:unheardOf": "1", "aws:region": "us-east-1"}
    finally:
        pulumi.runtime.set_all_config({})


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a run of the stack aws tells, of whatever weight."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi, "get_stack", lambda: "aws")
    (tmp_path / "keys.json").write_text(json.dumps(KEYS))
    monkeypatch.setenv("OUTLAST_STACK_KEYS", str(tmp_path / "keys.json"))
    for weight in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, weight, lines.append)
    yield lines
    pulumi.runtime.set_all_config({})


def test_a_model_that_is_named_without_its_digest_is_read_and_told(told: list[str]) -> None:
    digest = read_digest(RELEASED / "tumour")
    pulumi.runtime.set_all_config(configuration("aws", models=["tumour"]))
    settings = load_settings()
    assert isinstance(settings, SiteSettings)
    assert settings.models == {"tumour": digest}
    (line,) = told
    assert f"hint: write tumour@{digest}" in line


def test_an_overlay_is_followed_and_told(told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, overlay = read_digest(RELEASED / "digits"), tmp_path / "overlay.json"
    overlay.write_text(render_overlay("digits", digest))
    pulumi.runtime.set_all_config(configuration("aws"))
    assert load_settings().name == "aws"
    assert told == []
    monkeypatch.setenv("OUTLAST_STACK_OVERLAY", str(overlay))
    settings = load_settings()
    assert isinstance(settings, SiteSettings)
    assert settings.models == {"digits": digest}
    assert told == [f"which models are served is said by {overlay}, not by the stack's file"]


def test_keys_of_a_file_are_the_sites_and_it_is_told_where_its_own_are_not_read(told: list[str]) -> None:
    pulumi.runtime.set_all_config(configuration("aws"))
    settings = load_settings()
    assert isinstance(settings, SiteSettings)
    assert settings.secrets == {API_KEYS: KEYS["outlast:apiKeys"], RECEIPT_KEYS: KEYS["outlast:receiptKeys"]}
    assert told == []
    pulumi.runtime.set_all_config(configuration("aws", apiKeys="[]"), ["outlast:apiKeys"])
    load_settings()
    (line,) = told
    assert "keys.json, not those of the stack's file" in line


def test_hashes_among_the_variables_are_read_with_a_warning(told: list[str]) -> None:
    pulumi.runtime.set_all_config(configuration("aws", environment={API_KEYS: KEYS["outlast:apiKeys"]}))
    load_settings()
    (line,) = told
    assert "read for one release more" in line and "--secret outlast:apiKeys" in line


def test_a_model_that_traffic_does_not_accept_is_refused_before_anything_is_registered(told: list[str]) -> None:
    pulumi.runtime.set_all_config(configuration("aws", models=["digits"]))
    with pytest.raises(InvalidInput, match=r"which stacks/Pulumi\.traffic\.yaml does not accept"):
        load_settings()


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
