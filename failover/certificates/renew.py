"""When a certificate is renewed, and how: ask the authority, prove the names, put the result in the vault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from failover.certificates.authority import Binding, Registrant, issue, make_account_key
from failover.certificates.proofs import Proofs
from failover.certificates.vault import CertificateVault, Held

LEAST_DAYS = 30
"""Days left, below which a certificate is renewed: a third of what Let's Encrypt gives."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the names, of which authority, by whose account. `account_key` "" is that of the vault."""

    names: Sequence[str]
    directory: str
    account_key: bytes = b""
    email: str = ""
    binding: Binding | None = None


@dataclass(frozen=True)
class Renewal:
    """How it ended: what lies in the vault, and why it was renewed; "" where it was not."""

    held: Held
    why: str


STAGING = "staging"
"""In the directory of a test authority and, in capitals, in the names of its issuers, whom no client trusts:
letsencrypt.org/docs/staging-environment."""


def find_reason(
    held: Held | None, names: Sequence[str], now: datetime, least_days: int = LEAST_DAYS, *, directory: str = ""
) -> str:
    """Why a certificate has to be renewed; "" while it has not."""
    if held is None:
        return "there is none in the vault yet"
    if set(held.names) != set(names):
        return f"it is for {', '.join(held.names) or 'no name'}, and has to be for {', '.join(names)}"
    if held.is_own:
        return "it vouches for itself, so no client trusts it"
    if STAGING in held.issuer.lower() and STAGING not in directory.lower():
        return (
            f"it is by {held.issuer}, which no client trusts, and {directory or 'another authority'} is asked for one"
        )
    left = held.not_after - now
    if left < timedelta(days=least_days):
        return f"it ends on {held.not_after:%Y-%m-%d}, which is less than {least_days} days away"
    return ""


def renew(
    vault: CertificateVault,
    proofs: Callable[[], Proofs],
    wanted: Wanted,
    *,
    now: datetime,
    agent: str,
    least_days: int = LEAST_DAYS,
    force: bool = False,
) -> Renewal:
    """Renew where there is a reason, or `force`; `proofs` is asked for only then. Raises OutlastError."""
    held = vault.look()
    why = find_reason(held, wanted.names, now, least_days, directory=wanted.directory) or (
        "--force was given" if force else ""
    )
    if held is not None and not why:
        return Renewal(held, "")
    registrant = Registrant(wanted.account_key or _account_key(vault), wanted.email, wanted.binding)
    key, chain = issue(wanted.directory, registrant, wanted.names, proofs().standing, now=now, agent=agent)
    return Renewal(vault.put(key, chain), why)


def _account_key(vault: CertificateVault) -> bytes:
    """The account's key of the vault; made, and written there, where it has none."""
    known = vault.account_key()
    if not known:
        known = make_account_key()
        vault.keep_account_key(known)
    return known
