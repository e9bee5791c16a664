"""One health check request over one connection, as Route 53's checkers make them: nothing but the socket is seen.

Certificates are not validated; when a handshake with SNI fails it is tried once more without. TLS goes up to 1.2,
because the API reference promises no more ("the endpoint must support TLS v1.0, v1.1, or v1.2").
"""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from dataclasses import dataclass
from http import HTTPStatus

from failover.simulator.health import Config

BODY_LIMIT = 5_120  # bytes in which the search string has to be found, complete
USER_AGENT = "Amazon-Route53-Health-Check-Service"


@dataclass(frozen=True)
class Limits:
    """Wall seconds for each phase. Route 53's: 4 s to connect (10 s for TCP), 2 s to the status, 2 s to the body."""

    connect: float
    status: float
    body: float


@dataclass(frozen=True)
class Outcome:
    """Whether a check succeeded, and the sentence that GetHealthCheckStatus reports."""

    success: bool
    report: str


class _CheckFailed(Exception):
    """Ends a check; the message completes `Failure: …`."""


async def probe(config: Config, address: str, port_offset: int, limits: Limits) -> Outcome:
    """Check the endpoint of `config` at `address` once."""
    try:
        try:
            report = await _check(config, address, port_offset, limits, sni=_server_name(config))
        except ssl.SSLError:
            report = await _check(config, address, port_offset, limits, sni=None)
    except ssl.SSLError as error:
        return Outcome(False, f"Failure: SSL alert {(error.reason or 'handshake_failure').lower()}")
    except _CheckFailed as error:
        return Outcome(False, f"Failure: {error}. Resolved IP: {address}")
    except TimeoutError:
        return Outcome(False, f"Failure: Connection timed out. Resolved IP: {address}")
    except ValueError as error:  # a name that cannot be sent as SNI
        return Outcome(False, f"Failure: {error}. Resolved IP: {address}")
    except OSError as error:
        # asyncio raises a bare ConnectionResetError where a handshake is cut off.
        told = os.strerror(error.errno) if error.errno else str(error) or os.strerror(errno.ECONNRESET)
        return Outcome(False, f"Failure: {told}. Resolved IP: {address}")
    return Outcome(True, f"Success: {report}. Resolved IP: {address}")


async def _check(config: Config, address: str, port_offset: int, limits: Limits, sni: str | None) -> str:
    async with asyncio.timeout(limits.connect):
        reader, writer = await asyncio.open_connection(address, int(config["Port"]) + port_offset)
    try:
        if config["Type"] == "TCP":
            return "TCP connection established"
        async with asyncio.timeout(limits.status):
            if config["Type"].startswith("HTTPS"):
                await writer.start_tls(_CONTEXT, server_hostname=sni, ssl_handshake_timeout=limits.status)
            writer.write(request_of(config, address))
            head = await _read_head(reader)
        status, reason = _status_of(head)
        if not 200 <= status < 400:
            raise _CheckFailed(f"HTTP Status Code {status}, {reason}")
        if wanted := config.get("SearchString"):
            async with asyncio.timeout(limits.body):
                await _find(wanted.encode(), head, reader)
        return f"HTTP Status Code {status}, {reason}"
    finally:
        writer.transport.abort()


def request_of(config: Config, address: str) -> bytes:
    """The request's bytes. The port is in Host unless it is the usual one (API reference, FullyQualifiedDomainName)."""
    usual = 443 if config["Type"].startswith("HTTPS") else 80
    host = config.get("FullyQualifiedDomainName") or address
    named = host if config["Port"] == usual else f"{host}:{config['Port']}"
    path = config.get("ResourcePath") or "/"
    path = path if path.startswith("/") else f"/{path}"
    lines = (f"GET {path} HTTP/1.1", f"Host: {named}", f"User-Agent: {USER_AGENT}", "Accept: */*", "Connection: close")
    return "\r\n".join((*lines, "", "")).encode()


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise _CheckFailed("The connection was closed before an HTTP response was complete") from error
    except asyncio.LimitOverrunError as error:
        raise _CheckFailed("The HTTP response headers are too long") from error


def _status_of(head: bytes) -> tuple[int, str]:
    version, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/") or not code.isdigit():
        raise _CheckFailed("The response is not HTTP")
    status = int(code)
    return status, reason or _PHRASES.get(status, "")


async def _find(wanted: bytes, head: bytes, reader: asyncio.StreamReader) -> None:
    """Read the body until `wanted` is seen; give up at its end or after 5,120 bytes."""
    chunked = b"transfer-encoding: chunked" in head.lower()
    raw = b""
    while True:
        body = _unchunk(raw) if chunked else raw
        if wanted in body[:BODY_LIMIT]:
            return
        more = b"" if len(body) >= BODY_LIMIT else await reader.read(BODY_LIMIT)
        if not more:
            raise _CheckFailed("The HTTP response body did not contain the search string")
        raw += more


def _unchunk(raw: bytes) -> bytes:
    """As much of a chunked body as has arrived."""
    body = b""
    while True:
        size_line, complete, rest = raw.partition(b"\r\n")
        digits = size_line.split(b";")[0].strip()
        if not complete or not digits or any(digit not in b"0123456789abcdefABCDEF" for digit in digits):
            return body
        size = int(digits, 16)
        body += rest[:size]
        raw = rest[size + 2 :]
        if not size:
            return body


def _server_name(config: Config) -> str | None:
    if not config.get("EnableSNI"):
        return None
    return config.get("FullyQualifiedDomainName")


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_CONTEXT = _context()  # one for all: building it reads every authority of the system
