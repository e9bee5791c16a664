"""What the standard library leaves to its users of sockets: black holes, resets, and closing without losing bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct

CHUNK = 64 * 1024
_BACKLOG = 512
# Why OpenSSL ended a handshake -> the fatal alert that tells the client (RFC 8446, 6; RFC 6066, 3).
_ALERTS = {
    "CALLBACK_FAILED": ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME,
    "UNSUPPORTED_PROTOCOL": ssl.ALERT_DESCRIPTION_PROTOCOL_VERSION,
    "NO_SHARED_CIPHER": ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE,
}


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
    connection: socket.socket, tls: ssl.SSLContext | None, handshake_wall_seconds: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams over an accepted connection, TLS agreed. Raises OSError or ssl.SSLError where the client does not."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=CHUNK)
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
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def abort(writer: asyncio.StreamWriter) -> None:
    """End a connection at once, whatever state it is in."""
    # Python 3.11.2's transport for TLS forgets its protocol when it is closed, and aborting it then trips over that.
    with contextlib.suppress(AttributeError):
        writer.transport.abort()


async def pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event
) -> tuple[int, OSError | None]:
    """Pass bytes on until the sender ends, then say so to the receiver.

    Returns how many were passed on and, where it did not end well, the sender's error; raises the receiver's.
    """
    passed = 0
    while True:
        try:
            data = await reader.read(CHUNK)
        except OSError as error:
            return passed, error
        await flowing.wait()
        if not data:
            break
        writer.write(data)
        await writer.drain()
        passed += len(data)
    if writer.can_write_eof():
        writer.write_eof()
    return passed, None


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
