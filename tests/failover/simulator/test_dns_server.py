"""The name server over real sockets, asked by dnspython, and by nobody polite."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.xfr
import dns.zone
import pytest

from failover.routing.answers import RecordSet, Zone
from failover.simulator import dns_listener
from failover.simulator.clock import ScaledClock
from failover.simulator.dns_listener import Address
from failover.simulator.dns_server import DnsServer
from failover.simulator.loop import LoopThread

H = "api.outlast.example"
ZONE = Zone(
    "outlast.example",
    (
        RecordSet("outlast.example", "SOA", 900, ("ns.example. hostmaster.example. 1 7200 900 1209600 86400",)),
        RecordSet("outlast.example", "NS", 172_800, ("ns.example.",)),
        RecordSet(H, "CNAME", 30, (f"aws.{H}",)),
        RecordSet(f"aws.{H}", "A", 60, ("192.0.2.1",)),
        RecordSet("many.outlast.example", "TXT", 60, tuple(f'"{number:0200}"' for number in range(100))),
        RecordSet("long.outlast.example", "TXT", 60, tuple(f'"{number:0200}"' for number in range(10))),
        RecordSet(r"user\100home.outlast.example", "A", 60, ("192.0.2.7",)),
        RecordSet("txt.outlast.example", "TXT", 300, ('"a \\"quoted\\" one" "and more"',)),
    ),
)


@dataclass
class Running:
    server: DnsServer
    clock: ScaledClock
    outside: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        return self.server.addresses[0]

    def udp(self, name: str, rdtype: str = "A", **more: object) -> dns.message.Message:
        query = dns.message.make_query(name, rdtype, **more)  # type: ignore[arg-type]
        return dns.query.udp(query, self.address[0], port=self.address[1], timeout=2)

    def tcp(self, query: dns.message.Message) -> dns.message.Message:
        return dns.query.tcp(query, self.address[0], port=self.address[1], timeout=2)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    clock, outside = ScaledClock(10), {"lb.example.net": ("127.0.0.5",)}
    server = DnsServer(
        zones=lambda: [ZONE],
        healthy=lambda check: True,
        clock=clock,
        outside=lambda name, rdtype: outside.get(name, ()) if rdtype == "A" else (),
    )
    thread = LoopThread("dns")
    thread.start()
    thread.run(server.start([("127.0.0.1", 0), ("127.0.0.2", 0)]))
    yield Running(server, clock, outside)
    thread.run(server.stop())
    thread.stop()


def test_a_chain_with_ttls_at_the_speed_of_the_clock(running: Running) -> None:
    response = running.udp(H)
    assert [(str(r.name), r.rdtype.name, r.ttl) for r in response.answer] == [
        (f"{H}.", "CNAME", 3),
        (f"aws.{H}.", "A", 6),
    ]
    assert response.flags & dns.flags.AA
    assert not response.flags & dns.flags.RA
    assert response.rcode() == dns.rcode.NOERROR


def test_every_address_is_served(running: Running) -> None:
    for ip, port in running.server.addresses:
        query = dns.message.make_query(f"aws.{H}", "A")
        for ask in (dns.query.udp, dns.query.tcp):
            assert ask(query, ip, port=port, timeout=2).answer[0][0].address == "192.0.2.1"


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "authority"),
    [
        ("gone.outlast.example", "A", dns.rcode.NXDOMAIN, 1),
        (f"aws.{H}", "AAAA", dns.rcode.NOERROR, 1),
        ("other.example", "A", dns.rcode.REFUSED, 0),
        (".", "NS", dns.rcode.REFUSED, 0),
        ("outlast.example", "TYPE65280", dns.rcode.NOERROR, 1),  # an unknown type of a known name
    ],
)
def test_negative_answers(running: Running, name: str, rdtype: str, rcode: dns.rcode.Rcode, authority: int) -> None:
    response = running.udp(name, rdtype)
    assert (response.rcode(), len(response.answer), len(response.authority)) == (rcode, 0, authority)


def test_names_of_the_clouds_are_answered_with_their_addresses(running: Running) -> None:
    assert running.udp("lb.example.net").answer[0][0].to_text() == "127.0.0.5"


def test_txt_values_come_through(running: Running) -> None:
    assert running.udp("txt.outlast.example", "TXT").answer[0][0].strings == (b'a "quoted" one', b"and more")


def test_zone_transfers_are_refused(running: Running) -> None:
    for kind in ("AXFR", "IXFR"):
        assert running.tcp(dns.message.make_query("outlast.example", kind)).rcode() == dns.rcode.REFUSED
    with pytest.raises(dns.xfr.TransferError, match="REFUSED"):
        dns.query.inbound_xfr("127.0.0.1", dns.zone.Zone("outlast.example"), port=running.address[1], timeout=2)


def test_other_classes_opcodes_and_edns_versions(running: Running) -> None:
    chaos = dns.message.make_query("version.bind", "TXT", rdclass="CH")
    assert running.tcp(chaos).rcode() == dns.rcode.REFUSED
    update = dns.message.make_query(H, "A")
    update.set_opcode(dns.opcode.NOTIFY)
    assert running.tcp(update).rcode() == dns.rcode.NOTIMP
    assert running.udp(H, use_edns=1).rcode() == dns.rcode.BADVERS


def test_a_long_answer_is_truncated_by_udp_and_whole_by_tcp(running: Running) -> None:
    for edns in ({"use_edns": -1}, {"use_edns": 0, "payload": 4096}):
        short = running.udp("many.outlast.example", "TXT", **edns)
        assert short.flags & dns.flags.TC
        assert len(short.to_wire()) <= edns.get("payload", 512)
    whole = running.tcp(dns.message.make_query("many.outlast.example", "TXT"))
    assert len(whole.answer[0]) == 100
    assert not whole.flags & dns.flags.TC


def test_udp_answers_are_as_long_as_the_client_takes_up_to_4096_bytes(running: Running) -> None:
    for payload, cut in ((4096, False), (65_535, False), (1232, True)):
        found = running.udp("long.outlast.example", "TXT", use_edns=0, payload=payload)
        assert bool(found.flags & dns.flags.TC) is cut
    assert found.edns == 0
    assert found.payload == 4096


def test_a_name_with_an_escape_is_answered(running: Running) -> None:
    asked = dns.message.make_query(dns.name.Name([b"user@home", b"outlast", b"example", b""]), "A")
    assert str(running.tcp(asked).answer[0][0]) == "192.0.2.7"


def test_edns_is_answered_with_edns_and_only_then(running: Running) -> None:
    assert running.udp(H, use_edns=0).edns == 0
    assert running.udp(H, use_edns=-1).edns == -1


def test_a_thousand_pieces_of_garbage_a_second_stop_nobody(running: Running) -> None:
    """Whoever sends them gets fewer bytes than were sent: nobody is flooded by way of this server."""
    counters = running.server.counters
    before = counters.dropped + counters.refused
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        for number in range(1_000):
            noisy.sendto(os.urandom(number % 60), running.address)
            if number % 100 == 0:
                assert running.udp(H).answer
        noisy.setblocking(False)
        answers: list[bytes] = []
        for _ in range(1_000):
            try:
                answers.append(noisy.recv(4096))
            except BlockingIOError:
                break
    malformed = [answer for answer in answers if len(answer) == 12 and answer[3] & 0xF == dns.rcode.FORMERR]
    assert len(answers) - len(malformed) < 10  # a random message is a valid question once in a while
    assert counters.dropped + counters.refused > before + 900


def _question(name: bytes) -> bytes:
    """A question for an encoded name, as no library would send it."""
    return struct.pack("!6H", 0x1234, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", dns.rdatatype.A, 1)


@pytest.mark.parametrize(
    "wire",
    [
        _question(bytes([64]) + b"a" * 64 + b"\0"),  # a label of 64 bytes: RFC 1035, 2.3.4, has 63 at most
        _question((bytes([63]) + b"a" * 63) * 4 + b"\0"),  # a name of 257 bytes: 255 at most
        _question(b"\xc0\x0c"),  # a name that points at itself
        _question(b"\0")[:-1],  # cut short
        _question(b"\0") + b"more",  # and more than one question behind it
    ],
)
def test_a_question_that_cannot_be_read_is_told_so(running: Running, wire: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(2)
        asker.sendto(wire, running.address)
        answer = asker.recv(4096)
    assert answer == struct.pack("!6H", 0x1234, 0x8101, 0, 0, 0, 0)


def test_the_longest_name_there_can_be_is_answered(running: Running) -> None:
    longest = ".".join(["a" * 63] * 3 + ["a" * 45, "outlast.example"])
    assert len(longest) == 253
    assert running.udp(longest).rcode() == dns.rcode.NXDOMAIN


def test_a_value_that_cannot_be_sent_is_servfail(running: Running) -> None:
    running.outside["bad.example.net"] = ("not an address",)
    assert running.udp("bad.example.net").rcode() == dns.rcode.SERVFAIL


def test_responses_are_not_answered(running: Running) -> None:
    response = dns.message.make_response(dns.message.make_query(H, "A"))
    assert running.server.respond(response.to_wire()) is None


def test_several_questions_on_one_tcp_connection(running: Running) -> None:
    wire = dns.message.make_query(H, "A").to_wire()
    with socket.create_connection(running.address, timeout=2) as stream:
        for _ in range(3):
            stream.sendall(struct.pack("!H", len(wire)) + wire)
            (length,) = struct.unpack("!H", _exactly(stream, 2))
            assert dns.message.from_wire(_exactly(stream, length)).answer


def test_a_tcp_client_that_hardly_sends_is_left(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_listener, "TCP_IDLE_SECONDS", 0.2)
    with socket.create_connection(running.address, timeout=2) as stream:
        stream.sendall(b"\x00")
        began = time.monotonic()
        assert stream.recv(1) == b""
    assert time.monotonic() - began < 1.0


def test_a_taken_port_is_told(running: Running) -> None:
    other = DnsServer(zones=list, healthy=lambda check: True, clock=ScaledClock())
    thread = LoopThread("other")
    thread.start()
    with pytest.raises(OSError, match="in use"):
        thread.run(other.start([running.address]))
    thread.stop()


def _exactly(stream: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        received += stream.recv(length - len(received))
    return received


NEAREST = Zone(
    "near.example",
    (
        RecordSet("api.near.example", "A", 30, ("192.0.2.1",), set_identifier="eu", location="continent EU"),
        RecordSet("api.near.example", "A", 30, ("192.0.2.2",), set_identifier="us", location="country US"),
        RecordSet("plain.near.example", "A", 30, ("192.0.2.3",)),
    ),
)


def ask_from(subnet: str, name: str = "api.near.example") -> dns.message.Message:
    """What a server of NEAREST answers to a question with an EDNS client subnet."""
    server = DnsServer(zones=lambda: [NEAREST], healthy=lambda check: True, clock=ScaledClock(1))
    query = dns.message.make_query(name, "A", use_edns=0, options=[dns.edns.ECSOption.from_text(subnet)])
    return dns.message.from_wire(server.respond(query.to_wire()) or b"")


@pytest.mark.parametrize(
    ("subnet", "answers"),
    [("198.18.4.5/32", ["192.0.2.1"]), ("198.18.21.19/32", ["192.0.2.2"]), ("198.18.10.16/32", []), ("10.0.0.0/8", [])],
)
def test_a_client_is_answered_by_its_place_and_nothing_where_no_record_is_for_it(
    subnet: str, answers: list[str]
) -> None:
    response = ask_from(subnet)
    assert response.rcode() == dns.rcode.NOERROR
    assert [rdata.address for rrset in response.answer for rdata in rrset] == answers


@pytest.mark.parametrize(("name", "scope"), [("api.near.example", 32), ("plain.near.example", 0)])
def test_the_scope_says_for_whom_an_answer_holds(name: str, scope: int) -> None:
    """RFC 7871, 7.2.1: the network that was told where the answer depends on it, 0 where it does not."""
    (option,) = ask_from("198.18.4.5/32", name).options
    assert isinstance(option, dns.edns.ECSOption)
    assert (option.address, option.srclen, option.scopelen) == ("198.18.4.5", 32, scope)


def test_who_tells_no_subnet_is_told_none(running: Running) -> None:
    assert not running.udp(H, use_edns=0).options
