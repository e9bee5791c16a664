"""What the standard library leaves to its users of sockets: black holes, resets, and closing without losing bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Protocol

from sandbox.network.meter import Meter, MeteredReader, MeteredWriter
from sandbox.network.turns import Turns

CHUNK = 64 * 1024
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_BACKLOG = 512
# Why OpenSSL ended a handshake -> the fatal alert that tells the client (RFC 8446, 6; RFC 6066, 3).
_ALERTS = {
    "CALLBACK_FAILED": ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME,
    "UNSUPPORTED_PROTOCOL": ssl.ALERT_DESCRIPTION_PROTOCOL_VERSION,
    "NO_SHARED_CIPHER": ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE,
}


class Passing(Protocol):
    """What looks at the bytes that are passed on. With a `refusal` none goes on any more."""

    refusal: bytes | None

    def feed(self, data: bytes) -> bytes:
        """What goes on of these."""

    def finish(self) -> bytes:
        """What else goes on at the end."""


class AsIs:
    """All goes on as it came."""

    refusal: bytes | None = None

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


_AS_IS = AsIs()


def listen(address: str, port: int) -> socket.socket:
    """A socket that listens for an event loop."""
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind((address, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def black_hole(address: str, port: int) -> list[socket.socket]:
    """A listening socket whose queue is full: the kernel then drops every further SYN. Close all to fill it in."""
    listening = socket.socket()
    held = [listening]
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(0)
        for _ in range(4):
            filler = socket.socket()
            held.append(filler)
            filler.setblocking(False)
            filler.connect_ex((address, port))
    except OSError:
        for each in held:
            each.close()
        raise
    return held


def reset(connection: socket.socket) -> None:
    """Let the end of the connection, which has to follow, be an RST."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_stream(writer: asyncio.StreamWriter) -> None:
    """End a stream by an RST. One whose client has left, while its answer is still being made, has no socket."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        reset(connection)
    abort(writer)


async def swallow(connection: socket.socket, wall_seconds: float) -> None:
    """Take what comes and answer nothing, until the client gives up."""
    connection.setblocking(False)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wall_seconds):
            while await asyncio.get_running_loop().sock_recv(connection, CHUNK):
                pass


async def streams(
    connection: socket.socket, tls: ssl.SSLContext | None, handshake_wall_seconds: float, meter: Meter
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams over an accepted connection, TLS agreed; the meter hears what is said.

    Raises OSError or ssl.SSLError where the client does not agree.
    """
    loop = asyncio.get_running_loop()
    reader = MeteredReader(meter, limit=CHUNK)
    protocol = asyncio.StreamReaderProtocol(reader)
    if tls is None:
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
    else:
        with connection.dup() as second:
            try:
                transport, _ = await loop.connect_accepted_socket(
                    lambda: protocol,
                    connection,
                    ssl=tls,
                    ssl_handshake_timeout=handshake_wall_seconds,
                    ssl_shutdown_timeout=handshake_wall_seconds,
                )
            except ssl.SSLError as error:
                # asyncio closes without sending the alert that OpenSSL has written.
                alert = _ALERTS.get(error.reason or "")
                if alert is not None:
                    with contextlib.suppress(OSError):
                        second.send(bytes([21, 3, 3, 0, 2, 2, alert]))
                raise
    return reader, MeteredWriter(meter, transport, protocol, reader, loop)


def tls_of(writer: asyncio.StreamWriter) -> tuple[str, str]:
    """The version and the cipher that were agreed on; nothing without TLS."""
    agreed = writer.get_extra_info("ssl_object")
    return ("", "") if agreed is None else (str(agreed.version()), str(agreed.cipher()[0]))


def abort(writer: asyncio.StreamWriter) -> None:
    """End a connection at once, whatever state it is in."""
    # Python 3.11.2's transport for TLS forgets its protocol when it is closed, and aborting it then trips over that.
    with contextlib.suppress(AttributeError):
        writer.transport.abort()


async def pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    flowing: asyncio.Event,
    passing: Passing = _AS_IS,
    heard: Callable[[], None] = lambda: None,
) -> tuple[int, OSError | None]:
    """Pass bytes on until the sender ends, or is refused, then say so to the receiver. `heard` is told of each piece.

    Returns how many were passed on and, where it did not end well, the sender's error; raises the receiver's.
    """
    passed = 0
    while passing.refusal is None:
        try:
            data = await reader.read(CHUNK)
        except OSError as error:
            return passed, error
        await flowing.wait()
        if not data:
            break
        heard()
        writer.write(passing.feed(data))
        await writer.drain()
        passed += len(data)
    writer.write(passing.finish())
    if writer.can_write_eof():
        writer.write_eof()
    return passed, None


async def exchange(client: Streams, replica: Streams, flowing: asyncio.Event, passing: Passing, turns: Turns) -> bool:
    """Pass bytes both ways until the replica has said all. False where it said nothing.

    Raises OSError where the client went away, or the replica in the middle of its answer.
    """
    there = asyncio.create_task(pump(client[0], replica[1], flowing, passing, turns.asked))
    back = asyncio.create_task(pump(replica[0], client[1], flowing, heard=turns.answered))
    try:
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        if not back.done():
            if there.exception() is None and (gone := there.result()[1]) is not None:
                raise gone
            # The client has said all and listens on, or the replica takes no more and may have answered.
            await asyncio.wait({back})
        passed, error = back.result()
        if error is not None and passed:
            raise error
        return passed > 0
    finally:
        there.cancel()
        back.cancel()
        await asyncio.gather(there, back, return_exceptions=True)


async def finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wall_seconds: float) -> None:
    """Close once the client has everything. Closing at once would lose what it has not taken yet."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wall_seconds):
            if writer.can_write_eof():
                # Without TLS, unread input would turn the end into a reset that overtakes the answer.
                writer.write_eof()
                while await reader.read(CHUNK):
                    pass
            writer.close()
            await writer.wait_closed()
