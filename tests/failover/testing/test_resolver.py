"""The recursive resolver: it keeps answers as resolvers do, and speaks HTTPS to an unmodified curl."""

from __future__ import annotations

import base64
import datetime
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from failover.testing import Clock
from failover.testing.resolver import CachingResolver, Resolving

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
    resolver = CachingResolver(upstream, Clock(1, wall=wall), floor_seconds=30)
    first = ask(resolver)
    assert first.answer[0].ttl == 30 and first.flags & dns.flags.RA
    wall.now = 29.0
    assert ask(resolver).answer[0][0] == first.answer[0][0] and upstream.asked == 1
    wall.now = 31.0
    assert ask(resolver).answer[0][0] != first.answer[0][0] and upstream.asked == 2


def test_the_floor_runs_at_the_clocks_speed() -> None:
    wall, upstream = Wall(), Upstream(ttl=6)  # 60 s of life, divided by the server
    resolver = CachingResolver(upstream, Clock(10, wall=wall), floor_seconds=30)
    assert ask(resolver).answer[0].ttl == 6
    wall.now = 5.9
    ask(resolver)
    assert upstream.asked == 1
    wall.now = 6.1
    ask(resolver)
    assert upstream.asked == 2


def test_a_refusal_is_passed_on_and_not_kept() -> None:
    upstream = Upstream()
    resolver = CachingResolver(upstream, Clock(1))
    assert ask(resolver, "gone.example.").rcode() == dns.rcode.REFUSED
    ask(resolver, "gone.example.")
    assert upstream.asked == 2


def test_garbage_is_dropped() -> None:
    assert CachingResolver(Upstream(), Clock(1)).respond(b"\x00\x01garbage") is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("doh")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "cert.key"
    pem.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@pytest.fixture
def resolving(certificate: tuple[Path, Path]) -> Iterator[Resolving]:
    running = Resolving(Upstream(), Clock(1), certificate=certificate).start()
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
    answers = [by_udp.answer, by_tcp.answer] + [dns.message.from_wire(r.content).answer for r in (posted, got)]
    assert all(a == answers[0] for a in answers) and answers[0]
    assert posted.headers["content-type"] == "application/dns-message"
    assert posted.headers["cache-control"].startswith("max-age=")


def test_an_unmodified_curl_resolves_by_it(resolving: Resolving, certificate: tuple[Path, Path]) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    # Nobody listens there: that curl tries to connect shows that it took the answer.
    command = [curl, "-sv", "--max-time", "2", "--doh-url", resolving.doh_url, "--cacert", str(certificate[0])]
    done = subprocess.run([*command, f"https://{NAME.rstrip('.')}:9/"], capture_output=True, text=True, check=False)
    assert "Trying 127.0.0.10" in done.stderr, done.stderr
