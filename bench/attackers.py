"""Connections without a key that cost a server as much as they can: what the part `abuse` runs beside a caller.

`python -m bench.attackers --port 8080 --seconds 10` is that process; standard output says, in JSON, what each kind of
attack was answered. It speaks to this machine only, over a fixed number of connections, and ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import cast

import click

from bench.peers import MODEL
from service.command_line import CONTEXT, Command, print_json

HOST = "127.0.0.1"
CONNECTIONS = 64
MOST_CONNECTIONS = 512
MOST_SECONDS = 600.0
_PAUSE_SECONDS = 0.02  # before a connection that the server has ended is opened again: loopback's ports are bounded
_DRIP_SECONDS = 0.2
_INFER = f"/v2/models/{MODEL.name}/infer"
_BODY = b"x" * 2_000  # of a caller whose key is wrong nobody looks at it
_CHUNKS = b"2\r\nxx\r\n" * 8_192
_CHUNKED_BYTES = 4 * 2**20
_PIPELINED = 16
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


@dataclass
class Connection:
    """One attacking connection, and where it counts what it was answered."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: Counter[str]
    last: bool = False
    """Whether the latest answer was said to be the last one of the connection."""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def read_answer(self) -> None:
        """Count one answer by its status. Raises EOFError where the server ended the connection instead."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\ncontent-length: *(\d+)", head, re.IGNORECASE)
        await self.reader.readexactly(int(length.group(1)) if length else 0)
        self.last = re.search(rb"\nconnection: *close", head, re.IGNORECASE) is not None
        status = _STATUS.match(head)
        self.seen[status.group(1).decode() if status else "no status"] += 1


Attack = Callable[[Connection], Awaitable[None]]


def _request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: {HOST}", *headers]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _asking(request: bytes) -> Attack:
    """An attack that asks the same again and again, as soon as it is answered."""

    async def ask(connection: Connection) -> None:
        while True:
            await connection.send(request)
            await connection.read_answer()

    return ask


async def _send_half_heads(connection: Connection) -> None:
    """A head that never ends, one field after the other."""
    await connection.send(f"POST {_INFER} HTTP/1.1\r\nhost: {HOST}\r\n".encode())
    while not connection.reader.at_eof():
        await connection.send(b"x-more: " + b"y" * 64 + b"\r\n")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(connection.read_answer(), _DRIP_SECONDS)


async def _send_tiny_chunks(connection: Connection) -> None:
    """A large body of which each chunk is two bytes."""
    await connection.send(_request("POST", _INFER, "x-api-key: olk_unknown", "transfer-encoding: chunked"))
    for _ in range(2 * _CHUNKED_BYTES // len(_CHUNKS)):
        await connection.send(_CHUNKS)
    await connection.send(b"0\r\n\r\n")
    await connection.read_answer()


async def _read_nothing(connection: Connection) -> None:
    """Ask for the longest documents, many at once, and leave the answers unread until the server ends it."""
    transport = cast("asyncio.Transport", connection.writer.transport)
    transport.pause_reading()
    while not transport.is_closing():
        connection.writer.write(_request("GET", "/openapi.json") * _PIPELINED)
        await asyncio.sleep(_DRIP_SECONDS)


async def _send_no_http(connection: Connection) -> None:
    """A target that does not parse."""
    await connection.send(b"GET http://[/ HTTP/1.1\r\nconnection: close\r\n\r\n")
    await connection.read_answer()


ATTACKS: Mapping[str, Attack] = {
    "wrong key": _asking(_request("POST", _INFER, "x-api-key: olk_unknown", body=_BODY)),
    "no key": _asking(_request("POST", _INFER, body=_BODY)),
    "/metrics": _asking(_request("GET", "/metrics")),
    "health checks": _asking(_request("GET", "/health")),
    "half heads": _send_half_heads,
    "tiny chunks": _send_tiny_chunks,
    "slow readers": _read_nothing,
    "no HTTP": _send_no_http,
}


async def attack(port: int, seconds: float, connections: int = CONNECTIONS) -> dict[str, Counter[str]]:
    """Attack for so long over so many connections, the kinds in turn: what each kind was answered, and `ended`."""
    seen: dict[str, Counter[str]] = {name: Counter() for name in ATTACKS}
    kinds = list(ATTACKS)
    tasks = [asyncio.create_task(_keep_on(port, kind, seen[kind])) for kind in _in_turn(kinds, connections)]
    await asyncio.wait(tasks, timeout=seconds)
    broken = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in broken:
        task.result()  # no attack ends by itself: this raises why one did
    return seen


def _in_turn(kinds: list[str], count: int) -> list[str]:
    return [kinds[index % len(kinds)] for index in range(count)]


async def _keep_on(port: int, kind: str, seen: Counter[str]) -> None:
    """One connection's attack, begun anew on a new connection whenever the server has ended it."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(HOST, port, limit=2**20)
        except OSError:
            seen["not let in"] += 1
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        try:
            await ATTACKS[kind](Connection(reader, writer, seen))
        except (OSError, EOFError):
            seen["ended"] += 1
        finally:
            writer.transport.abort()
        await asyncio.sleep(_PAUSE_SECONDS)


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--port", type=click.IntRange(1, 65535), required=True)
@click.option("--seconds", type=click.FloatRange(0, MOST_SECONDS), required=True)
@click.option("--connections", type=click.IntRange(1, MOST_CONNECTIONS), default=CONNECTIONS, show_default=True)
def main(port: int, seconds: float, connections: int) -> None:
    """Attack a server on this machine, and print what each kind of attack was answered."""
    print_json(asyncio.run(attack(port, seconds, connections)))


def read_answers(printed: str) -> dict[str, dict[str, int]]:
    """What `main` printed."""
    found: dict[str, dict[str, int]] = json.loads(printed)
    return found


if __name__ == "__main__":
    main(prog_name="python -m bench.attackers")
