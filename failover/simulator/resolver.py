"""A recursive resolver beside the authoritative server, as clients see DNS: a cache, and a floor under TTLs.

Ordinary resolvers keep an answer until its TTL has run out, and some keep it longer: they take short TTLs for a
mistake. This one is asked by UDP, TCP and HTTPS (RFC 8484, so that an unmodified `curl --doh-url` reaches a name that
no public DNS knows).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import socket
import ssl
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from failover.simulator import dns_listener
from failover.simulator.clock import ScaledClock
from failover.simulator.dns_listener import WHOLE, Address, DnsListener, Respond
from failover.simulator.dns_server import client_subnet, format_error
from failover.simulator.loop import LoopThread
from service.errors import Unavailable

DEFAULT_FLOOR_SECONDS = 30  # Simulated seconds: of the resolvers that clamp at all, 30 s is a usual floor
CACHE_ENTRIES = 10_000
DOH_PATH = "/dns-query"
MEDIA_TYPE = "application/dns-message"
DATE_SECONDS = 1.0  # real time: how often the date header is made anew


@dataclass
class _Kept:
    """An answer in the cache: the response as it came, and when (simulated seconds) it may be used no longer."""

    response: dns.message.Message
    until: float


class CachingResolver:
    """Answers from its cache, else asks `upstream` (the authoritative server's own function)."""

    def __init__(self, upstream: Respond, clock: ScaledClock, *, floor_seconds: int = DEFAULT_FLOOR_SECONDS) -> None:
        self._upstream = upstream
        self._clock = clock
        self._floor_seconds = floor_seconds
        self._cache: OrderedDict[tuple[str, int, str], _Kept] = OrderedDict()

    def respond(self, wire: bytes, limit: int | None = None) -> bytes | None:
        """The response to one message, of at most `limit` bytes (None: what the client takes by UDP); None drops it."""
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return format_error(wire)
        if query.flags & dns.flags.QR or len(query.question) != 1:
            return self._upstream(wire, limit)  # no question: refused or dropped in the server's own words
        question = query.question[0]
        subnet = client_subnet(query)
        # An answer for one network is kept for that network alone (RFC 7871, 7.3).
        key = (question.name.to_text().lower(), int(question.rdtype), subnet.to_text() if subnet else "")
        kept = self._fresh(key) or self._ask(key, query)
        if kept is None:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        response.set_rcode(kept.response.rcode())
        # Never rounded up: a client would keep the answer longer than this cache does. Within the last real second the
        # TTL is 0, and whoever asks again gets the same answer until it has run out.
        left = max(0, int(self._clock.to_wall(kept.until - self._clock.simulated_now())))
        for section, rrsets in (("answer", kept.response.answer), ("authority", kept.response.authority)):
            setattr(response, section, [dns.rrset.from_rdata_list(rrset.name, left, list(rrset)) for rrset in rrsets])
        if subnet:
            response.use_edns(options=list(kept.response.options))
        if limit is None:
            limit = query.payload if query.edns >= 0 else 512
        return response.to_wire(max_size=max(limit, 512), prefer_truncation=True)

    def forget(self) -> None:
        """Empty the cache."""
        self._cache.clear()

    def _fresh(self, key: tuple[str, int, str]) -> _Kept | None:
        kept = self._cache.get(key)
        return kept if kept is not None and kept.until > self._clock.simulated_now() else None

    def _ask(self, key: tuple[str, int, str], query: dns.message.Message) -> _Kept | None:
        wire = self._upstream(query.to_wire(), WHOLE)
        if wire is None:
            return None
        response = dns.message.from_wire(wire)
        # The shortest TTL of the chain counts, in simulated seconds; the server divides it by the clock's speed.
        ttls = [rrset.ttl * self._clock.speed for rrset in [*response.answer, *response.authority]]
        kept = _Kept(response, self._clock.simulated_now() + max(self._floor_seconds, min(ttls, default=0)))
        if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self._cache[key] = kept
            self._cache.move_to_end(key)
            while len(self._cache) > CACHE_ENTRIES:
                self._cache.popitem(last=False)
        return kept


class DohServer:
    """DNS over HTTPS at `https://<address>/dns-query`, GET and POST. Runs on the loop of `thread`."""

    def __init__(self, resolver: CachingResolver, address: Address, certificate: Path, key: Path) -> None:
        self._resolver = resolver
        self._address = address
        app = Starlette(routes=[Route(DOH_PATH, self._answer, methods=["GET", "POST"])])
        self._server = _QuietServer(
            uvicorn.Config(
                app, ssl_certfile=certificate, ssl_keyfile=key, log_level="error", access_log=False, lifespan="off",
                ssl_version=ssl.PROTOCOL_TLS_SERVER, server_header=False, loop="none", timeout_keep_alive=10,
                http=_Impatient, limit_concurrency=dns_listener.TCP_CONNECTIONS,
            )
        )  # fmt: skip
        self._socket: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    def bind(self) -> Address:
        """Take the port, before the loop serves it. Raises OSError where it is taken."""
        listening = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(self._address)
        except OSError:
            listening.close()
            raise
        self._socket = listening
        return self._address[0], listening.getsockname()[1]

    async def serve(self) -> asyncio.Task[None]:
        """Begin to answer; `bind` comes first. The task ends when it no longer does."""
        if self._socket is None:
            raise RuntimeError("bind() comes first")
        self._serving = asyncio.get_running_loop().create_task(self._server.serve(sockets=[self._socket]))
        return self._serving

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._serving is not None:
            self._server.end()
            await self._serving
        if self._socket is not None:
            self._socket.close()

    async def _answer(self, request: Request) -> Response:
        if request.method == "POST":
            if request.headers.get("content-type", "").partition(";")[0].strip() != MEDIA_TYPE:
                return Response(f"the content type of a question is {MEDIA_TYPE}\n", 415)
            wire = await _body(request)
            if len(wire) > WHOLE:
                return Response(f"a DNS message has at most {WHOLE} bytes\n", 413)
        else:
            try:
                text = request.query_params["dns"]
                wire = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            except (KeyError, binascii.Error, ValueError):
                return Response("ask with ?dns=<the message in base64url>\n", 400)
        response = self._resolver.respond(wire, WHOLE)
        if response is None:
            return Response("this is no DNS message\n", 400)
        answered = dns.message.from_wire(response)
        age = min((rrset.ttl for rrset in [*answered.answer, *answered.authority]), default=0)
        return Response(response, media_type=MEDIA_TYPE, headers={"cache-control": f"max-age={age}"})


async def _body(request: Request) -> bytes:
    """The body, or as much of one that is too long as says so."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > WHOLE:
            break
    return body


class _Impatient(H11Protocol):
    """Leaves a client that has not sent a whole request in time: uvicorn itself waits for the first for ever."""

    _seen: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._look_later()

    def _look_later(self) -> None:
        self.loop.call_later(dns_listener.TCP_IDLE_SECONDS, self._look)

    def _look(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if self.transport.is_closing():
            return
        if idle and self.cycle is self._seen:
            self.transport.abort()
        else:
            self._seen = self.cycle
            self._look_later()


class _QuietServer(uvicorn.Server):
    """Signals are the process's own, and an idle one wakes once a second, for its date header, not ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Leave the loop, without waiting for the connections that are open."""
        self.should_exit = self.force_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        """As uvicorn's, but the end is told to it: that one looks for it."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), DATE_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


class Resolving:
    """A resolver that listens: UDP and TCP on `addresses`, HTTPS on `doh_address` where a certificate is given."""

    def __init__(
        self,
        upstream: Respond,
        clock: ScaledClock,
        *,
        addresses: Sequence[Address] = (("127.0.0.1", 0),),
        floor_seconds: int = DEFAULT_FLOOR_SECONDS,
        doh_address: Address = ("127.0.0.1", 0),
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.resolver = CachingResolver(upstream, clock, floor_seconds=floor_seconds)
        self._listener = DnsListener(self.resolver.respond)
        self._addresses = addresses
        self._thread = LoopThread("resolver")
        self._doh = DohServer(self.resolver, doh_address, *certificate) if certificate else None
        self.doh_url = ""

    @property
    def dns_address(self) -> Address:
        """The first address at which it answers by UDP and TCP."""
        return self._listener.addresses[0]

    def start(self) -> Resolving:
        """Listen. Raises Unavailable where a port is taken."""
        self._thread.start()
        try:
            self._thread.run(self._listener.start(self._addresses))
            if self._doh is not None:
                ip, port = self._doh.bind()
                self.doh_url = f"https://{ip}{f':{port}' if port != 443 else ''}{DOH_PATH}"
                self._thread.run(self._serve(self._doh))
        except OSError as error:
            self._thread.stop()
            where = ", ".join(f"{ip} port {port}" for ip, port in self._addresses)
            raise Unavailable(
                f"the resolver cannot listen on {where}: {error}",
                hint="end the program that listens there, or give another port",
            ) from error
        return self

    async def _serve(self, doh: DohServer) -> None:
        self._thread.must_live(await doh.serve())

    def stop(self) -> None:
        """Close every socket."""
        if self._thread.is_alive:
            if self._doh is not None:
                self._thread.run(self._doh.stop())
            self._thread.run(self._listener.stop())
        self._thread.stop()
