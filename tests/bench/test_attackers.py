"""The attackers: each kind does to a real server what its name says, within its time, and a caller is answered on."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import attackers
from tests.service.server.harness import API_KEY, INFER, api_keys, infer_body, running

ROW = [[1.0] * 30]


@pytest.mark.slow
def test_every_kind_is_answered_as_it_deserves_and_a_caller_goes_on(tmp_path: Path) -> None:
    limits = {"OUTLAST_HEAD_SECONDS": "0.5", "OUTLAST_BODY_SECONDS": "0.5", "OUTLAST_METRICS_AUTH": "open"}
    with running(tmp_path, OUTLAST_API_KEYS=api_keys(), **limits) as server:
        began = time.monotonic()
        seen = asyncio.run(attackers.attack(server.port, 2.5, 2 * len(attackers.ATTACKS)))
        assert time.monotonic() - began < 15
        with server.client({"x-api-key": API_KEY}) as client:
            assert client.post(INFER, json=infer_body(ROW)).status_code == 200
        assert server.process.poll() is None
    answered = {kind: set(counts) - {"ended"} for kind, counts in seen.items()}
    assert answered == {
        "wrong key": {"401"},
        "no key": {"401"},
        "/metrics": {"200"},
        "health checks": {"200"},
        "half heads": {"408"},
        "tiny chunks": {"401"},
        "slow readers": set(),
        "no HTTP": {"400"},
    }


def test_a_server_that_lets_nobody_in_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_arguments: object, **_options: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("bench.attackers.asyncio.open_connection", refuse)
    seen = asyncio.run(attackers.attack(1, 0.1, 8))
    assert all(counts["not let in"] >= 1 for counts in seen.values())


def test_an_attack_that_breaks_is_not_taken_for_one_that_was_held(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*_arguments: object, **_options: object) -> None:
        raise ValueError("a mistake of the attackers")

    monkeypatch.setattr("bench.attackers.asyncio.open_connection", connect)
    with pytest.raises(ValueError, match="a mistake of the attackers"):
        asyncio.run(attackers.attack(1, 0.1, 8))


@pytest.mark.parametrize("option", [["--connections", "100000"], ["--seconds", "1e9"], ["--port", "0"]])
def test_count_and_time_are_bounded(option: list[str]) -> None:
    done = CliRunner().invoke(attackers.main, ["--port", "1", "--seconds", "1", *option])
    assert done.exit_code == 2


def test_what_is_printed_is_read_again() -> None:
    counts = {"no key": Counter({"401": 2})}
    assert attackers.read_answers(json.dumps(counts)) == {"no key": {"401": 2}}
