"""What the accounts of a set have beforehand: granted, declared, or a mistake in the declaration."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import accounts_file
from sandbox.accounts_file import Declared, accounts_of
from sandbox.agreement import Agreed, agree
from sandbox.clouds.accounts import BOOTSTRAP_APIS, Accounts, Vault
from sandbox.stack_files import find
from service.errors import InvalidInput
from tests.infra.harness import KEYS
from tests.sandbox.own_set import ACCOUNT, HOST, PROJECT, SUBSCRIPTION, VAULT, own_set, write

FULL = f"""
aws:
  quotas: {{L-F678F1CE: 0}}
azure:
  {SUBSCRIPTION}:
    vaults:
      {VAULT}:
        api-example-org: [other.example.org]
    quotas: {{ManagedEnvironmentCount: 1}}
google:
  {PROJECT}:
    apis: [cloudresourcemanager, run.googleapis.com]
    quotas: {{STATIC_ADDRESSES: 8}}
domains:
  example.org: not delegated
"""


@pytest.fixture
def agreed(tmp_path: Path) -> Agreed:
    write(tmp_path, own_set())
    return agree(tmp_path, find(tmp_path, "prod"), keys=KEYS)


def declare(root: Path, text: str) -> Declared:
    (root / "stacks").mkdir(exist_ok=True)
    (root / accounts_file.name_of("prod")).write_text(text)
    return accounts_file.read(root, "prod")


def test_without_a_file_there_is_what_the_guide_asks_for(agreed: Agreed, tmp_path: Path) -> None:
    accounts = accounts_of(agreed, accounts_file.read(tmp_path, "prod"))
    vault = Vault(VAULT, {"api-example-org": (HOST,)})
    assert accounts == Accounts(ACCOUNT, (SUBSCRIPTION,), (PROJECT,), (vault,), limits={})
    assert accounts.apis_of(PROJECT) == BOOTSTRAP_APIS
    assert accounts.is_delegated(HOST)


def test_what_is_declared_is_what_there_is(agreed: Agreed, tmp_path: Path) -> None:
    accounts = accounts_of(agreed, declare(tmp_path, FULL))
    assert accounts.vaults == (Vault(VAULT, {"api-example-org": ("other.example.org",)}),)
    assert accounts.apis_of(PROJECT) == ("cloudresourcemanager.googleapis.com", "run.googleapis.com")
    assert accounts.limits == {
        ACCOUNT: {"L-F678F1CE": 0},
        SUBSCRIPTION: {"ManagedEnvironmentCount": 1},
        PROJECT: {"STATIC_ADDRESSES": 8},
    }
    assert not accounts.is_delegated(f"_proof.{HOST}")
    assert Accounts.of_document(accounts.document()) == accounts


@pytest.mark.parametrize("text", ["", "aws:\n", "google: {}\n"])
def test_an_empty_section_declares_nothing(tmp_path: Path, text: str) -> None:
    assert declare(tmp_path, text) == Declared(limits={"aws": {}})


def test_two_sites_may_have_two_secrets_in_one_vault(tmp_path: Path) -> None:
    files = own_set(sites={"azure": "azure", "azure-eu": "azure"})
    files["prod-azure-eu"]["outlast:certificateSecret"] = "https://kv-prod.vault.azure.net/secrets/second"
    write(tmp_path, files)
    accounts = accounts_of(agree(tmp_path, find(tmp_path, "prod"), keys=KEYS), Declared())
    assert accounts.vaults == (Vault(VAULT, {"api-example-org": (HOST,), "second": (HOST,)}),)


def test_a_site_of_a_geography_has_a_certificate_for_its_name(tmp_path: Path) -> None:
    files = own_set()
    files["prod-azure"]["outlast:geographies"] = ["eu"]
    write(tmp_path, files)
    accounts = accounts_of(agree(tmp_path, find(tmp_path, "prod"), keys=KEYS), Declared())
    assert accounts.vaults == (Vault(VAULT, {"api-example-org": (HOST, f"eu.{HOST}")}),)


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    text = f"""
aws: {{quotas: {{L-F678F1C: 1, L-53DA6B97: many}}}}
azur: {{}}
azure:
  {SUBSCRIPTION}: {{vaults: {{kv: {{}}}}}}
google:
  {PROJECT}: {{apis: run, quotas: [1]}}
domains: {{example.org: soon}}
"""
    with pytest.raises(InvalidInput, match=r"accounts\.prod\.yaml cannot be used") as caught:
        declare(tmp_path, text)
    found = {mistake.place.partition(": ")[2]: mistake.hint for mistake in caught.value.mistakes}
    assert found.keys() == {
        "azur",
        "aws.quotas.L-F678F1C",
        "aws.quotas.L-53DA6B97",
        f"azure.{SUBSCRIPTION}.vaults",
        f"google.{PROJECT}.apis",
        f"google.{PROJECT}.quotas",
        "domains.example.org",
    }
    assert found["azur"] == "did you mean 'azure'?"
    assert found["aws.quotas.L-F678F1C"] == "did you mean 'L-F678F1CE'?"


def test_what_no_stack_file_names_is_a_mistake(agreed: Agreed, tmp_path: Path) -> None:
    other = SUBSCRIPTION.replace("1", "9")
    text = f"azure: {{{other}: {{}}}}\ngoogle: {{elsewhere: {{}}}}\ndomains: {{example.com: delegated}}"
    with pytest.raises(InvalidInput, match="contradicts the stack files") as caught:
        accounts_of(agreed, declare(tmp_path, text))
    places = [mistake.place.partition(": ")[2] for mistake in caught.value.mistakes]
    assert places == [f"azure.{other}", "google.elsewhere", "domains.example.com"]
