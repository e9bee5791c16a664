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


def import_pair(ca: PrivateCA, accounts: Accounts, *hosts: str) -> bytes:
    """Put another certificate into the first vault; what its file holds."""
    made = ca.issue("elsewhere", hosts)
    content = made.certificate.read_bytes()
    vaults.put(ca, accounts.vaults[0], "a", content, made.key.read_bytes())
    return content


def test_the_newest_version_is_read_and_an_old_one_by_its_name(tmp_path: Path) -> None:
    ca, url = PrivateCA(tmp_path), "https://one.vault.azure.net/secrets/a"
    vaults.fill(ca, ACCOUNTS)
    contents = [import_pair(ca, ACCOUNTS, "a.example", f"{number}.example") for number in range(11)]
    newest = vaults.find(ca, ACCOUNTS, url)
    assert newest is not None and newest[1].certificate.read_bytes() == contents[-1]
    first = min(tmp_path.glob("vault-one-a.*.pem")).stem.rpartition("-")[2]
    old = vaults.find(ca, ACCOUNTS, f"{url}/{first}")
    assert old is not None and old[1].certificate.read_bytes() == contents[0]


def test_what_was_imported_stays_while_it_is_for_all_names(tmp_path: Path) -> None:
    ca, url = PrivateCA(tmp_path), "https://one.vault.azure.net/secrets/a"
    content = import_pair(ca, ACCOUNTS, "a.example", "more.example")
    for hosts, same in ((("a.example",), True), (("other.example",), False)):
        accounts = Accounts(vaults=(Vault("/x/One", {"a": hosts}),))
        vaults.fill(ca, accounts)
        found = vaults.find(ca, accounts, url)
        assert found is not None and (found[1].certificate.read_bytes() == content) is same
        assert set(hosts) <= set(found[1].names)


def test_secrets_are_files_that_nobody_else_reads(tmp_path: Path) -> None:
    ca = PrivateCA(tmp_path)
    assert vaults.read_secret(ca, ACCOUNTS.vaults[0], "a") is None
    for value in ("one", "two"):
        vaults.write_secret(ca, ACCOUNTS.vaults[0], "a", value)
        assert vaults.read_secret(ca, ACCOUNTS.vaults[0], "a") == value
    assert vaults.read_secret(ca, ACCOUNTS.vaults[1], "a") is None
    assert (tmp_path / "vault-one-a.secret").stat().st_mode & 0o077 == 0
