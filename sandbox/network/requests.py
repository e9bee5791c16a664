"""Where one HTTP/1.1 request of a connection ends and the next one begins, so that each head can be looked at.

What is no HTTP/1.1, and what follows an upgrade or a head without an end, passes as it is: the replica judges it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.network.access import Notes
from sandbox.network.entry_points import path_of, plain_answer
from sandbox.network.naming import name_request
from sandbox.network.rates import RateCounter

_LONGEST_HEAD = 64 * 1024
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked[ \t]*\r\n", re.IGNORECASE)
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_REQUEST = re.compile(rb"[A-Z]+ [^ \r\n]+ HTTP/1\.[01]\r\n")
_FORWARDED = re.compile(rb"(\r\nx-forwarded-for:[^\r\n]*)(?!.*\r\nx-forwarded-for:)", re.IGNORECASE | re.DOTALL)

_Part = tuple[bytes, bytes]  # what passes on, and what is left to look at
_State = Callable[[bytes], "_Part | None"]  # None: more is needed


class Requests:
    """Passes on what a client sends; each request's head goes through `look`, which gives what goes on in its place.

    `look` gives None for a request that goes no further: then nothing that follows does either, and `ended` is true.
    """

    def __init__(self, look: Callable[[bytes], bytes | None]) -> None:
        self._look = look
        self._held = b""
        self._left = 0
        self._state: _State = self._head
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        """What passes on now."""
        passed, rest = [], self._held + data
        self._held = b""
        while rest and not self.ended:
            part = self._state(rest)
            if part is None:
                self._held = rest
                break
            passed.append(part[0])
            rest = part[1]
        return b"".join(passed)

    def finish(self) -> bytes:
        """What was held back for its end, which does not come any more."""
        held, self._held = self._held, b""
        return b"" if self.ended else held

    def _head(self, rest: bytes) -> _Part | None:
        end = rest.find(_END) + len(_END)
        if end < len(_END):
            return self._pass_all(rest) if len(rest) > _LONGEST_HEAD else None
        head = rest[:end]
        if not _REQUEST.match(head) or _UPGRADE.search(head):
            return self._pass_all(rest)
        looked = self._look(head)
        if looked is None:
            self.ended = True
            return b"", b""
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            self._state = self._chunk
        elif length is not None:
            self._left, self._state = int(length[1]), self._body
        return looked, rest[end:]

    def _body(self, rest: bytes) -> _Part:
        taken = rest[: self._left]
        self._left -= len(taken)
        if not self._left:
            self._state = self._head
        return taken, rest[len(taken) :]

    def _chunk(self, rest: bytes) -> _Part | None:
        """The line before a chunk: RFC 9112, 7.1."""
        end = rest.find(b"\r\n") + 2
        if end < 2:
            return self._pass_all(rest) if len(rest) > _LONGEST_HEAD else None
        try:
            size = int(rest[: end - 2].partition(b";")[0], 16)
        except ValueError:
            return self._pass_all(rest)
        self._left = size + 2
        self._state = self._chunk_data if size else self._trailer
        return rest[:end], rest[end:]

    def _chunk_data(self, rest: bytes) -> _Part:
        part = self._body(rest)
        if not self._left:
            self._state = self._chunk
        return part

    def _trailer(self, rest: bytes) -> _Part | None:
        end = rest.find(b"\r\n") + 2
        if end < 2:
            return self._pass_all(rest) if len(rest) > _LONGEST_HEAD else None
        if end == 2:
            self._state = self._head
        return rest[:end], rest[end:]

    def _pass_all(self, rest: bytes) -> _Part:
        self._state = lambda more: (more, b"")
        return rest, b""


class Inspector:
    """What an entry point does with each request of one client: counts it, says whose it is, names it, notes it down.

    `refusal` is what the client gets once a request went no further.
    """

    def __init__(
        self,
        address: str,
        counter: RateCounter,
        *,
        forwards: bool,
        header: str = "",
        cloud: str = "",
        notes: Notes | None = None,
    ) -> None:
        self.refusal: bytes | None = None
        self._address = address
        self._counter = counter
        self._forwards = forwards
        self._header = header
        self._cloud = cloud
        self._notes = notes
        self._looks = bool(counter.rule is not None or forwards or cloud or notes)
        self._requests = Requests(self._look)

    def feed(self, data: bytes) -> bytes:
        """What goes on to the replica of these bytes; all of them where nothing is looked at."""
        return self._requests.feed(data) if self._looks else data

    def finish(self) -> bytes:
        """What else goes on, as the client sends no more."""
        return self._requests.finish()

    def _look(self, head: bytes) -> bytes | None:
        request, named = name_request(self._cloud, head)
        if self._notes is not None:
            self._notes.asked(head, request)
        rule = self._counter.rule
        if rule is not None and self._counter.refuses(self._address, path_of(head)):
            self.refusal = plain_answer(rule.status, rule.headers + self._header)
            return None
        return add_forwarded(named, self._address) if self._forwards else named


def add_forwarded(head: bytes, address: str) -> bytes:
    """The head with the client's address appended to `x-forwarded-for`, which is made where there is none."""
    found = _FORWARDED.search(head)
    if found is not None:
        return head[: found.end()] + f", {address}".encode() + head[found.end() :]
    line = head.find(b"\r\n")
    return head[:line] + f"\r\nx-forwarded-for: {address}".encode() + head[line:]
