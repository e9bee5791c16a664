"""DNS messages over UDP and TCP: sockets in, a function from message to message behind them.

No TCP client holds a connection by sending nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import cast

TCP_IDLE_SECONDS = 10.0  # real time: for each whole message, so that one byte an hour holds nothing
TCP_CONNECTIONS = 128
WHOLE = 65_535  # bytes of a message where nothing has to be cut: TCP and HTTPS

Address = tuple[str, int]
Respond = Callable[[bytes, int | None], bytes | None]
"""The response to a message, of at most so many bytes (None: what the client takes by UDP); None drops it."""


class DnsListener:
    """Hands every message to `respond`; live on `addresses` between `start` and `stop`, on the loop that calls them."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._transports: list[asyncio.DatagramTransport] = []
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[None]] = set()
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

    async def _listen(self, ip: str, port: int) -> Address:
        """Bind UDP and TCP to the same port; with port 0 try until one is free for both."""
        loop = asyncio.get_running_loop()
        for attempt in range(20):
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self._respond), local_addr=(ip, port), family=family
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
                response = self._respond(message, WHOLE)
                if response is None:
                    return
                writer.write(len(response).to_bytes(2, "big") + response)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # by shape: 3.11's class does not inherit from it

    def datagram_received(self, data: bytes, addr: Address) -> None:
        response = self._respond(data, None)
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)
