"""The recursive resolver: it keeps answers as resolvers do, and speaks HTTPS to an unmodified curl."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import httpx
import pytest

from failover.simulator import ScaledClock, dns_listener
from failover.simulator.resolver import CachingResolver, Resolving
from tests.failover.simulator.site import Authority

NAME = "api.outlast.example."


class Upstream:
    """Answers every A question with the next address; counts."""

    def __init__(self, ttl: int = 5) -> None:
        self.asked = 0
        self.ttl = ttl

    def __call__(self, wire: bytes, limit: int | None) -> bytes | None:
        query = dns.message.from_wire(wire)
        self.asked += 1
        response = dns.message.make_response(query)
        if query.question[0].rdtype != dns.rdatatype.A:
            return response.to_wire()
        if "gone" in query.question[0].name.to_text():
            response.set_rcode(dns.rcode.REFUSED)
        else:
            address = f"127.0.0.{self.asked + 100}"
            response.answer = [dns.rrset.from_text(query.question[0].name, self.ttl, "IN", "A", address)]
        return response.to_wire()


class Wall:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(resolver: CachingResolver, name: str = NAME) -> dns.message.Message:
    wire = resolver.respond(dns.message.make_query(name, "A").to_wire())
    assert wire is not None
    return dns.message.from_wire(wire)


def test_short_ttls_are_kept_as_long_as_the_floor() -> None:
    wall, upstream = Wall(), Upstream(ttl=5)
    resolver = CachingResolver(upstream, ScaledClock(1, wall=wall), floor_seconds=30)
    first = ask(resolver)
    assert first.answer[0].ttl == 30 and first.flags & dns.flags.RA
    wall.now = 29.0
    assert ask(resolver).answer[0][0] == first.answer[0][0] and upstream.asked == 1
    wall.now = 31.0
    assert ask(resolver).answer[0][0] != first.answer[0][0] and upstream.asked == 2


def test_the_floor_runs_at_the_clocks_speed() -> None:
    wall, upstream = Wall(), Upstream(ttl=6)  # 60 s (simulated), divided by the server
    resolver = CachingResolver(upstream, ScaledClock(10, wall=wall), floor_seconds=30)
    assert ask(resolver).answer[0].ttl == 6
    wall.now = 5.9
    ask(resolver)
    assert upstream.asked == 1
    wall.now = 6.1
    ask(resolver)
    assert upstream.asked == 2


def test_no_answer_is_kept_longer_than_this_cache_keeps_it_at_any_speed() -> None:
    wall, upstream = Wall(), Upstream(ttl=6)  # 60 s (simulated)
    clock = ScaledClock(10, wall=wall)
    resolver = CachingResolver(upstream, clock, floor_seconds=30)
    ask(resolver)
    for tenth in range(60):
        wall.now = tenth / 10
        assert wall.now + ask(resolver).answer[0].ttl <= 6.0, (
            "rounded up, it would be kept up to 9.8 s (simulated) more"
        )
    assert upstream.asked == 1
    wall.now = 5.95
    assert ask(resolver).answer[0].ttl == 0, "used once, and asked for again"


def test_a_refusal_is_passed_on_and_not_kept() -> None:
    upstream = Upstream()
    resolver = CachingResolver(upstream, ScaledClock(1))
    assert ask(resolver, "gone.example.").rcode() == dns.rcode.REFUSED
    ask(resolver, "gone.example.")
    assert upstream.asked == 2


def test_garbage_is_dropped_and_a_malformed_question_is_told_so() -> None:
    resolver = CachingResolver(Upstream(), ScaledClock(1))
    assert resolver.respond(b"\x00\x01garbage") is None
    told = resolver.respond(dns.message.make_query(NAME, "A").to_wire()[:-3])
    assert told is not None and dns.message.from_wire(told).rcode() == dns.rcode.FORMERR


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> tuple[Path, Path]:
    """The authority, and key and certificate for 127.0.0.1."""
    return authority.ca_file, authority.issue("127.0.0.1")


@pytest.fixture
def resolving(certificate: tuple[Path, Path]) -> Iterator[Resolving]:
    _, pair = certificate
    running = Resolving(Upstream(), ScaledClock(1), certificate=(pair, pair)).start()
    yield running
    running.stop()


def test_udp_tcp_and_https_give_the_same_answer(resolving: Resolving, certificate: tuple[Path, Path]) -> None:
    query = dns.message.make_query(NAME, "A")
    ip, port = resolving.dns_address
    by_udp = dns.query.udp(query, ip, port=port, timeout=5)
    by_tcp = dns.query.tcp(query, ip, port=port, timeout=5)
    with httpx.Client(verify=ssl.create_default_context(cafile=certificate[0]), trust_env=False) as client:
        headers = {"content-type": "application/dns-message"}
        posted = client.post(resolving.doh_url, content=query.to_wire(), headers=headers)
        text = base64.urlsafe_b64encode(query.to_wire()).rstrip(b"=").decode()
        got = client.get(resolving.doh_url, params={"dns": text})
        assert client.post(resolving.doh_url, content=b"x", headers=headers).status_code == 400
        assert client.post(resolving.doh_url, content=b"x").status_code == 415
        assert client.get(resolving.doh_url).status_code == 400
        assert client.post(resolving.doh_url, content=b"x" * 10_000_000, headers=headers).status_code == 413
    answers = [by_udp.answer, by_tcp.answer] + [dns.message.from_wire(r.content).answer for r in (posted, got)]
    assert all(a == answers[0] for a in answers) and answers[0]
    assert posted.headers["content-type"] == "application/dns-message"
    assert posted.headers["cache-control"].startswith("max-age=")
    assert posted.headers["date"].endswith("GMT")  # what max-age counts from


def test_an_https_client_that_hardly_sends_is_left(
    resolving: Resolving, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_listener, "TCP_IDLE_SECONDS", 0.1)
    _, port = resolving.doh_url.removeprefix("https://").removesuffix("/dns-query").split(":")
    context = ssl.create_default_context(cafile=certificate[0])
    with (
        socket.create_connection(("127.0.0.1", int(port)), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(b"G")
        with contextlib.suppress(ConnectionError):
            assert secured.recv(1) == b""
