"""The part `listeners`: what two things in the server's listening socket buy, each beside a server without it.

Several descriptors of one socket let a turn of the event loop accept as many connections; a packet filter turns
newcomers away while a server stops. Both are more than uvicorn does, so they stay only while a row here shows why.
"""

from __future__ import annotations

import signal
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from bench.load import run_closed
from bench.measure import ready
from bench.peers import OURS, Peer, ask
from bench.report import QUICK_WARNING, Verdict, at_least, at_most, describe_machine
from service.command_line import say

NEWCOMERS, CALLERS, ROWS = 48, 32, 64
CLIENTS = 4
_REQUEST = b"GET /livez HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n"
_PAUSE_SECONDS = 0.3
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Listeners:
    """Seconds until half of the newcomers had an answer; stops of so many in which a client's connection was reset."""

    many_seconds: float
    one_seconds: float
    stops: int
    reset_with_filter: int
    reset_without: int


def _changed(what: str) -> Peer:
    """Our server, but for one line."""
    code = f"import service.server.http.run as run; {what}; from service.__main__ import main; main(['serve'])"
    return replace(OURS, command=lambda python, port: [str(python), "-c", code])


ONE_LISTENER = _changed("run._ACCEPTS_A_TURN = 1")
NO_FILTER = _changed("run._turn_newcomers_away = lambda listener: None")


def measure(*, quick: bool) -> tuple[str, tuple[Verdict, ...], dict[str, Any]]:
    """The section, its verdicts and the plain data of one run."""
    bursts, stops = (2, 4) if quick else (10, 30)
    say(f"listeners: {NEWCOMERS} newcomers beside {CALLERS} callers")
    many, one = (statistics.median(_time_newcomers(peer, bursts)) for peer in (OURS, ONE_LISTENER))
    say(f"listeners: {stops} stops under load")
    kept, without = (sum(_stop_resets(peer) for _ in range(stops)) for peer in (OURS, NO_FILTER))
    seen = Listeners(many, one, stops, kept, without)
    verdicts = judge(seen)
    document = {
        "machine": describe_machine(),
        "figures": asdict(seen),
        "targets": [asdict(verdict) for verdict in verdicts],
    }
    return render(seen, verdicts, quick=quick), verdicts, document


def _time_newcomers(peer: Peer, bursts: int) -> Iterator[float]:
    """Seconds to each newcomer's first answer, the newcomers of a burst coming at once."""
    with ready(peer) as (port, _), _calling(peer, port, 2 + bursts):
        for _ in range(bursts):
            time.sleep(_PAUSE_SECONDS)
            began = time.monotonic()
            connections = [_connect(port) for _ in range(NEWCOMERS)]
            for connection in connections:
                connection.recv(100)
                yield time.monotonic() - began
                connection.close()


@contextmanager
def _calling(peer: Peer, port: int, seconds: int) -> Iterator[None]:
    with ThreadPoolExecutor(1) as thread:
        callers = thread.submit(run_closed, ask(peer, ROWS), port, seconds, CALLERS)
        yield
        callers.result()


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS)
    connection.sendall(_REQUEST)
    return connection


def _stop_resets(peer: Peer) -> bool:
    """Whether a connection was reset while the server stopped. One that is refused or not taken loses no request."""
    resets: list[OSError] = []
    over = threading.Event()
    with ready(peer) as (port, process):
        clients = [threading.Thread(target=_ask_until, args=(over, port, resets)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(_PAUSE_SECONDS)
        process.send_signal(signal.SIGTERM)
        process.wait(_TIMEOUT_SECONDS)
        over.set()
        for client in clients:
            client.join()
    return bool(resets)


def _ask_until(over: threading.Event, port: int, resets: list[OSError]) -> None:
    while not over.is_set():
        try:
            with _connect(port) as connection:
                while connection.recv(4096):
                    pass
        except (ConnectionResetError, BrokenPipeError) as error:
            resets.append(error)
        except OSError:
            return


def judge(seen: Listeners) -> tuple[Verdict, ...]:
    """What would have each of the two taken out again."""
    return (
        at_least("newcomers' median wait: one listener to ours", seen.one_seconds / seen.many_seconds, 2),
        at_most(f"stops with a connection reset, of {seen.stops}: ours", seen.reset_with_filter, 0),
        at_least(f"stops with a connection reset, of {seen.stops}: without the filter", seen.reset_without, 1),
    )


def render(seen: Listeners, verdicts: tuple[Verdict, ...], *, quick: bool) -> str:
    """The section of docs/reference/performance.md."""
    lines = ["## The listening socket", "", f"{describe_machine()}.", ""]
    lines += [
        f"{NEWCOMERS} connections at once beside {CALLERS} callers of {ROWS} rows each; then stops by SIGTERM under",
        f"{CLIENTS} clients that open a connection for each request. Each beside a server without what is in question.",
        "",
    ]
    if quick:
        lines += [QUICK_WARNING, ""]
    lines += ["| what | measured | to reach | |", "|---|---|---|---|", *map(str, verdicts), ""]
    lines += [
        f"Half of the newcomers had an answer within {seen.many_seconds * 1000:.0f} ms, and within "
        f"{seen.one_seconds * 1000:.0f} ms with one listener.",
        "",
    ]
    return "\n".join(lines)
