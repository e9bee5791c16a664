"""An authoritative DNS server over UDP and TCP: `failover.routing` answers, and TTLs run at the clock's speed.

Where a client is it learns from the EDNS client subnet (RFC 7871) alone; `failover.routing.places` says which addresses
stand for which places.

It refuses what an authoritative server refuses (other zones, zone transfers, malformed questions) and drops what is not
a question.
"""

from __future__ import annotations

import functools
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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

from failover.routing.answers import Answer, Healthy, Outside, Rrset, Zone, answer
from failover.routing.places import NOWHERE, Place, place_of_address
from failover.simulator.clock import ScaledClock
from failover.simulator.dns_listener import Address, DnsListener
from failover.simulator.names import text_of, to_decimal, wire_name

_log = logging.getLogger(__name__)

UDP_PAYLOAD = 4_096  # as Route 53's name servers: what the client offers, up to this
HEADER_BYTES = 12
BY_PLACE = ("latency", "geolocation")
TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)


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
        clock: ScaledClock,
        outside: Outside = lambda name, rdtype: (),
        chance: random.Random | None = None,
    ) -> None:
        self._zones = zones
        self._healthy = healthy
        self._clock = clock
        self._outside = outside
        self._chance = chance or random.Random()
        self._listener = DnsListener(self.respond)
        self.counters = Counters()

    async def start(self, addresses: Sequence[Address]) -> None:
        """Listen on every (ip, port), UDP and TCP alike; port 0 takes a free one. Raises OSError when one is taken."""
        await self._listener.start(addresses)

    async def stop(self) -> None:
        """Close every socket and connection."""
        await self._listener.stop()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where it listens."""
        return self._listener.addresses

    def ask(self, name: str, rdtype: str, *, zones: Sequence[Zone] | None = None, place: Place = NOWHERE) -> Answer:
        """The answer of this moment, without a socket: for checkers and TestDNSAnswer. TTLs are undivided."""
        return answer(
            self._zones() if zones is None else zones,
            name,
            rdtype,
            healthy=self._healthy,
            pick=self._chance.randrange,
            outside=self._outside,
            place=place,
        )

    def respond(self, wire: bytes, limit: int | None = None) -> bytes | None:
        """The response to one message, of at most `limit` bytes (None: what the client takes by UDP); None drops it."""
        try:
            query = dns.message.from_wire(wire, ignore_trailing=False)
        except (dns.exception.DNSException, ValueError):
            told = format_error(wire)
            self.counters.dropped += told is None
            self.counters.refused += told is not None
            return told
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
            subnet = client_subnet(query)
            place = place_of_address(subnet.address if subnet else None)
            found = self.ask(text_of(question.name), dns.rdatatype.to_text(question.rdtype), place=place)
            refusal = dns.rcode.from_text(found.rcode)
            response.answer = [self._rrset(rrset) for rrset in found.records]
            response.authority = [self._rrset(rrset) for rrset in found.authority]
            if found.authoritative:
                response.flags |= dns.flags.AA
            if subnet:
                _tell_scope(response, subnet, found)
        response.set_rcode(refusal)
        if refusal in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self.counters.answered += 1
        else:
            self.counters.refused += 1

    def _rrset(self, rrset: Rrset) -> dns.rrset.RRset:
        ttl = self._clock.ttl(rrset.ttl_seconds)
        rdtype = dns.rdatatype.from_text(rrset.type)
        rdatas = [rdata_of(rrset.type, value) for value in rrset.values]
        built = dns.rrset.RRset(wire_name(rrset.name), dns.rdataclass.IN, rdtype)
        for rdata in rdatas:
            built.add(rdata, ttl)
        return built


def client_subnet(query: dns.message.Message) -> dns.edns.ECSOption | None:
    """The network that a client or its resolver says it is in (RFC 7871); None where it says nothing."""
    return next((option for option in query.options if isinstance(option, dns.edns.ECSOption)), None)


def _tell_scope(response: dns.message.Message, subnet: dns.edns.ECSOption, found: Answer) -> None:
    """Say for which networks the answer holds: for the one that was told, or for all where no record asks for it."""
    by_place = not found.chosen or any(record.policy in BY_PLACE for record in found.chosen)
    scope = subnet.srclen if by_place else 0
    option = dns.edns.ECSOption(subnet.address, subnet.srclen, scope)
    response.use_edns(payload=UDP_PAYLOAD, options=[option])


def format_error(wire: bytes) -> bytes | None:
    """FORMERR for a message whose header alone can be read: never longer than it; None where there is no question.

    RFC 1035, 4.1.1: the code for a query that cannot be interpreted. A response (QR) is not answered, or two servers
    would go on answering each other.
    """
    if len(wire) < HEADER_BYTES or wire[2] & 0x80:
        return None
    opcode_and_rd = wire[2] & 0x79
    return wire[:2] + bytes([0x80 | opcode_and_rd, dns.rcode.FORMERR]) + bytes(HEADER_BYTES - 4)


@functools.lru_cache(maxsize=4_096)
def rdata_of(rdtype: str, value: str) -> dns.rdata.Rdata:
    """A record value as Route 53 keeps it; names in it are absolute with or without a last dot.

    Raises DNSException, or ValueError for an escape that is not octal.
    """
    return dns.rdata.from_text("IN", rdtype, to_decimal(value), origin=dns.name.root, relativize=False)


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
