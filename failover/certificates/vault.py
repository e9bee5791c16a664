"""A certificate in an Azure Key Vault, by the vault's REST API: look at it, import another, keep the account's key.

    GET  /certificates/{name}           certificates/get; learn.microsoft.com/rest/api/keyvault/certificates
    POST /certificates/{name}/import    certificates/import
    GET  /secrets/{name}                secrets/get, of the account's key alone
    PUT  /secrets/{name}                secrets/set, the same

An import makes a new version under the old name. A Container App that names the secret without a version reads the
newest within twelve hours (learn.microsoft.com/azure/container-apps/key-vault-certificates-manage).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from failover.levers.clouds import Clouds
from service.errors import InvalidInput, Refused, Unavailable

API_VERSION = "7.4"
SCOPE = "https://vault.azure.net/.default"
OFFICER = "Key Vault Certificates Officer"
SECRETS_OFFICER = "Key Vault Secrets Officer"
ACCOUNT_SUFFIX = "-acme-account"
"""What the secret with the account's key is called, after the certificate."""

_ADDRESS = re.compile(r"(https://[A-Za-z0-9-]{3,24}\.vault\.azure\.net)/secrets/([A-Za-z0-9-]{1,127})/?")


@dataclass(frozen=True)
class Held:
    """A certificate as it lies in the vault: the names that it is for, until when, and by whose word.

    `issuer` is the authority's name as the certificate has it, `is_own` says that it vouches for itself.
    """

    names: tuple[str, ...]
    not_after: datetime
    issuer: str = ""
    is_own: bool = False


@dataclass(frozen=True)
class CertificateVault:
    """One certificate of one vault."""

    clouds: Clouds
    base: str
    name: str

    @classmethod
    def at(cls, address: str, clouds: Clouds) -> CertificateVault:
        """The certificate whose secret has this address, as `outlast:certificateSecret` has it. Raises InvalidInput."""
        found = _ADDRESS.fullmatch(address)
        if found is None:
            what = f"{address!r} is no address of a certificate's secret in a Key Vault"
            raise InvalidInput(what, hint="https://<vault>.vault.azure.net/secrets/<name>, without a version")
        return cls(clouds, found[1].lower(), found[2])

    def look(self) -> Held | None:
        """What lies there; None where nothing does."""
        document = self._ask("GET", f"/certificates/{self.name}", f"look at the certificate {self.name}")
        return _read(base64.b64decode(document["cer"])) if document else None

    def put(self, key: bytes, chain: str) -> Held:
        """Import a private key and the chain of its certificate, both PEM, and see that they are there.

        Raises Refused where the vault then shows another: somebody imported at the same time.
        """
        value = base64.b64encode(_pack(self.name, key, chain)).decode()
        policy = {
            "key_props": {"exportable": True, "kty": "RSA", "key_size": 2048, "reuse_key": False},
            "secret_props": {"contentType": "application/x-pkcs12"},
        }
        doing = f"import the certificate {self.name}"
        self._ask("POST", f"/certificates/{self.name}/import", doing, json={"value": value, "policy": policy})
        held, wanted = self.look(), _read_pem(chain)
        if held != wanted:
            what = f"the vault {self.base} shows another certificate than the one that was just imported"
            raise Refused(what, hint="see who else imports into it; each import is a version of its own there")
        return wanted

    def account_key(self) -> bytes:
        """The key of the account at the authority, PEM; empty where there is none yet."""
        name = f"{self.name}{ACCOUNT_SUFFIX}"
        document = self._ask("GET", f"/secrets/{name}", f"read the account's key {name}", role=SECRETS_OFFICER)
        return str(document["value"]).encode() if document else b""

    def keep_account_key(self, pem: bytes) -> None:
        """Write it, for the next renewal."""
        name = f"{self.name}{ACCOUNT_SUFFIX}"
        body = {"value": pem.decode(), "contentType": "application/x-pem-file"}
        self._ask("PUT", f"/secrets/{name}", f"write the account's key {name}", role=SECRETS_OFFICER, json=body)

    def _ask(self, method: str, path: str, doing: str, role: str = OFFICER, **request: Any) -> dict[str, Any]:
        """One call; an empty document where the vault knows nothing of that name. Raises Unavailable, Refused."""
        params = {"api-version": API_VERSION}
        try:
            with self.clouds.azure(SCOPE, self.base) as client:
                response = client.request(method, path, params=params, **request)
        except httpx.HTTPError as error:
            what = f"could not {doing} in {self.base}: {str(error) or type(error).__name__}"
            raise Unavailable(what, hint="is the vault's name right, and may this machine reach it?") from error
        if response.status_code == 404 and method == "GET":
            return {}
        if not response.is_success:
            raise _refusal(response, f"{doing} in {self.base}", role)
        found: dict[str, Any] = response.json()
        return found


def _refusal(response: httpx.Response, doing: str, role: str) -> Unavailable | Refused:
    """What the vault says no with, and what to do about it."""
    said = response.text[:300]
    if response.status_code in (401, 403):
        hint = f"give whoever runs this the role {role} on the vault; its firewall has to let this machine in"
        return Unavailable(f"the vault refused to {doing}: {said}", hint=hint)
    if response.status_code == 409:
        hint = "`az keyvault certificate list-deleted`: recover or purge the deleted one of that name"
        return Refused(f"could not {doing}: {said}", hint=hint)
    return Unavailable(f"could not {doing}: HTTP {response.status_code} {said}", hint="try again in a minute")


def _pack(name: str, key: bytes, chain: str) -> bytes:
    """As PKCS #12 without a password: what Container Apps read from a vault's certificate."""
    leaf, *rest = x509.load_pem_x509_certificates(chain.encode())
    private: Any = serialization.load_pem_private_key(key, None)
    return pkcs12.serialize_key_and_certificates(name.encode(), private, leaf, rest, serialization.NoEncryption())


def _read_pem(chain: str) -> Held:
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    return _read(leaf.public_bytes(serialization.Encoding.DER))


def _read(content: bytes) -> Held:
    certificate = x509.load_der_x509_certificate(content)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(found.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    issuer = certificate.issuer.rfc4514_string()
    return Held(names, certificate.not_valid_after_utc, issuer, is_own=certificate.issuer == certificate.subject)
