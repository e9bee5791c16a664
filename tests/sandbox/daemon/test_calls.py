"""What the control interface refuses before a fault is made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from werkzeug.test import Client

from failover.simulator.clock import ScaledClock
from sandbox.daemon.calls import Calls
from sandbox.network.faults import Faults


@pytest.fixture
def spot() -> dict[str, int]:
    """Site -> tasks on Spot."""
    return {"aws": 1, "gcp": 0}


@pytest.fixture
def client(tmp_path: Path, spot: dict[str, int]) -> Client:
    clock, nobody = ScaledClock(1), SimpleNamespace(answer=lambda *_: None)
    controls = SimpleNamespace(
        token="t",
        stores=nobody,
        training=nobody,
        vendors=nobody,
        sites=lambda: ["aws", "gcp"],
        simulated_now=clock.simulated_now,
        on_spot=lambda site: spot[site],
        status=None,
        set_speed=None,
        set_eventual=None,
        reload_stacks=None,
        stop=None,
        faults=Faults(clock, tmp_path / "faults.json"),
    )
    return Client(Calls(cast(Any, controls)))


def ask(client: Client, **body: object) -> tuple[int, dict[str, Any]]:
    answer = client.post("/fault", json=body, headers={"authorization": "Bearer t"})
    return answer.status_code, cast(dict[str, Any], answer.get_json())


def test_spot_is_interrupted_where_there_is_any(client: Client) -> None:
    status, told = ask(client, site="gcp", kind="spot", seconds=60)
    assert status == 400 and "no task of gcp is on Fargate Spot" in told["error"]
    assert "hint: outlast:spotAbove: true" in told["error"]
    status, told = ask(client, site="aws", kind="spot", seconds=60)
    assert status == 200 and [fault["kind"] for fault in told["faults"]] == ["spot"]


def test_nobody_without_the_token_breaks_anything(client: Client) -> None:
    assert client.post("/fault", json={"site": "aws", "kind": "refuse"}).status_code == 401
