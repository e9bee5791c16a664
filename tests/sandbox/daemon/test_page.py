"""The page's port: nothing runs before somebody comes, and nothing that was started outlives the sandbox."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.daemon.page import ADDRESS, PagePort, _listen

# Answers one with the token and how often it was started, and leaves; waits for its pipe where that is asked for.
ANSWERS = """
import os, pathlib, socket, sys
token = sys.stdin.readline().strip()
with pathlib.Path("started").open("a") as file: file.write(f"{os.getpid()}\\n")
listening = socket.socket(fileno=int(sys.argv[-1])); listening.setblocking(True)
said, _ = listening.accept()
said.setblocking(True)
wish = said.recv(10)
said.sendall(token.encode()); said.close()
if wish == b"stay": sys.stdin.read()
"""
FAILS = (sys.executable, "-S", "-E", "-c", "raise SystemExit('no such model')")
NONE = ("/none",)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[PagePort]:
    found = PagePort(tmp_path, tmp_path / "page.log", 0, print, server=(sys.executable, "-S", "-E", "-c", ANSWERS))
    found.start()
    yield found
    found.stop()


def _ask(page: PagePort, wish: bytes) -> str:
    with socket.create_connection((ADDRESS, urlsplit(page.link).port or 0), timeout=10) as asked:
        asked.sendall(wish)
        return asked.recv(100).decode()


def _started(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "started").read_text().split()]


def test_whoever_comes_first_starts_the_server_and_the_next_one_another(page: PagePort, tmp_path: Path) -> None:
    token = urlsplit(page.link).fragment
    assert len(token) == 32 and not (tmp_path / "started").exists()
    assert [_ask(page, b"go"), _ask(page, b"go")] == [token, token]
    assert len(set(_started(tmp_path))) == 2


def test_its_server_ends_with_the_sandbox(page: PagePort, tmp_path: Path) -> None:
    _ask(page, b"stay")
    (pid,) = _started(tmp_path)
    assert Path(f"/proc/{pid}").exists() or sys.platform != "linux"
    page.stop()
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("server", [FAILS, NONE])
def test_a_server_that_fails_turns_its_reader_away_and_says_why(server: tuple[str, ...], tmp_path: Path) -> None:
    told: list[str] = []
    page = PagePort(tmp_path, tmp_path / "page.log", 0, told.append, server=server)
    page.start()
    with closing(socket.create_connection((ADDRESS, urlsplit(page.link).port or 0), timeout=10)) as asked:
        assert asked.recv(10) == b""
    page.stop()
    said = "".join([*told, (tmp_path / "page.log").read_text()])
    assert ("could not be started" if server == NONE else "no such model") in said


def test_a_port_that_is_taken_or_none_gives_another() -> None:
    with _listen(0) as first:
        taken = first.getsockname()[1]
        with _listen(taken) as second, _listen(70_000) as third:
            assert len({taken, second.getsockname()[1], third.getsockname()[1]}) == 3
