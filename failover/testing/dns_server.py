"""An authoritative DNS server over UDP and TCP: its answers are `failover.answers`, its TTLs run at the clock's speed.

It refuses what an authoritative server refuses (other zones, zone transfers), drops what is not a question, and lets
no TCP client hold a connection by sending nothing.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from failover.answers import Answer, Healthy, Outside, Rrset, Zone, answer
from failover.testing.clock import Clock

_log = logging.getLogger(__name__)

UDP_PAYLOAD = 1_232  # the largest UDP answer that is not fragmented on the way (DNS Flag Day 2020)
TCP_IDLE_SECONDS = 10.0  # wall: for each whole message, so that one byte an hour holds nothing
TCP_CONNECTIONS = 128
TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)

Address = tuple[str, int]


@dataclass
class Counters:
    """What came in since the start."""

    answered: int = 0
    refused: int = 0
    dropped: int = 0


class DnsServer:
    """Answers for `zones()` with health from `healthy`; live on `addresses` between `start` and `stop`."""

    def __init__(
        self,
        *,
        zones: Callable[[], Sequence[Zone]],
        healthy: Healthy,
        clock: Clock,
        outside: Outside = lambda name, rdtype: (),
        chance: random.Random | None = None,
    ) -> None:
        self._zones = zones
        self._healthy = healthy
        self._clock = clock
        self._outside = outside
        self._chance = chance or random.Random()
        self._transports: list[asyncio.DatagramTransport] = []
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[None]] = set()
        self.counters = Counters()
        self.addresses: tuple[Address, ...] = ()

    async def start(self, addresses: Sequence[Address]) -> None:
        """Listen on every (ip, port), UDP and TCP alike; port 0 takes a free one. Raises OSError when one is taken."""
        try:
            self.addresses = tuple([await self._listen(ip, port) for ip, port in addresses])
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every socket and connection."""
        for transport in self._transports:
            transport.close()
        for server in self._servers:
            server.close()
        clients = list(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        self._transports, self._servers = [], []

    def ask(self, name: str, rdtype: str, *, zones: Sequence[Zone] | None = None) -> Answer:
        """The answer of this moment, without a socket: for checkers and TestDNSAnswer. TTLs are undivided."""
        return answer(
            self._zones() if zones is None else zones,
            name,
            rdtype,
            healthy=self._healthy,
            pick=self._chance.randrange,
            outside=self._outside,
        )

    def respond(self, wire: bytes, limit: int | None = None) -> bytes | None:
        """The response to one message, of at most `limit` bytes (None: what the client takes by UDP); None drops it."""
        try:
            query = dns.message.from_wire(wire, ignore_trailing=False)
        except (dns.exception.DNSException, ValueError):
            self.counters.dropped += 1
            return None
        if query.flags & dns.flags.QR:
            self.counters.dropped += 1
            return None
        response = dns.message.make_response(query, our_payload=UDP_PAYLOAD)
        response.flags &= ~dns.flags.RA
        try:
            self._fill(query, response)
        except Exception:  # a record that cannot be put on the wire must not silence the name server
            _log.exception("no answer could be made to %s", query.question)
            response.answer, response.authority = [], []
            response.set_rcode(dns.rcode.SERVFAIL)
        if limit is None:
            limit = min(UDP_PAYLOAD, query.payload) if query.edns >= 0 else 512
        return response.to_wire(max_size=max(limit, 512), prefer_truncation=True)

    def _fill(self, query: dns.message.Message, response: dns.message.Message) -> None:
        refusal = _refusal(query)
        if refusal is None:
            question = query.question[0]
            found = self.ask(question.name.to_text(), dns.rdatatype.to_text(question.rdtype))
            refusal = dns.rcode.from_text(found.rcode)
            response.answer = [self._rrset(rrset) for rrset in found.records]
            response.authority = [self._rrset(rrset) for rrset in found.authority]
            if found.authoritative:
                response.flags |= dns.flags.AA
        response.set_rcode(refusal)
        if refusal in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self.counters.answered += 1
        else:
            self.counters.refused += 1

    def _rrset(self, rrset: Rrset) -> dns.rrset.RRset:
        ttl = self._clock.ttl(rrset.ttl_seconds)
        rdtype = dns.rdatatype.from_text(rrset.type)
        rdatas = [rdata_of(rrset.type, value) for value in rrset.values]
        built = dns.rrset.RRset(dns.name.from_text(rrset.name), dns.rdataclass.IN, rdtype)
        for rdata in rdatas:
            built.add(rdata, ttl)
        return built

    async def _listen(self, ip: str, port: int) -> Address:
        """Bind UDP and TCP to the same port; with port 0 try until one is free for both."""
        loop = asyncio.get_running_loop()
        for attempt in range(20):
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self.respond), local_addr=(ip, port), family=family
            )
            bound = transport.get_extra_info("sockname")[1]
            try:
                server = await asyncio.start_server(self._serve, ip, bound, family=family, backlog=TCP_CONNECTIONS)
            except OSError:
                transport.close()
                if port or attempt == 19:
                    raise
                continue
            self._transports.append(transport)
            self._servers.append(server)
            return ip, bound
        raise OSError("no port is free for both UDP and TCP")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= TCP_CONNECTIONS:
            writer.transport.abort()
            return
        self._clients.add(task)
        try:
            await self._converse(reader, writer)
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            pass  # the client was silent too long, or left
        finally:
            self._clients.discard(task)
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(TCP_IDLE_SECONDS):
                length = int.from_bytes(await reader.readexactly(2), "big")
                message = await reader.readexactly(length)
                response = self.respond(message, limit=65_535)
                if response is None:
                    return
                writer.write(len(response).to_bytes(2, "big") + response)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, respond: Callable[[bytes], bytes | None]) -> None:
        self._respond = respond
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # by shape: 3.11's class does not inherit from it

    def datagram_received(self, data: bytes, addr: Address) -> None:
        response = self._respond(data)
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


@functools.lru_cache(maxsize=4_096)
def rdata_of(rdtype: str, value: str) -> dns.rdata.Rdata:
    """A record value as Route 53 keeps it; names in it are absolute with or without a last dot. Raises DNSException."""
    return dns.rdata.from_text("IN", rdtype, value, origin=dns.name.root, relativize=False)


def _refusal(query: dns.message.Message) -> dns.rcode.Rcode | None:
    """The code for a message that is no ordinary question; None for one that deserves an answer."""
    if query.edns > 0:
        return dns.rcode.BADVERS
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN or question.rdtype in TRANSFERS:
        return dns.rcode.REFUSED
    return None
