"""The page's server as the daemon starts it: who it is for, and when it leaves."""

from __future__ import annotations

import socket
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from outlast.page import serving
from outlast.page.serving import ADDRESS, IDLE_SECONDS, bind, leave_when_idle, make_server
from service.errors import Unavailable
from tests.outlast.page.test_server import Http, Source


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_LOOK_SECONDS", 0.0)


def test_it_leaves_once_nobody_has_looked_for_a_while() -> None:
    source, server = Source(), uvicorn.Server(uvicorn.Config(Starlette()))
    source.traffic.enter()
    moments = count()

    def now() -> float:
        moment = next(moments)
        if moment == 200:
            source.traffic.leave()
        return float(moment)

    leave_when_idle(source, server, now=now)
    assert server.should_exit and 200 + IDLE_SECONDS <= next(moments) < 210 + IDLE_SECONDS


def test_it_answers_by_the_sockets_address_alone() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        app = make_server(Source(), bound, "token").config.app
        port = bound.getsockname()[1]
    hosts = [f"127.0.0.1:{port}", f"localhost:{port}", f"127.0.0.1:{port + 1}"]
    assert isinstance(app, Starlette)
    assert [Http(app).get("/", headers={"host": host}).status_code for host in hosts] == [200, 200, 421]


def test_the_end_of_its_pipe_is_its_end() -> None:
    code = "import io; from outlast.page.serving import _leave_with; _leave_with(io.StringIO()); print('still here')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(serving.__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_free_port_of_loopback_is_taken() -> None:
    with bind(0) as bound:
        assert bound.getsockname()[0] == ADDRESS == "127.0.0.1"


def test_a_link_that_is_opened_before_the_server_runs_is_not_refused() -> None:
    with bind(0) as bound, socket.create_connection(bound.getsockname(), timeout=5):
        pass


def test_a_port_that_is_taken_is_told() -> None:
    with bind(0) as bound, pytest.raises(Unavailable, match="cannot be used") as raised:
        bind(bound.getsockname()[1])
    assert raised.value.hint == "--port 0"
