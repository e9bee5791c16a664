"""The simulated vault by the client of `outlast certificate renew`: what is imported is what the site presents."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate

from failover.certificates.vault import CertificateVault, Held
from failover.levers.clouds import Clouds
from sandbox.daemon.vendors import Vendors
from service.errors import Unavailable
from tests.sandbox.clouds import harness, sites
from tests.sandbox.clouds.harness import HOST

ADDRESS = f"https://outlast-sandbox.vault.azure.net/secrets/{HOST.replace('.', '-')}"
GROUP = f"eu.{HOST}"


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[harness.Clouds]:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    opened = harness.open_clouds(tmp_path, harness.no_route53)
    opened.world.lookup = harness.fake_dns(opened)
    yield opened
    opened.world.store.journal.close()


def ask(clouds: harness.Clouds, dark: bool = False) -> Clouds:
    """The seam to Azure, which leads to the simulated vault."""
    vendors = Vendors(clouds.world, lambda stack: "no answer" if dark and stack else None)

    def answer(request: httpx.Request) -> httpx.Response:
        found = vendors.answer(request.method, request.url.path, dict(request.url.params), request.content)
        assert found is not None
        return httpx.Response(found[0], json=found[1])

    environ = {"OUTLAST_AZURE_ENDPOINT": "http://sandbox", "OUTLAST_AZURE_TOKEN": "t"}
    return Clouds(environ, httpx.MockTransport(answer))


def put(clouds: harness.Clouds, *hosts: str) -> Held:
    pair = clouds.world.ca.issue("elsewhere", hosts)
    vault = CertificateVault.at(ADDRESS, ask(clouds))
    return vault.put(pair.key.read_bytes(), pair.certificate.read_text())


def presented(clouds: harness.Clouds) -> Any:
    entry = clouds.entry_point("azure")
    assert entry is not None
    binding = entry.binding_for(HOST)
    assert binding is not None
    return load_pem_x509_certificate(binding.pair.certificate.read_bytes())


def test_the_site_presents_what_was_imported(clouds: harness.Clouds) -> None:
    sites.azure_site(clouds)
    vault = CertificateVault.at(ADDRESS, ask(clouds))
    before, shown = vault.look(), presented(clouds)
    assert before is not None and before.names == (HOST,)
    held = put(clouds, HOST, GROUP)
    assert held.names == (HOST, GROUP) and vault.look() == held
    assert presented(clouds).serial_number != shown.serial_number
    again = put(clouds, HOST, GROUP)
    assert again.names == held.names and presented(clouds).not_valid_after_utc == again.not_after


def test_secrets_are_kept(clouds: harness.Clouds) -> None:
    vault = CertificateVault.at(ADDRESS, ask(clouds))
    assert vault.account_key() == b""
    vault.keep_account_key(b"pem")
    assert vault.account_key() == b"pem"


def test_a_certificate_of_another_name_begins_empty(clouds: harness.Clouds) -> None:
    vault = CertificateVault.at("https://outlast-sandbox.vault.azure.net/secrets/another", ask(clouds))
    assert vault.look() is None


def test_a_vault_that_is_not_there_takes_nothing(clouds: harness.Clouds) -> None:
    with pytest.raises(Unavailable, match="VaultNotFound"):
        CertificateVault.at("https://nobody.vault.azure.net/secrets/a", ask(clouds)).keep_account_key(b"pem")


def test_a_vault_is_out_of_reach_when_its_cloud_is(clouds: harness.Clouds) -> None:
    sites.azure_site(clouds)
    with pytest.raises(Unavailable, match="no answer"):
        CertificateVault.at(ADDRESS, ask(clouds, dark=True)).look()


def packed(clouds: harness.Clouds, password: bytes = b"", key_of: str = "one") -> str:
    made = {name: clouds.world.ca.issue(name, [HOST]) for name in ("one", "two")}
    key: Any = load_pem_private_key(made[key_of].key.read_bytes(), None)
    leaf = load_pem_x509_certificate(made["one"].certificate.read_bytes())
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return base64.b64encode(pkcs12.serialize_key_and_certificates(b"a", key, leaf, None, how)).decode()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["certificates/a", "certificates/a/import", "secrets/a"])
def test_what_it_cannot_do_and_what_is_no_certificate(clouds: harness.Clouds, method: str, path: str) -> None:
    vendors = Vendors(clouds.world, lambda stack: None)
    found = vendors.answer(method, f"/outlast-sandbox.vault.azure.net/{path}", {}, b"{}")
    assert found is not None
    importing, reading = (method, path) == ("POST", "certificates/a/import"), method == "GET" and path[-1] == "a"
    assert found[1]["error"]["code"] in (
        ("BadParameter",)
        if importing
        else ("CertificateNotFound", "SecretNotFound")
        if reading
        else ("MethodNotAllowed",)
    )


def test_a_file_with_a_password_or_another_key_is_refused(clouds: harness.Clouds) -> None:
    vendors = Vendors(clouds.world, lambda stack: None)
    path = "/outlast-sandbox.vault.azure.net/certificates/a/import"
    for value in (packed(clouds, b"secret"), base64.b64encode(b"no file").decode(), "*"):
        found = vendors.answer("POST", path, {}, json.dumps({"value": value}).encode())
        assert found is not None and found[1]["error"]["code"] == "BadParameter"
