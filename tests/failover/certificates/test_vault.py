"""The vault: what lies in it, what goes in, and what it says no with."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from failover.certificates.vault import CertificateVault
from failover.levers.clouds import Clouds
from sandbox.network.certificates import PrivateCA
from service.errors import InvalidInput, OutlastError, Refused, Unavailable
from tests.failover.certificates.conftest import HOST, KEY, FakeVault


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> str:
    key: Any = serialization.load_pem_private_key(KEY, None)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return PrivateCA(tmp_path_factory.mktemp("ca")).sign(request, [HOST, f"eu.{HOST}"], days=90)


def test_an_empty_vault_holds_nothing(fake_vault: FakeVault) -> None:
    assert fake_vault.vault.look() is None and fake_vault.vault.account_key() == b""


def test_what_goes_in_is_seen(fake_vault: FakeVault, chain: str) -> None:
    held = fake_vault.vault.put(KEY, chain)
    assert held == fake_vault.vault.look()
    assert held.names == (HOST, f"eu.{HOST}")
    left = held.not_after - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=89) < left <= datetime.timedelta(days=90)


def test_the_file_holds_key_and_whole_chain(fake_vault: FakeVault, chain: str) -> None:
    fake_vault.vault.put(KEY, chain)
    key, leaf, rest = pkcs12.load_key_and_certificates(fake_vault.certificates["api"], None)
    assert key is not None and leaf is not None and key.public_key() == leaf.public_key()
    assert [leaf, *rest] == x509.load_pem_x509_certificates(chain.encode())


def test_the_account_key_is_a_secret_beside_it(fake_vault: FakeVault) -> None:
    fake_vault.vault.keep_account_key(b"pem")
    assert fake_vault.secrets == {"api-acme-account": "pem"} and fake_vault.vault.account_key() == b"pem"


def test_another_certificate_in_its_place_is_refused(fake_vault: FakeVault, chain: str, tmp_path: Path) -> None:
    fake_vault.vault.put(KEY, chain)
    fake_vault.refuse["POST"] = httpx.Response(200, json={})  # somebody else's import came after ours
    other = PrivateCA(tmp_path)
    request = x509.load_pem_x509_csr(_request())
    with pytest.raises(Refused, match="another certificate"):
        fake_vault.vault.put(KEY, other.sign(request, ["b.example"]))


def _request() -> bytes:
    key: Any = serialization.load_pem_private_key(KEY, None)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, Unavailable, "Key Vault Certificates Officer"),
        (401, Unavailable, "Key Vault Certificates Officer"),
        (409, Refused, "list-deleted"),
        (429, Unavailable, "try again"),
        (500, Unavailable, "try again"),
    ],
)
def test_what_the_vault_says_no_with(
    fake_vault: FakeVault, chain: str, status: int, kind: type[OutlastError], words: str
) -> None:
    fake_vault.refuse["POST"] = httpx.Response(status, json={"error": {"code": "ForbiddenByRbac"}})
    with pytest.raises(kind, match="ForbiddenByRbac") as refused:
        fake_vault.vault.put(KEY, chain)
    assert words in refused.value.hint


def test_the_account_key_needs_another_role(fake_vault: FakeVault) -> None:
    fake_vault.refuse["GET /secrets"] = httpx.Response(403)
    with pytest.raises(Unavailable) as refused:
        fake_vault.vault.account_key()
    assert "Key Vault Secrets Officer" in refused.value.hint


def test_a_vault_that_does_not_answer_is_told() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no such host")

    clouds = Clouds({"OUTLAST_AZURE_TOKEN": "t"}, httpx.MockTransport(answer))
    with pytest.raises(Unavailable, match="no such host"):
        CertificateVault.at("https://kv1.vault.azure.net/secrets/api", clouds).look()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://kv1.vault.azure.net/certificates/api",
        "https://kv1.vault.azure.net/secrets/api/0123",
        "http://kv.vault.azure.net/secrets/api",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="is no address"):
        CertificateVault.at(address, Clouds())
