"""The one way to connect: which name server is asked, which port is dialled, which authorities are trusted.

Everything that reaches a site by name goes through here, because only this module knows the *port offset*: where
low ports may not be bound, 443 and 53 are served at 443+offset and 53+offset, and nobody else needs to know.

    dial = Dial.from_environment(os.environ)
    found = dial.resolve("api.outlast.example")             # real DNS, never a cache
    with dial.client(lookup=StubResolver(dial).lookup) as http:
        http.get("https://api.outlast.example/health")     # a new connection each time; SNI and Host are the name
    with dial.client(address="203.0.113.7") as http:        # the same request, sent to one address
        http.get("https://api.outlast.example/health")

Deadlines are real seconds for a whole request, first byte to last: no server escapes them by dripping bytes.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.resolver
import httpx

from failover.connection import DialTransport
from failover.resolution import MAX_CNAME_HOPS, Resolution, StubResolver, read_response
from service.errors import InvalidInput, Mistake, Unavailable

__all__ = ["Certificate", "Dial", "Lookup", "Resolution", "StubResolver", "authorise"]

DNS_PORT = 53
_REQUEST_SECONDS, _FLOOR_SECONDS = 5.0, 1.0  # simulated, and never less than this in real seconds
ENVIRONMENT = ("OUTLAST_NAMESERVER", "OUTLAST_PORT_OFFSET", "OUTLAST_CA_FILE", "OUTLAST_SPEED")


@dataclass(frozen=True)
class Certificate:
    """A verified certificate: when it ends, and the DNS names that it is for."""

    not_after: datetime
    names: tuple[str, ...]


Lookup = Callable[[str], Resolution]


def authorise(api_key: str) -> dict[str, str]:
    """The header that a request carries where the service asks for a key; none without one."""
    return {"authorization": f"Bearer {api_key}"} if api_key else {}


@dataclass(frozen=True)
class Dial:
    """How to reach names and addresses from here. `speed` is that of the clock there."""

    nameserver: str | None = None
    port_offset: int = 0
    ca_file: Path | None = None
    speed: int = 1

    @property
    def deadline_seconds(self) -> float:
        """Real seconds that one request may take: 5 of a simulated clock, and never too few for a busy machine."""
        return max(_FLOOR_SECONDS, _REQUEST_SECONDS / self.speed)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Dial:
        """Read `OUTLAST_NAMESERVER`, `_PORT_OFFSET`, `_CA_FILE`, `_SPEED`; every mistake is reported together."""
        mistakes: list[Mistake] = []
        nameserver = environ.get("OUTLAST_NAMESERVER") or None
        if nameserver and not _is_address(nameserver):
            mistakes.append(
                Mistake("OUTLAST_NAMESERVER", f"{nameserver!r} is not an IP address", "write e.g. 127.0.0.1")
            )
        ca_file = Path(environ["OUTLAST_CA_FILE"]) if environ.get("OUTLAST_CA_FILE") else None
        if ca_file and not ca_file.is_file():
            mistakes.append(Mistake("OUTLAST_CA_FILE", f"there is no file {ca_file}", "name a PEM file, or unset it"))
        offset = _whole_number(environ, "OUTLAST_PORT_OFFSET", 0, range(65_536 - 443), mistakes)
        speed = _whole_number(environ, "OUTLAST_SPEED", 1, range(1, 1_001), mistakes)
        if mistakes:
            raise InvalidInput("the environment cannot be used", mistakes)
        return cls(nameserver=nameserver, port_offset=offset, ca_file=ca_file, speed=speed)

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        """Ask for `host` now, follow its CNAMEs, and say what came back; never answers from a cache.

        Raises:
            InvalidInput: `host` can be no name.
            Unavailable: no answer within `timeout_seconds`, or one that is not DNS.
        """
        started = time.monotonic()
        deadline = started + timeout_seconds
        found = self._ask(host, rdtype, deadline)
        for _ in range(MAX_CNAME_HOPS):  # the chain may leave the zone that this name server answers for
            if found.addresses or not found.cname_chain or found.rcode != "NOERROR":
                break
            onward = self._ask(found.origin_host, rdtype, deadline)
            if not (onward.addresses or onward.cname_chain):
                break
            found = replace(
                found,
                addresses=onward.addresses,
                cname_chain=found.cname_chain + onward.cname_chain,
                ttl_seconds=min(found.ttl_seconds, onward.ttl_seconds),
            )
        return replace(found, elapsed_seconds=time.monotonic() - started)

    def client(
        self,
        *,
        lookup: Lookup | None = None,
        address: str | None = None,
        fresh: bool = True,
        deadline_seconds: float = 5.0,
    ) -> httpx.Client:
        """An HTTP client that dials as this object says; close it, or use it in a `with`.

        Args:
            lookup: how names become addresses; `self.resolve` when absent. Give a `StubResolver` to honour TTLs.
            address: dial this address whatever the name; the name still goes into SNI, Host and verification.
            fresh: a new connection for each request; False keeps connections alive and then never looks up again.
            deadline_seconds: for each whole request, connecting included.
        """
        found: Lookup = lookup or self.resolve
        transport = DialTransport(
            addresses=(lambda _: (address,)) if address else (lambda host: found(host).addresses),
            port_offset=self.port_offset,
            ssl_context=self.ssl_context,
            fresh=fresh,
            deadline_seconds=deadline_seconds,
        )
        return httpx.Client(transport=transport, trust_env=False, timeout=deadline_seconds)

    def get(
        self,
        url: str,
        *,
        address: str | None = None,
        deadline_seconds: float = 5.0,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """GET once over a new connection. For many requests take one `client()` and keep it."""
        with self.client(address=address, deadline_seconds=deadline_seconds) as http:
            return http.get(url, headers=headers)

    def post(
        self,
        url: str,
        *,
        json: object,
        address: str | None = None,
        deadline_seconds: float = 5.0,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """POST `json` once over a new connection."""
        with self.client(address=address, deadline_seconds=deadline_seconds) as http:
            return http.post(url, json=json, headers=headers)

    def certificate(
        self, server_name: str, *, address: str | None = None, port: int = 443, deadline_seconds: float = 5.0
    ) -> Certificate:
        """The certificate that is served for `server_name`, once it has been verified.

        Raises:
            Unavailable: nothing answers there, or its certificate is not valid for the name; the reason is told.
        """
        where = (address,) if address else self.resolve(server_name, timeout_seconds=deadline_seconds).addresses
        try:
            if not where:
                raise OSError("the name has no address")
            with (
                socket.create_connection((where[0], port + self.port_offset), timeout=deadline_seconds) as plain,
                self.ssl_context.wrap_socket(plain, server_hostname=server_name) as secured,
            ):
                return _read_certificate(secured)
        except OSError as error:
            raise Unavailable(
                f"no valid certificate for {server_name} from {where[0] if where else 'anywhere'}: {error}",
                hint="openssl s_client -servername NAME -connect ADDRESS:PORT shows what is served",
            ) from error

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """Trusts the system's authorities and `ca_file`. One for all connections: reading authorities is slow."""
        context = ssl.create_default_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(cafile=str(self.ca_file))
            except (OSError, ssl.SSLError) as error:
                raise Unavailable(
                    f"the trusted CA {self.ca_file} cannot be read: {error}", hint="name a PEM file in OUTLAST_CA_FILE"
                ) from error
        return context

    def _ask(self, host: str, rdtype: str, deadline: float) -> Resolution:
        remaining = max(0.05, deadline - time.monotonic())
        query_name = _dns_name(host)
        try:
            response = (
                self._ask_nameserver(query_name, rdtype, remaining)
                if self.nameserver
                else _ask_system(query_name, rdtype, remaining)
            )
        except (dns.exception.DNSException, OSError) as error:
            asked = (
                f"{self.nameserver} port {DNS_PORT + self.port_offset}" if self.nameserver else "the system's resolver"
            )
            raise Unavailable(
                f"no answer from {asked} for {host}: {type(error).__name__}: {error}",
                hint="check OUTLAST_NAMESERVER and OUTLAST_PORT_OFFSET, and that the name server runs",
            ) from error
        return read_response(response, host, rdtype)

    def _ask_nameserver(self, name: dns.name.Name, rdtype: str, timeout: float) -> dns.message.Message:
        query = dns.message.make_query(name, rdtype, use_edns=0)
        where = str(self.nameserver)
        response, _ = dns.query.udp_with_fallback(query, where, timeout=timeout, port=DNS_PORT + self.port_offset)
        return response


def _dns_name(host: str) -> dns.name.Name:
    try:
        return dns.name.from_text(host)
    except dns.exception.DNSException as error:
        raise InvalidInput(
            f"{host!r} is not a DNS name: {error}",
            hint="a name has at most 253 characters, and each part between its dots from 1 to 63",
        ) from error


def _ask_system(name: dns.name.Name, rdtype: str, timeout: float) -> dns.message.Message:
    resolver = dns.resolver.Resolver()
    try:
        return resolver.resolve(name, rdtype, raise_on_no_answer=False, lifetime=timeout, search=False).response
    except dns.resolver.NXDOMAIN as error:
        return cast(dns.message.Message, error.response(name))  # type: ignore[no-untyped-call]  # dnspython has no types here


def _read_certificate(secured: ssl.SSLSocket) -> Certificate:
    facts = cast(dict[str, Any], secured.getpeercert())  # never None or empty: the certificate was verified
    ends = ssl.cert_time_to_seconds(facts["notAfter"])
    names = tuple(value for kind, value in facts.get("subjectAltName", ()) if kind == "DNS")
    return Certificate(not_after=datetime.fromtimestamp(ends, UTC), names=names)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _whole_number(environ: Mapping[str, str], key: str, default: int, allowed: range, mistakes: list[Mistake]) -> int:
    text = environ.get(key, "")
    if not text:
        return default
    if text.isascii() and text.isdigit() and int(text) in allowed:
        return int(text)
    mistakes.append(
        Mistake(
            key, f"{text!r} is not a whole number from {allowed.start} to {allowed.stop - 1}", f"write e.g. {default}"
        )
    )
    return default
