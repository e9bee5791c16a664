"""The Key Vaults that exist beforehand: certificates of the private CA, each under the name of its secret."""

from __future__ import annotations

from sandbox.clouds.accounts import Accounts, Vault
from sandbox.network.certificates import KeyPair, PrivateCA


def fill(ca: PrivateCA, accounts: Accounts) -> None:
    """Have every certificate that the vaults hold, made anew where it is to be for other names than it was."""
    for vault in accounts.vaults:
        for secret, hosts in vault.certificates.items():
            pair = _pair(ca, vault, secret)
            if not pair.certificate.exists() or pair.names != hosts:
                ca.issue(_file(vault, secret), hosts)


def find(ca: PrivateCA, accounts: Accounts, url: str) -> tuple[Vault, KeyPair] | None:
    """The vault and the key pair behind the address of a secret, with a version or without; None where none is."""
    host, _, path = url.removeprefix("https://").partition("/")
    kind, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    vault = next((one for one in accounts.vaults if one.host == host.lower()), None)
    if vault is None or kind != "secrets" or name not in vault.certificates:
        return None
    pair = _pair(ca, vault, name)
    return (vault, pair) if pair.certificate.exists() else None


def _file(vault: Vault, secret: str) -> str:
    return f"vault-{vault.name}-{secret}"


def _pair(ca: PrivateCA, vault: Vault, secret: str) -> KeyPair:
    name = _file(vault, secret)
    return KeyPair(ca.folder / f"{name}.pem", ca.folder / f"{name}.key")
