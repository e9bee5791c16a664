"""What a load balancer knows of each request of a connection once it is over, for whoever keeps an access log."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sandbox.network.naming import read_header

RATE, NO_REPLICA, BROKEN, REDIRECT, OWN = "rate", "no-replica", "broken", "redirect", "own"
"""Why no replica's answer went to the client: too many requests of its address, no replica that is ready, one that was
lost on it, a way to HTTPS, and an answer that is configured."""


@dataclass(frozen=True)
class Access:
    """One request. Without a `status` the client left first; `why` is empty where a replica answered.

    Times are Unix ones, sizes bytes with their heads, `wait_seconds` is until a replica's head was there. The query of
    its address is left out: a secret in it would stay in the sandbox's files.
    """

    entry: str
    client: str
    client_port: int
    began: float
    method: str
    path: str
    version: str
    host: str
    user_agent: str
    request: str
    tls: tuple[str, str] = ("", "")  # version and cipher
    replica: str = ""  # address:port
    status: int | None = None
    why: str = ""
    wait_seconds: float = 0.0
    ended: float = 0.0
    received: int = 0
    sent: int = 0


Told = Callable[[Access], None]


@dataclass
class Notes:
    """The requests of one connection: from each head to the end of its answer, in the order in which they came."""

    entry: str
    client: tuple[str, int]
    tell: Told
    tls: tuple[str, str] = ("", "")
    replica: str = ""  # who is spoken to now
    why: str = ""  # who answers in its place from now on
    received: int = 0
    sent: int = 0
    _waiting: deque[Access] = field(default_factory=deque)
    _counted: tuple[int, int] = (0, 0)

    def asked(self, head: bytes, request: str) -> None:
        """A request has begun, which is known by that id."""
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        method, target, version = words if len(words) == 3 else ("-", "", "-")
        self._waiting.append(
            Access(
                self.entry,
                *self.client,
                time.time(),
                method,
                target.partition("?")[0],
                version,
                read_header(head, b"host"),
                read_header(head, b"user-agent"),
                request,
                self.tls,
            )
        )

    def answered(self, status: int) -> None:
        """The head of the oldest request's answer goes to the client."""
        if self._waiting:
            first = self._waiting[0]
            waited = max(time.time() - first.began, 0.0)
            self._waiting[0] = replace(
                first, status=status, replica=self.replica, why=self.why, wait_seconds=0.0 if self.why else waited
            )

    def ended(self) -> None:
        """So does its end."""
        if self._waiting and self._waiting[0].status is not None:
            self._finish(self._waiting.popleft())

    def closed(self) -> None:
        """The connection is over: nothing that waits gets an answer any more."""
        while self._waiting:
            self._finish(self._waiting.popleft())

    def forget(self) -> None:
        """What is said is not understood any more."""
        self._waiting.clear()

    def _finish(self, access: Access) -> None:
        received, sent = self.received - self._counted[0], self.sent - self._counted[1]
        self._counted = self.received, self.sent
        self.tell(replace(access, ended=time.time(), received=received, sent=sent))
