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
        vendors=nobody,
        monitoring=nobody,
        training=SimpleNamespace(
            answer=_train, read_log=lambda path, query: b"one\ntwo\n" if query["sig"] == "s" else None
        ),
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


def _train(method: str, path: str, query: object, body: bytes, base: str) -> tuple[int, dict[str, Any]] | None:
    return (201, {"base": base, "body": body.decode()}) if path == "/training" else None


def ask(client: Client, **body: object) -> tuple[int, dict[str, Any]]:
    answer = client.post("/fault", json=body, headers={"authorization": "Bearer t"})
    return answer.status_code, cast(dict[str, Any], answer.get_json())


def test_spot_is_interrupted_where_there_is_any(client: Client) -> None:
    status, told = ask(client, site="gcp", kind="spot", seconds=60)
    assert status == 400 and "no task of gcp is on Fargate Spot" in told["error"]
    assert "hint: outlast:spotAbove: true" in told["error"]
    status, told = ask(client, site="aws", kind="spot", seconds=60)
    assert status == 200 and [fault["kind"] for fault in told["faults"]] == ["spot"]


def test_a_training_service_answers_whoever_has_the_token(client: Client) -> None:
    assert client.put("/training", data="x").status_code == 401
    answer = client.put("/training", data="x", headers={"authorization": "Bearer t"})
    assert (answer.status_code, answer.get_json()) == (201, {"base": "http://localhost", "body": "x"})


def test_a_signed_address_takes_no_token_and_is_read_from_any_byte_on(client: Client) -> None:
    assert client.get("/log?sig=s").get_data() == b"one\ntwo\n"
    part = client.get("/log?sig=s", headers={"range": "bytes=4-"})
    assert (part.status_code, part.get_data()) == (206, b"two\n")
    assert client.get("/log?sig=s", headers={"range": "bytes=8-"}).status_code == 416
    assert client.get("/log?sig=other").status_code == client.put("/log?sig=s").status_code == 403


def test_nobody_without_the_token_breaks_anything(client: Client) -> None:
    assert client.post("/fault", json={"site": "aws", "kind": "refuse"}).status_code == 401
