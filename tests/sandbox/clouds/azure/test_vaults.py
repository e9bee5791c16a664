"""Certificates in Key Vaults: for the names that were said, found by the address of their secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.clouds.accounts import Accounts, Vault
from sandbox.clouds.azure import vaults
from sandbox.network.certificates import PrivateCA

ACCOUNTS = Accounts(vaults=(Vault("/x/One", {"a": ("a.example",)}), Vault("/x/two", {"a": ("b.example",)})))


def test_two_vaults_have_two_secrets_of_one_name(tmp_path: Path) -> None:
    ca = PrivateCA(tmp_path)
    vaults.fill(ca, ACCOUNTS)
    for host, names in (("one", ("a.example",)), ("TWO", ("b.example",))):
        for version in ("", "/0123"):
            found = vaults.find(ca, ACCOUNTS, f"https://{host}.vault.azure.net/secrets/a{version}")
            assert found is not None and found[1].names == names


@pytest.mark.parametrize(
    "url",
    [
        "https://three.vault.azure.net/secrets/a",
        "https://one.vault.azure.net/secrets/b",
        "https://one.vault.azure.net/certificates/a",
        "https://one.vault.azure.net/secrets/",
        "",
    ],
)
def test_what_no_vault_holds_is_not_found(tmp_path: Path, url: str) -> None:
    ca = PrivateCA(tmp_path)
    vaults.fill(ca, ACCOUNTS)
    assert vaults.find(ca, ACCOUNTS, url) is None


def test_a_certificate_is_made_anew_where_it_is_for_other_names(tmp_path: Path) -> None:
    ca, url = PrivateCA(tmp_path), "https://one.vault.azure.net/secrets/a"

    def names_after(*hosts: str) -> tuple[tuple[str, ...], bytes]:
        accounts = Accounts(vaults=(Vault("/x/one", {"a": hosts}),))
        vaults.fill(ca, accounts)
        found = vaults.find(ca, accounts, url)
        assert found is not None
        return found[1].names, found[1].certificate.read_bytes()

    first = names_after("a.example")
    assert names_after("a.example") == first
    assert names_after("other.example")[0] == ("other.example",)
