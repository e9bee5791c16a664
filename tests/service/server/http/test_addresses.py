"""One address is counted by the minute, whoever's word it is that names it, and another one is not touched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.server.http.addresses import AddressLimit
from service.server.http.app import Application
from service.server.protocol.problems import Problem
from service.server.runtime import build_runtime
from service.server.settings.table import Settings

ONE, OTHER = "192.0.2.1", "192.0.2.2"


def admitted(limit: AddressLimit, address: str, now: float) -> bool:
    try:
        limit.admit(address, now)
    except Problem as problem:
        assert problem.status == 429
        return False
    return True


def test_an_address_beyond_its_limit_waits_as_long_as_it_is_told_and_another_does_not() -> None:
    limit = AddressLimit(3)
    assert [admitted(limit, ONE, 1000.0) for _ in range(5)] == [True, True, True, False, False]
    assert admitted(limit, OTHER, 1000.0)
    with pytest.raises(Problem) as refused:
        limit.admit(ONE, 1000.0)
    wait = int(dict(refused.value.headers)[b"retry-after"])
    assert not admitted(limit, ONE, 1000.0 + wait / 2)
    assert admitted(limit, ONE, 1000.0 + wait)


@given(st.lists(st.floats(0, 20), max_size=200))
def test_in_no_minute_is_more_let_through_than_twice_the_limit_and_on_the_whole_no_more_than_it(
    gaps: Sequence[float],
) -> None:
    limit, now, passed = AddressLimit(10), 1000.0, list[float]()
    for gap in gaps:
        now += gap
        if admitted(limit, ONE, now):
            passed.append(now)
    for start in passed:
        assert sum(start <= moment < start + 60 for moment in passed) <= 2 * 10
    if passed:
        assert len(passed) <= 10 * ((passed[-1] - passed[0]) / 60 + 2)


@given(st.lists(st.floats(0.01, 20), max_size=200))
def test_what_a_refused_caller_is_told_to_wait_is_enough(gaps: Sequence[float]) -> None:
    limit, now = AddressLimit(5), 1000.0
    for gap in gaps:
        now += gap
        try:
            limit.admit(ONE, now)
        except Problem as problem:
            now += int(dict(problem.headers)[b"retry-after"])
            assert admitted(limit, ONE, now)


def test_a_clock_that_is_put_back_locks_nobody_out() -> None:
    limit = AddressLimit(1)
    assert admitted(limit, ONE, 1e9) and not admitted(limit, ONE, 1e9)
    assert admitted(limit, ONE, 1e8)


def test_addresses_of_one_network_are_one_caller() -> None:
    limit = AddressLimit(1)
    assert admitted(limit, "2001:db8::1", 1000.0)
    assert not admitted(limit, "2001:db8::ffff%eth0", 1000.0)
    assert admitted(limit, "2001:db8:0:1::1", 1000.0)
    assert admitted(limit, "no:address", 1000.0)


def test_an_ipv4_address_is_one_caller_however_it_is_written_and_not_the_others() -> None:
    limit = AddressLimit(1)
    assert admitted(limit, f"::ffff:{ONE}", 1000.0)
    assert not admitted(limit, ONE, 1000.0) and not admitted(limit, f"{ONE}:50123", 1000.0)
    assert admitted(limit, f"::ffff:{OTHER}", 1000.0)


@pytest.mark.parametrize(
    ("hops", "told", "caller"),
    [
        (0, b"9.9.9.9", "10.0.0.1"),
        (1, b"9.9.9.9", "9.9.9.9"),
        (1, b"1.1.1.1, 9.9.9.9", "9.9.9.9"),
        (2, b"1.1.1.1,9.9.9.9 , 10.0.0.7", "9.9.9.9"),
        (2, b"9.9.9.9", "10.0.0.1"),
        (1, b"", "10.0.0.1"),
        (1, b"x" * 46, "10.0.0.1"),
        (1, b"1.1.1.1, ", "10.0.0.1"),
    ],
)
def test_the_caller_is_whom_the_nearest_load_balancers_name(hops: int, told: bytes, caller: str) -> None:
    """What a caller writes itself stands further left, and changes nothing."""
    assert AddressLimit(1, hops).caller({b"x-forwarded-for": told}, "10.0.0.1") == caller


def test_without_the_header_it_is_the_connections_other_end() -> None:
    assert AddressLimit(1, 1).caller({}, "10.0.0.1") == "10.0.0.1"


def test_memory_is_bounded_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.server.http.addresses._MOST_ADDRESSES", 10)
    limit = AddressLimit(1)
    assert all(admitted(limit, f"192.0.2.{n}", 1000.0) for n in range(100))
    assert not admitted(limit, "192.0.2.3", 1000.0), "who was counted before is still limited"
    assert len(limit._now) == 10


async def _ask(application: Application, path: str, method: str, caller: str) -> int:
    found: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            found.append(int(str(message["status"])))

    headers = [(b"host", b"test"), (b"x-forwarded-for", b"6.6.6.6, " + caller.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "client": ("10.0.0.1", 1)}
    await application(scope | {"query_string": b"", "root_path": "", "scheme": "http"}, receive, send)
    return found[0]


async def _ask_all() -> list[int]:
    variables = {
        "OUTLAST_AUTH": "off",
        "OUTLAST_AUDIT": "off",
        "OUTLAST_REQUESTS_PER_MINUTE_PER_ADDRESS": "2",
        "OUTLAST_FORWARDED_HOPS": "1",
    }
    runtime = build_runtime(Settings.from_environment(variables), lambda: 1000.0)
    runtime.health.refresh()
    application = Application(runtime)
    asked = [("/v2", "GET", ONE), ("/v2", "GET", ONE), ("/v2", "GET", ONE), ("/predict", "POST", ONE)]
    asked += [("/health", "GET", ONE), ("/v2", "GET", OTHER)]
    return [await _ask(application, *one) for one in asked]


def test_the_server_refuses_an_address_for_everything_but_its_health() -> None:
    assert asyncio.run(_ask_all()) == [200, 200, 429, 429, 200, 200]
