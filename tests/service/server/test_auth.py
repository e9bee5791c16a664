"""API keys: hashed, named, limited, rotated; and never off by accident."""

from __future__ import annotations

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.server.auth import ANONYMOUS, ApiKey, Gate, make_key
from service.server.protocol.problems import Problem
from tests.service.server.harness import EXPIRED_KEY, INFER, LIMITED_KEY, Server, infer_body

pytestmark = pytest.mark.xdist_group("guarded-server")  # one worker, so that the server is started once

ROW = infer_body([[1.0] * 30])


def _key(text: str, name: str = "web", **more: float) -> ApiKey:
    return ApiKey(name, hashlib.sha256(text.encode()).digest(), **more)


def _status(gate: Gate, headers: dict[bytes, bytes], now: float = 1000.0) -> int:
    try:
        gate.admit(headers, now)
    except Problem as problem:
        return problem.status
    return 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({b"x-api-key": b""}, 401),
        ({b"x-api-key": b"good"}, 200),
        ({b"x-api-key": b"Good"}, 401),
        ({b"authorization": b"Bearer good"}, 200),
        ({b"authorization": b"bearer  good "}, 200),
        ({b"authorization": b"Basic good"}, 401),
        ({b"authorization": b"Bearer"}, 401),
        ({b"x-api-key": b"\xff\xfe"}, 401),
    ],
)
def test_only_the_key_itself_opens(headers: dict[bytes, bytes], status: int) -> None:
    assert _status(Gate([_key("good")]), headers) == status


def test_a_gate_without_keys_lets_nobody_in_unless_it_is_open_on_purpose() -> None:
    assert _status(Gate([]), {b"x-api-key": b"x"}) == 401
    assert Gate([], required=False).admit({}, 0.0) == ANONYMOUS


def test_two_keys_of_one_name_overlap_while_they_are_rotated() -> None:
    gate = Gate([_key("old", not_after=100.0), _key("new", not_before=50.0)])
    old, new = {b"x-api-key": b"old"}, {b"x-api-key": b"new"}
    assert [(_status(gate, old, t), _status(gate, new, t)) for t in (49, 75, 101)] == [
        (200, 401),
        (200, 200),
        (401, 200),
    ]


def test_keys_of_one_name_share_their_limit() -> None:
    gate = Gate([_key("old", rps=1, burst=1), _key("new", rps=1, burst=1)])
    assert _status(gate, {b"x-api-key": b"old"}) == 200
    assert _status(gate, {b"x-api-key": b"new"}) == 429


@given(
    rps=st.floats(0.5, 100),
    burst=st.floats(1, 50),
    gaps=st.lists(st.floats(0, 2, allow_nan=False), min_size=1, max_size=200),
)
def test_no_key_ever_gets_more_than_its_burst_and_its_rate(rps: float, burst: float, gaps: list[float]) -> None:
    gate = Gate([_key("k", rps=rps, burst=burst)])
    now, admitted = 0.0, 0
    for gap in gaps:
        now += gap
        admitted += _status(gate, {b"x-api-key": b"k"}, now) == 200
    assert admitted <= burst + rps * (now - gaps[0]) + 1e-6
    assert admitted >= 1


def test_a_made_key_fits_its_hash_and_is_never_the_same() -> None:
    key, sha256 = make_key()
    assert hashlib.sha256(key.encode()).hexdigest() == sha256
    assert key != make_key()[0]
    assert math.log2(64) * len(key.removeprefix("olk_")) >= 256


def test_the_server_refuses_without_a_key_and_answers_with_one(guarded_server: Server) -> None:
    with guarded_server.client() as client:
        assert client.post(INFER, json=ROW).status_code == 200
        for headers in ({"authorization": ""}, {"authorization": f"Bearer {EXPIRED_KEY}"}):
            reply = client.post(INFER, json=ROW, headers=headers)
            assert reply.status_code == 401
            assert reply.headers["www-authenticate"].startswith("Bearer")
            assert reply.json()["type"] == "urn:outlast:problem:no-api-key"


def test_a_key_over_its_rate_is_told_when_to_come_back(guarded_server: Server) -> None:
    with guarded_server.client({"authorization": f"Bearer {LIMITED_KEY}"}) as client:
        replies = [client.post(INFER, json=ROW) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert 900 <= int(replies[2].headers["retry-after"]) <= 1000


def test_health_needs_no_key_and_metrics_follow_their_own_rule(guarded_server: Server, open_server: Server) -> None:
    with guarded_server.client({"authorization": ""}) as client:
        assert [client.get(path).status_code for path in ("/livez", "/healthz", "/metrics", "/drift")] == [
            200,
            200,
            401,
            401,
        ]
    with guarded_server.client() as client:
        assert client.get("/metrics").status_code == 200
    with open_server.client() as client:
        assert client.get("/metrics").status_code == 200


def test_running_without_keys_is_said_in_words(open_server: Server, guarded_server: Server) -> None:
    assert any("anybody who reaches this port may ask" in line["what"] for line in open_server.logs())
    assert any("an API key is needed" in line["what"] for line in guarded_server.logs())
