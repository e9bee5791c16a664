"""The port of the page: open as long as the sandbox is, its server started by whoever opens the link first.

Nobody who does not look pays for the page: until a browser connects there is one waiting thread and a socket. The
server is `python -m outlast page --attached FD`; it is given the socket, reads its token from a pipe, and leaves when
nobody has looked for a while, or when the pipe is closed: by the end of this process too, whatever ended it.
"""

from __future__ import annotations

import contextlib
import secrets
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from service.errors import Unavailable

ADDRESS = "127.0.0.1"
ABOVE_DNS = 10_000
"""The port is so far above that of people's `dig`, so that a link's address stays the same while that one does."""
_LOOK_WALL_SECONDS = 0.2
_END_WALL_SECONDS = 3.0
_BACKLOG, _HIGHEST = 64, 65535


class PagePort:
    """The listening socket, and at most one server that has been given it; what that says is added to `log`."""

    def __init__(
        self, folder: Path, log: Path, port: int, report: Callable[[str], None], *, server: Sequence[str] = ()
    ) -> None:
        self._folder = folder
        self._log = log
        self._wanted = port
        self._report = report
        self._server = server or (sys.executable, "-m", "outlast", "page", "--attached")
        self._token = secrets.token_urlsafe(24)
        self._stopped = threading.Event()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    @property
    def link(self) -> str:
        """What is opened; its fragment, which browsers send to nobody, lets its reader press the buttons."""
        return f"http://{ADDRESS}:{self._socket.getsockname()[1]}/#{self._token}" if self._socket else ""

    def start(self) -> None:
        """Listen. Another port is taken where somebody has the wanted one."""
        self._socket = _listen(self._wanted)
        self._thread = threading.Thread(target=self._attend, args=(self._socket,), name="page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; a server that runs is ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()

    def _attend(self, listening: socket.socket) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(listening, selectors.EVENT_READ)
            while not self._stopped.is_set():
                if waiting.select(_LOOK_WALL_SECONDS) and not self._serve(listening):
                    _turn_away(listening)

    def _serve(self, listening: socket.socket) -> bool:
        """Let a server answer whoever waits, until it leaves. False where it failed."""
        try:
            process = self._start_server(listening.fileno())
        except OSError as error:
            self._report(f"the page's server could not be started: {error}")
            return False
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # closing it may say so as well
            pipe.write(f"{self._token}\n".encode())
            pipe.flush()
            self._wait(process)
        return _end(process) == 0 or self._stopped.is_set()

    def _start_server(self, number: int) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [*self._server, str(number)],
                cwd=self._folder,
                pass_fds=(number,),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until it leaves by itself, or this is stopped."""
        while not self._stopped.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_WALL_SECONDS)
                return


def _listen(wanted: int) -> socket.socket:
    """On the wanted port, or where that is taken on one that is free. Raises Unavailable where there is none."""
    errors: list[OSError] = []
    for port in (wanted if wanted <= _HIGHEST else 0, 0):
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((ADDRESS, port))
            bound.listen(_BACKLOG)
        except OSError as error:
            bound.close()
            errors.append(error)
            continue
        bound.setblocking(False)
        return bound
    raise Unavailable(f"no port of {ADDRESS} for the page: {errors[-1].strerror}", hint="make status") from errors[-1]


def _end(process: subprocess.Popen[bytes]) -> int:
    """Its exit code: its pipe is closed, at which it leaves; one that does not is killed."""
    try:
        return process.wait(_END_WALL_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _turn_away(listening: socket.socket) -> None:
    """Close what waits for a server that failed: it would start the next one at once, which fails as well."""
    with contextlib.suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
