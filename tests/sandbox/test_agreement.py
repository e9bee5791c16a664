"""What is wrong with a set of stack files is told at once: in each file, and then between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.settings.kinds import BaseSettings
from sandbox.agreement import Agreed, agree
from sandbox.stack_files import find
from service.errors import InvalidInput
from tests.infra.harness import BASES, KEYS
from tests.sandbox.own_set import ACCOUNT, HOST, SUBSCRIPTION, VAULT, committed, own_set, write

OTHER = "999999999999"
ELSEWHERE = "99999999-9999-9999-9999-999999999999"


def agree_on(root: Path, files: dict[str, dict[str, Any]], *vaults: str) -> Agreed:
    write(root, files)
    return agree(root, find(root, "prod"), vaults, keys=KEYS)


def mistakes_in(root: Path, files: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """(place, what) of each mistake, the places without the part that is the same for all."""
    with pytest.raises(InvalidInput) as caught:
        agree_on(root, files)
    assert all(mistake.hint for mistake in caught.value.mistakes)
    return [(m.place.removeprefix("stacks/Pulumi.prod-"), m.what) for m in caught.value.mistakes]


def test_a_set_in_order_agrees(tmp_path: Path) -> None:
    agreed = agree_on(tmp_path, own_set(sites={"aws": "aws", "aws-eu": "aws", "azure": "azure", "gcp": "gcp"}))
    assert (agreed.account, agreed.host) == (ACCOUNT, HOST)
    assert list(agreed.sites) == ["prod-aws", "prod-aws-eu", "prod-azure", "prod-gcp"]


def test_keys_that_only_their_owner_can_decrypt_are_taken_for_the_sandboxs(tmp_path: Path) -> None:
    files = own_set()
    for site in ("aws", "azure", "gcp"):
        files[f"prod-{site}"] |= {"outlast:apiKeys": {"secure": "v1:a"}, "outlast:receiptKeys": {"secure": "v1:b"}}
    agreed = agree_on(tmp_path, files)
    assert all(site.secrets["OUTLAST_API_KEYS"] == KEYS["outlast:apiKeys"] for site in agreed.sites.values())


def test_keys_in_plain_text_are_refused_here_as_they_will_be_there(tmp_path: Path) -> None:
    files = own_set()
    files["prod-gcp"]["outlast:apiKeys"] = KEYS["outlast:apiKeys"]
    assert [(place.partition(": ")[2], what) for place, what in mistakes_in(tmp_path, files)] == [
        ("outlast:apiKeys", "is in plain text in the file")
    ]


def test_an_account_that_several_lists_share_is_the_one(tmp_path: Path) -> None:
    files = own_set()
    files["prod-zone"]["aws:allowedAccountIds"] = [OTHER, ACCOUNT]
    assert agree_on(tmp_path, files).account == ACCOUNT


def test_mistakes_in_all_files_are_told_together(tmp_path: Path) -> None:
    files = own_set()
    files["prod-aws"]["outlast:cpu"] = 17
    files["prod-gcp"]["outlast:regoin"] = "x"
    files["prod-gcp"]["gcp:credentials"] = {"secure": "v1:abc"}
    files["prod-traffic"]["outlast:ttlSeconds"] = "soon"
    places = {place for place, _ in mistakes_in(tmp_path, files)}
    assert places == {
        "aws.yaml: outlast:cpu",
        "gcp.yaml: outlast:regoin",
        "gcp.yaml: gcp:credentials",
        "traffic.yaml: outlast:ttlSeconds",
    }


def test_all_that_contradicts_is_told_together(tmp_path: Path) -> None:
    files = own_set()
    files["prod-aws"]["outlast:zone"] = "zone"
    files["prod-gcp"]["aws:allowedAccountIds"] = [OTHER]
    files["prod-gcp"]["outlast:dnsRole"] = f"arn:aws:iam::{ACCOUNT}:role/dns"
    vault = VAULT.replace(SUBSCRIPTION, ELSEWHERE)
    files["prod-azure"] |= {"outlast:certificateVault": vault, "outlast:secretsVault": VAULT}
    traffic = files["prod-traffic"]
    traffic["outlast:sites"] = ["prod-aws", "prod-azure", "prod-gpc"]
    traffic["outlast:weights"] = {"prod-aws": 1, "prod-azure": 0, "prod-gpc": 1}
    digest = "sha256:" + "1" * 64
    traffic["outlast:acceptedModels"] = [digest]
    found = mistakes_in(tmp_path, files)
    assert [(place, what.partition(",")[0]) for place, what in found if "acceptedModels" not in place] == [
        ("aws.yaml: outlast:zone", "names the stack zone"),
        ("traffic.yaml: outlast:sites", "prod-gpc is no site of this set"),
        ("gcp.yaml: aws:allowedAccountIds", f"is {OTHER}"),
        ("gcp.yaml: outlast:dnsRole", f"is a role of {ACCOUNT}"),
        ("azure.yaml: outlast:certificateVault", f"is in the subscription {ELSEWHERE}"),
    ]
    # One without a weight is answered with when all others are unhealthy: what it serves matters as well.
    accepted = [what.rpartition(" ")[2] for place, what in found if "acceptedModels" in place]
    assert accepted == ["prod-aws", "prod-azure"]


def test_lists_without_a_common_account_are_named_at_the_zone(tmp_path: Path) -> None:
    files = own_set()
    files["prod-zone"]["aws:allowedAccountIds"] = [ACCOUNT, OTHER]
    files["prod-gcp"]["aws:allowedAccountIds"] = [OTHER]
    assert mistakes_in(tmp_path, files) == [
        ("zone.yaml: aws:allowedAccountIds", "no account is in the lists of all the files")
    ]


def test_a_vault_elsewhere_is_taken_where_it_is_declared(tmp_path: Path) -> None:
    files = own_set()
    vault = VAULT.replace(SUBSCRIPTION, ELSEWHERE)
    files["prod-azure"] |= {"outlast:certificateVault": vault, "outlast:secretsVault": VAULT}
    assert agree_on(tmp_path, files, vault).account == ACCOUNT


def test_a_host_outside_of_the_zone_is_a_mistake_of_the_zones_file(tmp_path: Path) -> None:
    files = own_set()
    files["prod-zone"]["outlast:host"] = "api.elsewhere.org"
    assert [place for place, _ in mistakes_in(tmp_path, files)] == ["zone.yaml: outlast:host"]


def test_a_sites_audit_records_go_to_a_base_stack_of_the_set_that_takes_them(tmp_path: Path) -> None:
    files = own_set() | {"prod-base-aws": BASES["base-aws"] | {"aws:allowedAccountIds": [ACCOUNT]}}
    files["prod-aws"]["outlast:base"] = "base-aws"
    place = "aws.yaml: outlast:base"
    missing = "base-aws is no base stack of this set, which has prod-base-aws"
    assert mistakes_in(tmp_path, files) == [(place, missing)]
    files["prod-aws"]["outlast:base"] = "prod-base-aws"
    assert mistakes_in(tmp_path, files) == [(place, "prod-base-aws has no audit store")]
    files["prod-base-aws"] |= {"outlast:auditRetentionDays": 30}
    assert len(agree_on(tmp_path, files).stores) == 1


def test_a_training_stack_is_read_with_the_set_and_may_have_an_account_of_its_own(tmp_path: Path) -> None:
    training = committed("training-aws")
    agreed = agree_on(tmp_path, own_set() | {"prod-training-aws": training})
    assert [one.name for one in agreed.stores] == ["prod-training-aws"]
    assert agreed.account == ACCOUNT
    del training["outlast:store"]
    assert mistakes_in(tmp_path, own_set() | {"prod-training-aws": training}) == [
        ("training-aws.yaml: outlast:store", "is missing")
    ]


def test_what_a_site_has_in_a_base_stack_is_held_there_for_it(tmp_path: Path) -> None:
    files = own_set() | {"prod-base-aws": BASES["base-aws"] | {"aws:allowedAccountIds": [ACCOUNT]}}
    files["prod-aws"]["outlast:heldIn"] = "base-aws"
    place = "aws.yaml: outlast:heldIn"
    missing = "base-aws is no base stack of this set, which has prod-base-aws"
    assert mistakes_in(tmp_path, files) == [(place, missing)]
    files["prod-aws"]["outlast:heldIn"] = "prod-base-aws"
    assert mistakes_in(tmp_path, files) == [(place, "prod-base-aws holds nothing for it")]
    files["prod-base-aws"] |= {"outlast:holdsFor": ["prod-aws"]}
    (base,) = agree_on(tmp_path, files).stores
    assert isinstance(base, BaseSettings) and base.holds_for == ("prod-aws",)


def test_a_base_stack_belongs_to_the_set_and_pins_no_aws_account_elsewhere(tmp_path: Path) -> None:
    files = own_set() | {f"prod-{stack}": config for stack, config in BASES.items()}
    files["prod-base-aws"] = files["prod-base-aws"] | {"aws:allowedAccountIds": [ACCOUNT]}
    files["prod-traffic"]["outlast:drainSwitches"] = {"prod-aws": "prod-base-azure"}
    assert len(agree_on(tmp_path, files).stores) == 3
    files["prod-traffic"]["outlast:drainSwitches"] = {"prod-aws": "base-azure"}
    assert mistakes_in(tmp_path, files) == [
        (
            "traffic.yaml: outlast:drainSwitches.prod-aws",
            "base-azure is no base stack of this set, which has prod-base-aws, prod-base-azure, prod-base-gcp",
        )
    ]
