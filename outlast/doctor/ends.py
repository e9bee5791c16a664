"""Whether a certificate is for a host and lasts for a while. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from failover.certificates.served import SERVED_DAYS
from outlast.doctor.checks import Finding, fine, wrong


def judge_end(host: str, ends: datetime, names: Sequence[str], now: datetime, renew: str) -> Finding:
    """A finding about a certificate that ends then and is for these names; `renew` is what to type."""
    days = (ends - now).days
    told = f"ends on {ends:%Y-%m-%d}, for {', '.join(names) or 'no name'}"
    if not any(covers(name, host) for name in names):
        return wrong(f"is not for {host}: {told}", renew)
    if days < SERVED_DAYS:
        return wrong(f"{told}: {f'in {days} days' if days >= 0 else 'it is over'}", renew)
    return fine(told)


def covers(name: str, host: str) -> bool:
    """Whether a name in a certificate is the host's, with a `*` for its first part alone (RFC 9525, 6.3)."""
    return name.lower() == host or (name.startswith("*.") and host.partition(".")[2] == name[2:].lower())
