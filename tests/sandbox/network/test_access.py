"""What is noted of each request of a connection, by the same meter that hears its bytes."""

from __future__ import annotations

import pytest

from sandbox.network.access import BROKEN, NO_REPLICA, RATE, Access, Notes
from sandbox.network.entry_points import plain_answer
from sandbox.network.meter import Meter

GET = b"GET /v1/models?token=secret HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
UNTIL_END = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it"


class Connection:
    """A client, and what is told of its requests."""

    def __init__(self) -> None:
        self.told: list[Access] = []
        self.notes = Notes("entry", ("192.0.2.7", 2817), self.told.append, replica="10.0.0.1:8080")
        self.meter = Meter(lambda status, seconds: None, self.notes)

    def ask(self, head: bytes, request: str = "id") -> None:
        self.meter.asked(head)
        self.notes.asked(head, request)

    def exchange(self, asked: bytes, said: bytes) -> Access:
        self.ask(asked)
        self.meter.said(said)
        return self.told[-1]


def test_a_request_is_noted_without_its_query_once_its_answer_is_whole() -> None:
    connection = Connection()
    connection.ask(GET)
    connection.meter.said(OK[:-1])
    assert connection.told == []
    connection.meter.said(OK[-1:])
    (found,) = connection.told
    assert (found.method, found.path, found.version, found.host) == ("GET", "/v1/models", "HTTP/1.1", "a")
    assert (found.user_agent, found.request, found.status, found.why) == ("me", "id", 200, "")
    assert (found.entry, found.client, found.client_port, found.replica) == (
        *("entry", "192.0.2.7", 2817),
        "10.0.0.1:8080",
    )
    assert (found.received, found.sent) == (len(GET), len(OK))
    assert found.began <= found.began + found.wait_seconds <= found.ended


def test_each_request_of_a_connection_has_its_own_bytes() -> None:
    connection = Connection()
    sizes = [(one.received, one.sent) for one in (connection.exchange(GET, OK), connection.exchange(HEAD, OK[:-2]))]
    assert sizes == [(len(GET), len(OK)), (len(HEAD), len(OK) - 2)]
    connection.ask(GET, "one")
    connection.ask(GET, "two")
    connection.meter.said(OK + OK)
    assert [one.request for one in connection.told] == ["id", "id", "one", "two"]


@pytest.mark.parametrize(("why", "status"), [(RATE, 403), (NO_REPLICA, 503), (BROKEN, 502)])
def test_an_answer_that_no_replica_gave_says_why(why: str, status: int) -> None:
    connection = Connection()
    connection.notes.why = why
    found = connection.exchange(GET, plain_answer(status))
    assert (found.status, found.why, found.wait_seconds) == (status, why, 0)


def test_a_client_that_leaves_is_noted_without_a_status_and_an_answer_without_an_end_with_it() -> None:
    connection = Connection()
    connection.ask(GET)
    connection.notes.closed()
    connection.exchange(GET, OK)
    connection.ask(GET)
    connection.meter.said(UNTIL_END)
    connection.notes.closed()
    assert [one.status for one in connection.told] == [None, 200, 200]


def test_what_is_on_the_way_is_no_answer_and_what_is_no_http_is_not_noted() -> None:
    connection = Connection()
    connection.ask(GET)
    connection.meter.said(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    assert connection.told == []
    connection.meter.said(OK)
    connection.ask(GET)
    connection.meter.said(b"what")
    connection.notes.closed()
    assert len(connection.told) == 1
    connection.notes.answered(200)
    connection.notes.ended()
    assert len(connection.told) == 1
