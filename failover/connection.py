"""An HTTP transport over connections that we open ourselves: any address, an offset port, one deadline per request."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, cast

import httpcore
import httpx

Addresses = Callable[[str], Sequence[str]]

# When the request that this thread is sending has to be over, on the monotonic clock. httpcore hands its own,
# per-phase time-outs down to the stream; a deadline for the whole has to travel beside it.
_deadline: ContextVar[float] = ContextVar("outlast_request_deadline", default=float("inf"))


class DialTransport(httpx.BaseTransport):
    """Sends each request to an address of `addresses(host)` at port+offset; the URL's host stays in SNI and Host.

    Tries the addresses in order until one accepts; all of it within `deadline_seconds` of real time, or within
    those of a request's own extension of that name.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        port_offset: int,
        ssl_context: ssl.SSLContext,
        fresh: bool,
        deadline_seconds: float,
        connections: int = 10,
        keep_seconds: float | None = None,
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=connections,
            max_keepalive_connections=0 if fresh else connections,
            keepalive_expiry=keep_seconds,
            network_backend=_Backend(addresses, port_offset),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; raises the `httpx` errors that an ordinary httpx client raises."""
        _deadline.set(time.monotonic() + request.extensions.get("deadline_seconds", self._deadline_seconds))
        raw = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = self._pool.handle_request(raw)
        except Exception as error:
            raise _as_httpx(error, request) from error
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(cast(Iterable[bytes], answer.stream), request),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every kept connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes], request: httpx.Request) -> None:
        self._stream = stream
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except Exception as error:
            raise _as_httpx(error, self._request) from error

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class _Backend(httpcore.NetworkBackend):
    """Opens the connections: the name becomes addresses here and nowhere else."""

    def __init__(self, addresses: Addresses, port_offset: int) -> None:
        self._addresses = addresses
        self._port_offset = port_offset

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._addresses(host)
        if not addresses:
            raise httpcore.ConnectError(f"{host} has no address")
        refusals: list[str] = []
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:  # an address that swallows packets must leave time for the next one
                opened = socket.create_connection((address, port + self._port_offset), timeout=_remaining() / left)
            except OSError as error:
                refusals.append(f"{address} port {port + self._port_offset}: {error}")
                timed_out = isinstance(error, TimeoutError)
            else:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return _Stream(opened)
        kind = httpcore.ConnectTimeout if timed_out else httpcore.ConnectError
        raise kind(f"{host}: " + "; ".join(refusals))


class _Stream(httpcore.NetworkStream):
    """A socket on which every operation ends at the request's deadline."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(_remaining())
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout("no complete answer within the deadline") from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            self._socket.settimeout(_remaining())
            self._socket.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout("the request could not be sent within the deadline") from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            self._socket.settimeout(_remaining())
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout("no TLS handshake within the deadline") from error
        except OSError as error:  # ssl.SSLError is one
            self.close()
            raise httpcore.ConnectError(str(error)) from error

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "server_addr":
            return self._socket.getpeername()
        if info == "socket":
            return self._socket
        return None


def _remaining() -> float:
    remaining = _deadline.get() - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the deadline has passed")
    return min(remaining, 3600.0)


def _as_httpx(error: Exception, request: httpx.Request) -> Exception:
    """The httpx error of the same name as an httpcore one; other errors as they are."""
    kind = getattr(httpx, type(error).__name__, None)
    if (
        type(error).__module__.startswith("httpcore")
        and isinstance(kind, type)
        and issubclass(kind, httpx.RequestError)
    ):
        return kind(str(error), request=request)
    return error
