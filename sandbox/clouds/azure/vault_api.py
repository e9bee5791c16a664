"""A Key Vault's own REST API, as `outlast certificate renew` uses it: look at a certificate, import one, keep a secret.

Whoever has this sandbox's token may do all of it: roles on the vault itself are not simulated.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from sandbox.clouds.accounts import Vault
from sandbox.clouds.azure import vaults
from sandbox.clouds.azure.certificates import CERTIFICATE, source_of
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.world import World
from sandbox.network.certificates import KeyPair

Document = dict[str, Any]
PATH = re.compile(
    r"/(?P<host>[a-z0-9-]+\.vault\.azure\.net)/(?P<kind>certificates|secrets)/(?P<name>[A-Za-z0-9-]{1,127})(?P<verb>/import)?"
)
_PEM = serialization.Encoding.PEM


def answer(world: World, method: str, path: str, body: bytes) -> Document:
    """One request. Raises CloudRefused with the API's own code."""
    found = PATH.fullmatch(path)
    vault = vaults.vault_at(world.accounts, found["host"]) if found else None
    if found is None or vault is None:
        raise CloudRefused(f"VaultNotFound: there is no vault at {path}")
    handlers: Mapping[tuple[str, str, str | None], Callable[[World, Vault, str, bytes], Document]] = {
        ("GET", "certificates", None): _show_certificate,
        ("POST", "certificates", "/import"): _import_certificate,
        ("GET", "secrets", None): _show_secret,
        ("PUT", "secrets", None): _set_secret,
    }
    handler = handlers.get((method, found["kind"], found["verb"]))
    if handler is None:
        raise CloudRefused(f"MethodNotAllowed: the sandbox has no {method} of {path}")
    return handler(world, vault, found["name"], body)


def owner(world: World, path: str) -> str:
    """A stack whose certificate lies in the vault that is asked: it is out of reach when that site's cloud is."""
    found = PATH.fullmatch(path)
    beginning = f"https://{found['host']}/" if found else ""
    read = [r.stack for r in world.store.all(CERTIFICATE) if found and source_of(r).lower().startswith(beginning)]
    return read[0] if read else ""


def _show_certificate(world: World, vault: Vault, name: str, _: bytes) -> Document:
    found = vaults.find(world.ca, world.accounts, f"https://{vault.host}/secrets/{name}")
    if found is None:
        raise CloudRefused(f"CertificateNotFound: A certificate with (name/id) {name} was not found in this key vault.")
    return _describe(vault, name, found[1])


def _describe(vault: Vault, name: str, pair: KeyPair) -> Document:
    leaf = x509.load_pem_x509_certificates(pair.certificate.read_bytes())[0]
    content = base64.b64encode(leaf.public_bytes(serialization.Encoding.DER)).decode()
    ends = int(leaf.not_valid_after_utc.timestamp())
    addresses = {kind[:-1]: f"https://{vault.host}/{kind}/{name}" for kind in ("secrets", "keys")}
    return {
        "id": f"https://{vault.host}/certificates/{name}",
        "sid": addresses["secret"],
        "kid": addresses["key"],
        "cer": content,
        "attributes": {"enabled": True, "exp": ends},
    }


def _import_certificate(world: World, vault: Vault, name: str, body: bytes) -> Document:
    """A PFX without a password; every site that reads it has it at once."""
    try:
        given = json.loads(body)
        content = base64.b64decode(given["value"], validate=True)
        key, leaf, rest = pkcs12.load_key_and_certificates(content, None)
    except (ValueError, KeyError, TypeError) as error:
        raise CloudRefused(f"BadParameter: the value is no PKCS #12 file in base64 ({error})") from error
    if key is None or leaf is None or key.public_key() != leaf.public_key():
        raise CloudRefused("BadParameter: the file does not hold a certificate and its private key")
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = b"".join(one.public_bytes(_PEM) for one in (leaf, *rest))
    pair = vaults.put(world.ca, vault, name, chain, private)
    world.hooks.reconcile()
    return _describe(vault, name, pair)


def _show_secret(world: World, vault: Vault, name: str, _: bytes) -> Document:
    value = vaults.read_secret(world.ca, vault, name)
    if value is None:
        raise CloudRefused(f"SecretNotFound: A secret with (name/id) {name} was not found in this key vault.")
    return {"id": f"https://{vault.host}/secrets/{name}", "value": value}


def _set_secret(world: World, vault: Vault, name: str, body: bytes) -> Document:
    try:
        value = str(json.loads(body)["value"])
    except (ValueError, KeyError, TypeError) as error:
        raise CloudRefused(f"BadParameter: the request has no value ({error})") from error
    vaults.write_secret(world.ca, vault, name, value)
    return {"id": f"https://{vault.host}/secrets/{name}", "value": value}
