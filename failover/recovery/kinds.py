"""The kinds of clients that differ in how long they hold on to a lost site, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClientKind:
    """What decides when a client leaves a lost site.

    `own_cache_seconds` is a cache of its runtime on top of the resolver's, whatever the TTL says; `floor_seconds` what
    its cache makes of shorter TTLs; `keeps_connections` that it asks DNS only for a new connection;
    `tries_others` that it goes to another site by itself, without DNS.
    """

    name: str
    says: str
    why: str
    own_cache_seconds: float = 0.0
    floor_seconds: float = 0.0
    keeps_connections: bool = False
    tries_others: bool = False


KINDS = (
    ClientKind(
        "ttl",
        "honours the TTL",
        "asks its resolver for each connection, as glibc, Go, Node and curl's command line do",
    ),
    ClientKind(
        "floor",
        "behind a resolver with a floor of 30 s",
        "some resolvers keep short answers longer; 30 s is an assumption, no vendor documents one",
        floor_seconds=30.0,
    ),
    ClientKind(
        "pool",
        "keep-alive pool",
        "a connection is used until it breaks: requests and urllib3, JDBC-like pools, gRPC",
        keeps_connections=True,
    ),
    ClientKind(
        "jvm",
        "Java, with its cache of 30 s",
        "networkaddress.cache.ttl, whose implementation default is 30 s whatever DNS says",
        own_cache_seconds=30.0,
    ),
    ClientKind(
        "browser",
        "browser, with its floor of 60 s",
        "Chromium raises shorter TTLs to 60 s (kMinimumTTLSeconds), and keeps connections",
        floor_seconds=60.0,
        keeps_connections=True,
    ),
    ClientKind(
        "aiohttp",
        "aiohttp, with its cache of 10 s",
        "TCPConnector's ttl_dns_cache is 10 s, and it keeps connections",
        own_cache_seconds=10.0,
        keeps_connections=True,
    ),
    ClientKind(
        "outlast",
        "failover.client",
        "knows every site, and goes to the next one when the first does not answer",
        keeps_connections=True,
        tries_others=True,
    ),
)
"""Where each fact is from: docs/concepts/recovery-time.md."""


def find_kind(name: str) -> ClientKind:
    """The kind of that name."""
    return next(kind for kind in KINDS if kind.name == name)
