"""How often one address may ask, where the load balancer in front counts nothing; and whose address that is behind it.

Requests are counted by minute, the one before by its part that still lies within the last sixty seconds: two numbers an
address. The counts are a replica's own, for replicas share nothing.
"""

from __future__ import annotations

import functools
import ipaddress
import math
from collections.abc import Mapping

from service.server.protocol.problems import ADDRESS_OVER_LIMIT, Problem

_WINDOW_SECONDS = 60.0
_MOST_ADDRESSES = 100_000  # in one minute; whoever comes later in it is not limited, rather than all of them together
_LONGEST = 45  # characters of an IPv6 address that holds an IPv4 one
_IPV6_BITS = 64  # a network, of which one caller has every address


class AddressLimit:
    """At most `per_minute` requests of one address, 0 for no limit.

    `hops` load balancers stand in front, each of which appends to `x-forwarded-for` where its request came from: the
    caller is that many from the right. What stands further left was written by whoever asks, and is not looked at.
    """

    def __init__(self, per_minute: int, hops: int = 0) -> None:
        self.per_minute = per_minute
        self._hops = hops
        self._began = 0.0
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def caller(self, headers: Mapping[bytes, bytes], peer: str) -> str:
        """The address that a request came from; `peer` is the other end of its connection."""
        if not self._hops:
            return peer
        told = headers.get(b"x-forwarded-for", b"").rsplit(b",", self._hops)[-self._hops :]
        address = told[0].strip().decode("latin-1") if len(told) == self._hops else ""
        return address if 0 < len(address) <= _LONGEST else peer

    def admit(self, address: str, now: float) -> None:
        """Count a request at Unix time `now`. Raises Problem 429 for one beyond the limit, which is not counted."""
        if not self.per_minute:
            return
        wait = self._take(_network_of(address), now)
        if wait > 0:
            seconds = math.ceil(wait)
            raise Problem(
                ADDRESS_OVER_LIMIT,
                f"your address may ask {self.per_minute} times a minute",
                hint=f"wait {seconds} s, or send several rows in one request",
                headers=[(b"retry-after", str(seconds).encode())],
            )

    def _take(self, network: str, now: float) -> float:
        """Count one; 0 where it is within the limit, else the seconds until one will be."""
        self._turn(now)
        count, before, passed = self._now.get(network, 0), self._before.get(network, 0), now - self._began
        still = before * (1 - passed / _WINDOW_SECONDS)
        if count + still < self.per_minute:
            if network in self._now or len(self._now) < _MOST_ADDRESSES:
                self._now[network] = count + 1
            return 0.0
        if count >= self.per_minute:
            return _WINDOW_SECONDS - passed + _WINDOW_SECONDS / self.per_minute
        return _WINDOW_SECONDS * (1 - (self.per_minute - count) / before) - passed + 1e-3

    def _turn(self, now: float) -> None:
        """Begin another minute where this one is over. A clock that was put back begins one too."""
        if 0 <= now - self._began < _WINDOW_SECONDS:
            return
        next_one = 0 <= now - self._began - _WINDOW_SECONDS < _WINDOW_SECONDS
        self._before = self._now if next_one else {}
        self._began = self._began + _WINDOW_SECONDS if next_one else now
        self._now = {}


@functools.lru_cache(4096)
def _network_of(address: str) -> str:
    """What is counted together: an IPv4 address, however it is written, or the network of an IPv6 one."""
    if address.count(":") == 1:  # some load balancers append the port: each connection would be a caller of its own
        address = address.partition(":")[0]
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    # A socket for both families gives IPv4 addresses inside IPv6 ones, all of them of one network.
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, _IPV6_BITS), strict=False))
