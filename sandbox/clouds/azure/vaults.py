"""The Key Vaults that exist beforehand: their certificates, in versions, and the secrets that others than Pulumi write.

What a vault holds at first is of the private CA, made as the accounts say; whatever is imported afterwards is a version
of its own, and an address without a version means the newest. All are files beside the CA's own.
"""

from __future__ import annotations

from pathlib import Path

from sandbox.clouds.accounts import Accounts, Vault
from sandbox.clouds.values import hex_id
from sandbox.network.certificates import KeyPair, PrivateCA
from service.bundle.writing import write_whole


def fill(ca: PrivateCA, accounts: Accounts) -> None:
    """Have every certificate that the vaults hold, made anew where it has to be for other names than it is.

    One that was imported is left alone while it is for all the names that are asked for.
    """
    for vault in accounts.vaults:
        for secret, hosts in vault.certificates.items():
            pair, imported = _newest(ca, vault, secret), bool(_versions(ca, vault, secret))
            if not pair.certificate.exists():
                ca.issue(_file(vault, secret), hosts)
            elif imported and not set(hosts) <= set(pair.names):
                ca.issue(_next(ca, vault, secret), hosts)
            elif not imported and pair.names != hosts:
                ca.issue(_file(vault, secret), hosts)


def find(ca: PrivateCA, accounts: Accounts, url: str) -> tuple[Vault, KeyPair] | None:
    """The vault and the key pair behind the address of a secret, with a version or without; None where none is."""
    host, _, path = url.removeprefix("https://").partition("/")
    kind, _, rest = path.partition("/")
    name, _, version = rest.partition("/")
    vault = vault_at(accounts, host)
    if vault is None or kind != "secrets" or not name:
        return None
    named = [pair for pair in _versions(ca, vault, name) if version and pair.certificate.stem.endswith(f"-{version}")]
    pair = named[0] if named else _newest(ca, vault, name)
    return (vault, pair) if pair.certificate.exists() else None


def vault_at(accounts: Accounts, host: str) -> Vault | None:
    """The vault whose secrets are read at that host."""
    return next((one for one in accounts.vaults if one.host == host.lower()), None)


def put(ca: PrivateCA, vault: Vault, name: str, chain: bytes, key: bytes) -> KeyPair:
    """Another version of a certificate: the key first, then the chain, whose presence says that it is whole."""
    pair = _pair_called(ca, _next(ca, vault, name))
    write_whole(pair.key, key, mode=0o600)
    write_whole(pair.certificate, chain, mode=0o600)
    return pair


def read_secret(ca: PrivateCA, vault: Vault, name: str) -> str | None:
    """A secret that was written here, and not by a stack."""
    path = _secret_path(ca, vault, name)
    return path.read_text() if path.exists() else None


def write_secret(ca: PrivateCA, vault: Vault, name: str, value: str) -> None:
    """Write it, in the place of the one before."""
    write_whole(_secret_path(ca, vault, name), value.encode(), mode=0o600)


def _secret_path(ca: PrivateCA, vault: Vault, name: str) -> Path:
    return ca.folder / f"{_file(vault, name)}.secret"


def _file(vault: Vault, secret: str) -> str:
    return f"vault-{vault.name}-{secret}"


def _next(ca: PrivateCA, vault: Vault, secret: str) -> str:
    """What the files of the next version are called: in order, and with the version that an address may name."""
    return f"{_file(vault, secret)}.{len(_versions(ca, vault, secret)) + 1:04}-{hex_id(32)}"


def _versions(ca: PrivateCA, vault: Vault, secret: str) -> list[KeyPair]:
    """What was imported, the oldest first."""
    found = sorted(ca.folder.glob(f"{_file(vault, secret)}.[0-9]*-*.pem"))
    return [_pair_called(ca, path.stem) for path in found]


def _newest(ca: PrivateCA, vault: Vault, secret: str) -> KeyPair:
    return [_pair_called(ca, _file(vault, secret)), *_versions(ca, vault, secret)][-1]


def _pair_called(ca: PrivateCA, name: str) -> KeyPair:
    return KeyPair(ca.folder / f"{name}.pem", ca.folder / f"{name}.key")
