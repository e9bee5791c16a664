"""The soak's books: what came back is set against the audit log of a real server, and each way to be off is seen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bench.attackers import HOST
from bench.peers import SHIPPED, ask
from bench.soak import Soak, call, judge, render, requests, soak
from service.server.audit.verify import AuditProblem, ChainReport
from tests.service.server.harness import API_KEY, api_keys, running

HELD = Soak(
    seconds=60,
    answers={"200": 90, "401": 10},
    unanswered=0,
    chains=(ChainReport("c", predictions=92, refused=7, shed=1, closed=True),),
    memory=(50.0, 60.0, 100.0, 100.0, 103.0, 100.0, 104.0, 105.0),
)


@pytest.mark.slow
def test_every_answer_of_a_short_run_is_in_the_audit_log(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    audit.mkdir()
    with running(tmp_path, OUTLAST_API_KEYS=api_keys(), OUTLAST_AUDIT="off", OUTLAST_AUDIT_DIR=str(audit)) as server:
        seen = soak(server.port, server.process, audit, requests(ask(SHIPPED, 1), API_KEY), 2.5, 400)
    assert {"200", "400", "401"} <= seen.answers.keys() <= {"200", "400", "401", "503"}
    assert seen.count("refused") > 0, "some refusals are summed up"
    assert [str(verdict) for verdict in judge(seen)[:4] if not verdict.met] == []
    assert seen.memory


def test_what_holds_is_met() -> None:
    assert [verdict.met for verdict in judge(HELD)] == [True] * 5
    assert "100 answers (200: 90, 401: 10); in the audit log\n92 records of predictions" in render(HELD)


@pytest.mark.parametrize(
    ("off", "which"),
    [
        (replace(HELD, answers={"200": 91, "401": 10}), 0),
        (replace(HELD, answers={"200": 89, "401": 10}), 0),
        (replace(HELD, unanswered=1), 1),
        (replace(HELD, chains=(replace(HELD.chains[0], lost=1),)), 2),
        (replace(HELD, chains=(replace(HELD.chains[0], closed=False),)), 3),
        (replace(HELD, chains=(replace(HELD.chains[0], findings=[AuditProblem("c", 1, "was changed")]),)), 3),
        (replace(HELD, memory=(*HELD.memory[:6], 106.0, 106.0)), 4),
    ],
)
def test_each_way_to_be_off_is_seen(off: Soak, which: int) -> None:
    assert [verdict.met for verdict in judge(off)].index(False) == which


def test_memory_that_was_hardly_sampled_is_not_called_flat() -> None:
    assert judge(replace(HELD, memory=(1.0, 1.0)))[4].met is None


def test_a_caller_opens_another_connection_after_the_last_answer_of_one() -> None:
    """The server ends old connections with an answer that says so: no request may be sent on one behind it."""

    async def asked() -> tuple[int, int]:
        connections = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            try:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                await asyncio.sleep(0.03)  # the end comes later than the answer
            finally:
                writer.transport.abort()

        async with await asyncio.start_server(serve, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            _, unanswered = await call(port, {"right": b"POST / HTTP/1.1\r\n\r\n"}, 0.1, 16 / 0.01)
        return connections, unanswered

    connections, unanswered = asyncio.run(asked())
    assert connections > 16
    assert unanswered == 0
