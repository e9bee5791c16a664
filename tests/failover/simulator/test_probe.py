"""One health check over a real socket: what Route 53's checkers accept and what they do not."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from failover.simulator.probe import Limits, Outcome, probe, request_of
from tests.failover.simulator.site import Authority, Site

H = "api.outlast.example"
LIMITS = Limits(connect=0.3, status=0.3, body=0.2)


def check(site: Site, kind: str = "HTTPS_STR_MATCH", **more: Any) -> Outcome:
    config = {
        "Type": kind,
        "FullyQualifiedDomainName": H,
        "Port": site.port,
        "ResourcePath": "/health",
        "EnableSNI": True,
        **({"SearchString": '"status":"ok"'} if kind.endswith("STR_MATCH") else {}),
        **more,
    }
    return asyncio.run(probe(config, site.ip, 0, LIMITS))


def served(certificate: Path | None, **how: Any) -> Site:
    return Site("127.0.0.1", certificate=certificate, **how)


def test_a_healthy_site(certificate: Path) -> None:
    with served(certificate) as site:
        assert check(site) == Outcome(True, "Success: HTTP Status Code 200, OK. Resolved IP: 127.0.0.1")
    assert site.names == [H]
    head = site.seen[0]
    assert head.startswith("GET /health HTTP/1.1\r\n")
    assert f"\r\nHost: {H}:{site.port}\r\n" in head
    assert "Amazon-Route53-Health-Check-Service" in head


CHUNKED = {"headers": "Transfer-Encoding: chunked\r\n", "body": b'4\r\n{"st\r\nb\r\natus":"ok"}\r\n0\r\n\r\n'}
LATE = b"x" * 5_119 + b'"status":"ok"'


@pytest.mark.parametrize(
    ("how", "kind", "success", "told"),
    [
        ({"status": "301 Moved Permanently"}, "HTTPS", True, "301"),  # 3xx is healthy, which is why port 80 lies
        ({"status": "404 Not Found"}, "HTTPS", False, "HTTP Status Code 404, Not Found"),
        ({"status": "503 Service Unavailable"}, "HTTPS_STR_MATCH", False, "503"),
        ({"body": b'{"status":"OK"}'}, "HTTPS_STR_MATCH", False, "did not contain the search string"),
        ({"body": LATE}, "HTTPS_STR_MATCH", False, "did not contain"),  # not complete in 5,120 bytes
        ({"body": LATE[-5_120:]}, "HTTPS_STR_MATCH", True, "200"),
        (CHUNKED, "HTTPS_STR_MATCH", True, "200"),
        ({"body": b"anything"}, "HTTPS", True, "200"),
        ({"delay_seconds": 0.5}, "HTTPS", False, "timed out"),
        ({"drip": True}, "HTTPS", False, "timed out"),
        ({"reset": True}, "HTTPS", False, "Failure: Connection reset by peer"),
        ({"headers": "X: " + "x" * 70_000 + "\r\n"}, "HTTPS", False, "too long"),
        ({"status": "what"}, "HTTPS", False, "not HTTP"),
    ],
)
def test_what_counts_as_healthy(certificate: Path, how: dict[str, Any], kind: str, success: bool, told: str) -> None:
    with served(certificate, **how) as site:
        outcome = check(site, kind)
    assert outcome.success is success, outcome
    assert told in outcome.report


def test_certificates_are_not_validated(authority: Authority) -> None:
    """Guide, dns-failover-determining-health-of-endpoints: an invalid or expired certificate does not fail a check."""
    with served(authority.issue("wrong.example", days=-1)) as site:
        assert check(site).success


def test_a_refused_name_is_tried_once_more_without(certificate: Path) -> None:
    """API reference, HealthCheckConfig, EnableSNI."""
    with served(certificate, refuses_sni=True) as site:
        assert check(site).success
    assert site.names == [H, None]


def test_a_handshake_that_fails_both_ways_is_a_failure(certificate: Path) -> None:
    with served(certificate, needs_sni="other.example") as site:
        outcome = check(site)
    assert not outcome.success
    assert outcome.report.startswith("Failure: SSL alert")


def test_without_enable_sni_no_name_is_sent(certificate: Path) -> None:
    with served(certificate) as site:
        assert check(site, EnableSNI=False).success
    assert site.names == [None]


def test_plain_http_and_tcp(certificate: Path) -> None:
    with served(None) as site:
        assert check(site, "HTTP_STR_MATCH").success
        assert check(site, "TCP").report.startswith("Success: TCP connection established")
    with served(certificate) as site:
        assert not check(site, "HTTP").success  # plain HTTP at a TLS port


def test_a_name_that_no_handshake_can_carry_ends_the_check(certificate: Path) -> None:
    with served(certificate) as site:
        assert not check(site, FullyQualifiedDomainName="a" * 64 + ".example").success


def test_a_closed_port_is_refused() -> None:
    with served(None) as site:
        port = site.port
    outcome = asyncio.run(probe({"Type": "TCP", "Port": port}, "127.0.0.1", 0, LIMITS))
    assert outcome == Outcome(False, "Failure: Connection refused. Resolved IP: 127.0.0.1")


def test_a_site_that_swallows_packets_times_out() -> None:
    """A listener whose queue is full: the kernel answers nothing more, as behind a dropping firewall."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        address = silent.getsockname()
        fillers = [_filler(address) for _ in range(4)]
        began = time.monotonic()
        outcome = asyncio.run(probe({"Type": "TCP", "Port": address[1]}, "127.0.0.1", 0, LIMITS))
        for filler in fillers:
            filler.close()
    assert not outcome.success
    assert "timed out" in outcome.report
    assert time.monotonic() - began < 0.6


def _filler(address: tuple[str, int]) -> socket.socket:
    filler = socket.socket()
    filler.setblocking(False)
    filler.connect_ex(address)
    return filler


@pytest.mark.parametrize(
    ("config", "host"),
    [  # API reference, HealthCheckConfig, FullyQualifiedDomainName: how the Host header is made
        ({"Type": "HTTP", "Port": 80, "FullyQualifiedDomainName": H}, H),
        ({"Type": "HTTPS", "Port": 443, "FullyQualifiedDomainName": H}, H),
        ({"Type": "HTTPS", "Port": 8443, "FullyQualifiedDomainName": H}, f"{H}:8443"),
        ({"Type": "HTTP", "Port": 443, "FullyQualifiedDomainName": H}, f"{H}:443"),
        ({"Type": "HTTPS", "Port": 443, "IPAddress": "192.0.2.1"}, "192.0.2.1"),
    ],
)
def test_the_host_header(config: dict[str, Any], host: str) -> None:
    assert f"\r\nHost: {host}\r\n" in request_of(config, "192.0.2.1").decode()
