"""The client beside bare httpx: a quick run against the real server, and what is made of figures."""

from __future__ import annotations

import pytest

from bench import client
from bench.client import ClientFigures, Times


def figures(ours: float, ours_async: float) -> ClientFigures:
    return ClientFigures(
        "a machine",
        0.1,
        100,
        Times(0.5, 1.0, 0.3),
        Times(0.5, ours, 0.3),
        Times(0.7, 1.2, 0.4),
        Times(0.7, ours_async, 0.4),
    )


def test_what_is_added_at_the_99th_percentile_is_judged() -> None:
    assert [verdict.met for verdict in client.judge(figures(1.15, 1.5))] == [True, False]
    section = client.render(figures(1.15, 1.5), quick=True)
    assert "| failover.client.Endpoint | 0.50 | 1.15 | 0.30 |" in section and "quick run" in section
    assert "| asyncio: ms added at the p99 | 0.30 | <= 0.2 | **missed** |" in section


@pytest.mark.slow
def test_both_clients_call_a_real_server_in_turn() -> None:
    found = client.measure(50, load=0.0)
    assert all(
        0 < times.p50 <= times.p99 < 1000 for times in (found.bare, found.ours, found.bare_async, found.ours_async)
    )
