"""What DNS said about a name, and for how long a client believes it. `failover.dial` asks; import these from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

MAX_CNAME_HOPS = 8


@dataclass(frozen=True)
class Resolution:
    """What DNS said about a name.

    `addresses` in the order of the answer; `cname_chain` the names that led there, without `host` itself;
    `ttl_seconds` the smallest of the chain (for a negative answer the negative TTL of the SOA), as DNS gave it;
    `rcode` as text (`NOERROR` with no addresses means that the name exists without this type).
    """

    host: str
    rdtype: str
    addresses: tuple[str, ...]
    cname_chain: tuple[str, ...]
    ttl_seconds: int
    rcode: str
    authoritative: bool
    elapsed_seconds: float

    @property
    def origin_host(self) -> str:
        """The name that owns the addresses: the end of the CNAME chain."""
        return self.cname_chain[-1] if self.cname_chain else self.host


class Resolver(Protocol):
    """Anything that asks DNS anew each time: a `Dial`."""

    def resolve(self, host: str, rdtype: str = "A") -> Resolution: ...


class StubResolver:
    """What an ordinary client does with DNS: keeps an answer for its TTL, then asks again.

    Thread-safe. `now` counts seconds; failures to ask are not kept, and an expired answer is never served.
    """

    def __init__(self, dial: Resolver, *, now: Callable[[], float] = time.monotonic, rdtype: str = "A") -> None:
        self._dial = dial
        self._now = now
        self._rdtype = rdtype
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Resolution]] = {}

    def lookup(self, host: str) -> Resolution:
        """The answer for `host`: a kept one while its TTL lasts, else a new one."""
        key = host.rstrip(".").lower()
        with self._lock:
            expires, kept = self._kept.get(key, (0.0, None))
        if kept is not None and self._now() < expires:
            return kept
        asked_at = self._now()
        found = self._dial.resolve(host, self._rdtype)
        if found.rcode in ("NOERROR", "NXDOMAIN"):
            with self._lock:
                self._kept[key] = (asked_at + found.ttl_seconds, found)
        return found

    def forget(self) -> None:
        """Drop everything, as a restarted client would."""
        with self._lock:
            self._kept.clear()


def read_response(response: dns.message.Message, host: str, rdtype: str) -> Resolution:
    """Walk the answer section from `host` along its CNAMEs to the addresses."""
    owner = dns.name.from_text(host)
    chain: list[str] = []
    ttls: list[int] = []
    wanted = dns.rdatatype.from_text(rdtype)
    records = {(rrset.name, rrset.rdtype): rrset for rrset in response.answer}
    addresses: tuple[str, ...] = ()
    while len(chain) <= MAX_CNAME_HOPS:
        if found := records.get((owner, wanted)):
            addresses = tuple(rdata.to_text() for rdata in found)
            ttls.append(found.ttl)
            break
        alias = records.get((owner, dns.rdatatype.CNAME))
        if alias is None:
            break
        ttls.append(alias.ttl)
        owner = alias[0].target
        chain.append(owner.to_text(omit_final_dot=True).lower())
    if not addresses:
        ttls.extend(
            min(rrset.ttl, rrset[0].minimum) for rrset in response.authority if rrset.rdtype == dns.rdatatype.SOA
        )
    return Resolution(
        host=host.rstrip("."),
        rdtype=rdtype,
        addresses=addresses,
        cname_chain=tuple(chain),
        ttl_seconds=min(ttls, default=0),
        rcode=dns.rcode.to_text(response.rcode()),
        authoritative=bool(response.flags & dns.flags.AA),
        elapsed_seconds=0.0,
    )
