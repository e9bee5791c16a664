"""The committed stack files: the sandbox's, harmless with real credentials, and in step with the released model."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.bundle.folder import RELEASED, read_digest
from tests.infra.harness import ROOT, STACKS, TRAINING, stack_file

COMMITTED = (*STACKS, *TRAINING)

PASSPHRASE = b"outlast-sandbox"


def test_there_is_a_file_for_every_stack_and_no_other() -> None:
    assert sorted(p.name for p in (ROOT / "stacks").iterdir()) == sorted(f"Pulumi.{s}.yaml" for s in COMMITTED)


@pytest.mark.parametrize("stack", COMMITTED)
def test_file_pins_an_account_that_nobody_has(stack: str) -> None:
    config = stack_file(stack)["config"]
    cloud = config.get("outlast:cloud", stack)
    # A training stack writes nothing into the zone.
    on_aws = cloud == "aws" or stack in STACKS
    assert config.get("aws:allowedAccountIds") == (["000000000000"] if on_aws else None)
    if cloud == "azure":
        assert config["azure-native:subscriptionId"] == "00000000-0000-0000-0000-000000000000"
    if cloud == "gcp":
        assert config["gcp:project"] == "outlast-sandbox"


@pytest.mark.parametrize("stack", COMMITTED)
def test_file_holds_no_secret_and_says_whose_it_is(stack: str) -> None:
    text = (ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text()
    assert "secure:" not in text
    assert "deploy-for-real.md" in text.splitlines()[1]


def test_salt_belongs_to_the_sandboxs_public_passphrase() -> None:
    """As Pulumi's passphrase manager reads it, so that `stack init` finds it right and leaves the file as it is."""
    (whole,) = {stack_file(stack)["encryptionsalt"] for stack in COMMITTED}
    version, salt, inner, nonce, text = whole.split(":")
    key = hashlib.pbkdf2_hmac("sha256", PASSPHRASE, base64.b64decode(salt), 1_000_000, 32)
    assert AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(text), None) == b"pulumi"
    assert (version, inner) == ("v1", "v1")


def test_traffic_accepts_the_released_model() -> None:
    accepted = stack_file("traffic")["config"]["outlast:acceptedModels"]
    released = read_digest(RELEASED / "tumour")
    assert released in accepted, (
        f"the released model is {released}, which stacks/Pulumi.traffic.yaml does not accept: no site takes traffic.\n"
        f"if the release is meant: sed -i 's/{accepted[-1]}/{released}/' stacks/Pulumi.*.yaml"
    )


@pytest.mark.parametrize("site", ["aws", "azure", "gcp"])
def test_a_site_names_the_released_model_by_its_digest(site: str) -> None:
    assert stack_file(site)["config"]["outlast:models"] == [f"tumour@{read_digest(RELEASED / 'tumour')}"]


def test_sites_that_traffic_names_have_files() -> None:
    config = stack_file("traffic")["config"]
    assert set(config["outlast:sites"]) | {config["outlast:zone"]} <= set(STACKS)
