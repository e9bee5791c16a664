"""What makes a replica unhealthy, and what must not; and the faults that drills inject."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.server.exchange import Exchange
from service.server.faults import Fault, Faults, parse_fault
from service.server.health import AnswerWindow, Health, Limits, Totals
from service.server.models import Models
from service.server.settings.table import Settings
from tests.service.server.harness import INFER, RELEASED, Server, infer_body, wait_for

pytestmark = pytest.mark.xdist_group("guarded-server")  # one worker, so that the server is started once

MODES = ["fail-health", "errors:1", "latency:5", "wrong-answers", "nan-answers", "stale-model"]
NOW = 1000.0


def _flag(mode: str, expires_at: float | str = NOW + 60) -> bytes:
    return json.dumps({"mode": mode, "expires_at": expires_at, "id": "drill-1"}).encode()


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def _health(clock: Clock, folder: Path = RELEASED, **more: Any) -> tuple[Health, Faults]:
    faults = Faults(clock)
    settings = {"accepted": {}, "interval_seconds": 5.0, "limits": Limits(0.5, 2.0, 20), **more}
    return Health(Models.load(folder, faults), faults, identity={"site": "aws"}, clock=clock, **settings), faults


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_right_model_is_well(clock: Clock) -> None:
    health, _ = _health(clock)
    status, body = health.report()
    assert status == 200
    assert body.startswith(b'{"status":"ok"')


@pytest.mark.parametrize("mode", ["wrong-answers", "nan-answers", "stale-model", "fail-health"])
def test_the_health_check_itself_catches_a_broken_model(clock: Clock, mode: str) -> None:
    health, faults = _health(clock)
    assert health.report()[0] == 200
    faults.put(_flag(mode))
    clock.now += 11
    status, body = health.report()
    assert status == 503
    assert b'"status":"ok"' not in body
    assert json.loads(body)["reasons"]
    faults.put(b"")
    clock.now += 11
    assert health.report()[0] == 200


def test_what_only_this_replica_lacks_takes_it_out_and_what_every_site_lacks_is_a_warning(clock: Clock) -> None:
    troubles, warnings = list[str](), ["no API key is valid now"]
    health, _ = _health(clock, troubles=lambda: troubles, warnings=lambda: warnings)
    status, body = health.report()
    assert (status, json.loads(body)["warnings"]) == (200, warnings)
    troubles.append("the audit log cannot be written")
    status, body = health.report()
    assert (status, json.loads(body)["reasons"]) == (503, troubles)


def test_wrong_answers_are_caught_by_the_golden_rows(clock: Clock) -> None:
    health, faults = _health(clock)
    faults.put(_flag("wrong-answers"))
    assert any("golden answers of tumour are wrong" in reason for reason in health.refresh())


def test_an_artifact_changed_on_disk_is_noticed(clock: Clock, tmp_path: Path) -> None:
    shutil.copytree(RELEASED / "tumour", tmp_path / "tumour")
    health, _ = _health(clock, tmp_path)
    assert health.reasons() == []
    model = tmp_path / "tumour" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    clock.now += 11
    assert any("does not match its manifest" in reason for reason in health.reasons())


@pytest.mark.parametrize("just_loaded", [True, False])
def test_a_digest_that_the_site_is_not_to_serve_is_unhealthy(clock: Clock, just_loaded: bool) -> None:
    wrong = "sha256:" + "0" * 64
    health, _ = _health(clock, accepted={"tumour": wrong, "digits-of-old": wrong})
    health.refresh(just_loaded=just_loaded)
    reasons = health.reasons()
    assert any(f"this site is to serve {wrong}" in reason for reason in reasons)
    assert any("digits-of-old: not served" in reason for reason in reasons)


def test_server_errors_count_only_over_a_sample_and_only_for_a_minute(clock: Clock) -> None:
    health, _ = _health(clock)
    health.refresh()
    health.window.record(clock.now, Totals(answers=19, errors=19))
    assert health.reasons() == []
    health.window.record(clock.now, Totals(answers=1, errors=1))
    assert health.reasons() == ["20 of the latest 20 answers were server errors"]
    health.window.record(clock.now, Totals(answers=21))
    assert health.reasons() == []
    health.window.record(clock.now, Totals(answers=100, errors=100))
    clock.now += 60
    health.refresh()
    assert health.reasons() == []


def test_half_of_all_answers_is_noticed_soon_and_forgiven_soon(clock: Clock) -> None:
    """At 18 answers a second: of a whole minute it would take 12 s, and 48 s until it is over."""
    health, _ = _health(clock, limits=Limits(0.1, 2.0, 50))
    health.refresh()

    def pass_until(errors: int, unhealthy: bool) -> int:
        for second in range(1, 61):
            clock.now += 1
            health.window.record(clock.now, Totals(answers=18, errors=errors))
            if bool(health._answers_at_fault()) is unhealthy:
                return second
        return 0

    assert [pass_until(0, True), pass_until(9, True), pass_until(0, False)] == [0, 4, 17]


def test_with_little_traffic_the_whole_window_is_judged(clock: Clock) -> None:
    health, _ = _health(clock, limits=Limits(0.1, 2.0, 50))
    for _ in range(30):
        clock.now += 1
        health.window.record(clock.now, Totals(answers=1))
    for _ in range(20):
        clock.now += 1
        health.window.record(clock.now, Totals(answers=1, errors=1))
    assert health._answers_at_fault() == ["20 of the latest 50 answers were server errors"]


def test_a_window_may_be_shorter(clock: Clock) -> None:
    health, _ = _health(clock, limits=Limits(0.1, 2.0, 5, 6.0))
    health.window.record(clock.now, Totals(answers=5, errors=5))
    assert health._answers_at_fault()
    clock.now += 6.0
    assert not health._answers_at_fault()


@given(st.lists(st.tuples(st.floats(0, 90), st.integers(0, 5), st.integers(0, 5)), max_size=60))
def test_the_window_holds_exactly_the_last_sixty_seconds(events: list[tuple[float, int, int]]) -> None:
    window, now, told = AnswerWindow(), 1000.0, []
    for gap, answers, late in events:
        now += gap
        window.record(now, Totals(answers=answers, late=late))
        told.append((int(now), answers, late))
    live = [(a, late) for second, a, late in told if now - 60 < second <= now]
    assert window.totals(now) == Totals(answers=sum(a for a, _ in live), late=sum(late for _, late in live))


def _answers(health: Health, clock: Clock, count: int, *, seconds: float = 0.01, rows: int = 1, **more: Any) -> None:
    """So many answers, each of which took so long."""
    nothing: Any = None  # the window asks for no target
    exchanges = [Exchange(nothing, {}, b"", clock.now - seconds) for _ in range(count)]
    for exchange in exchanges:
        exchange.status, exchange.rows = more.get("status", 200), rows
        exchange.everywhere = more.get("everywhere", False)
    health.answered(exchanges, clock.now)


def test_a_tenth_of_server_errors_is_noticed_with_the_default_limits(clock: Clock) -> None:
    defaults = Settings.from_environment({"OUTLAST_AUTH": "off"})
    limits = Limits(defaults.health_error_ratio, defaults.health_p95_seconds, defaults.health_min_requests)
    assert defaults.health_window_seconds == limits.window_seconds
    health, _ = _health(clock, limits=limits)
    _answers(health, clock, 70)
    _answers(health, clock, 7, status=500)
    assert health.reasons() == []
    _answers(health, clock, 1, status=500)
    assert health.reasons() == ["8 of the latest 78 answers were server errors"]


def test_a_failure_that_would_be_everywhere_is_a_warning_and_no_reason_to_leave(clock: Clock) -> None:
    health, _ = _health(clock)
    _answers(health, clock, 50, status=500, everywhere=True)
    status, body = health.report()
    assert status == 200
    assert json.loads(body)["warnings"] == [
        "50 of the latest 50 requests failed, and failed again when repeated, as they would at every site"
    ]


@pytest.mark.parametrize(("late", "reasons"), [(5, 0), (6, 1)])
def test_the_95th_percentile_is_held_to_what_was_promised(clock: Clock, late: int, reasons: int) -> None:
    health, _ = _health(clock)
    _answers(health, clock, 100 - late)
    _answers(health, clock, late, seconds=2.1)
    assert len(health.reasons()) == reasons
    assert all(reason == "6 of the latest 100 answers took over 2000 ms" for reason in health.reasons())


def test_few_late_answers_say_nothing_nor_do_large_requests(clock: Clock) -> None:
    health, _ = _health(clock)
    _answers(health, clock, 19, seconds=3.0)
    _answers(health, clock, 100, seconds=3.0, rows=4096)
    assert health.reasons() == []


def test_a_model_that_is_slower_than_promised_in_itself_is_so_at_every_site(clock: Clock) -> None:
    times = iter(range(0, 1000, 3))
    health, _ = _health(clock, timer=lambda: float(next(times)))
    health.refresh()
    _answers(health, clock, 100, seconds=3.0)
    status, body = health.report()
    assert status == 200
    assert "tumour is slower than promised in itself, as at every site" in json.loads(body)["warnings"]


def test_one_quick_self_inference_shows_that_the_replica_is_at_fault(clock: Clock) -> None:
    times = iter([0.0, 3.0] * len(list(_health(clock)[0]._models)) + [10.0, 10.1] * 100)
    health, _ = _health(clock, timer=lambda: next(times))
    health.refresh()
    health.refresh()
    _answers(health, clock, 100, seconds=3.0)
    assert health.reasons() == ["100 of the latest 100 answers took over 2000 ms"]


@pytest.mark.parametrize("mode", MODES)
def test_a_flag_holds_until_it_expires(mode: str) -> None:
    clock = Clock()
    faults = Faults(clock)
    assert faults.put(_flag(mode)) is not None
    clock.now += 60
    assert faults.mode() == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'{"mode":"fail-health"}', _flag("fail-health", NOW), _flag("fail-health", NOW - 1),
        _flag("fail-health", NOW + 1e6), _flag("fail-health", "soon"), _flag("fail-health", "2026-11-23T00:00:00"),
        _flag("errors:2"), _flag("errors:nan"), _flag("errors:"), _flag("latency:1e9"), _flag("latency:-1"),
        _flag("fail-health:1"), _flag("explode"), b'{"mode":1,"expires_at":1e999,"id":"x"}', b"[" * 3000,
    ],
)  # fmt: skip
def test_anything_else_is_no_fault(raw: bytes) -> None:
    assert parse_fault(raw, NOW) is None


@given(st.binary(max_size=200))
def test_no_content_of_the_flag_breaks_the_server(raw: bytes) -> None:
    assert parse_fault(raw, NOW) is None


def test_a_flag_may_give_an_iso_time() -> None:
    assert parse_fault(_flag("latency:250", "1970-01-01T00:17:00+00:00"), NOW) == Fault(
        "latency", 1020.0, "drill-1", 0.25
    )


@pytest.fixture
def fault_flag(guarded_folder: Path, guarded_server: Server) -> Iterator[Path]:
    """The guarded server's flag; taken away afterwards, and the server well again before the next test."""
    path = guarded_folder / "fault.json"
    yield path
    path.unlink(missing_ok=True)
    with guarded_server.client() as client:
        wait_for(lambda: client.get("/healthz").status_code == 200, "the server to be well again")


def _raise_flag(path: Path, mode: str) -> None:
    path.write_bytes(_flag(mode, time.time() + 60))


@pytest.mark.parametrize("mode", ["wrong-answers", "nan-answers", "stale-model", "fail-health"])
def test_a_running_server_turns_unhealthy_by_itself(guarded_server: Server, fault_flag: Path, mode: str) -> None:
    with guarded_server.client() as client:
        assert client.get("/healthz").status_code == 200
        _raise_flag(fault_flag, mode)
        wait_for(lambda: client.get("/healthz").status_code == 503, "the server to notice")
        if mode == "nan-answers":  # nothing that is no number ever reaches a caller
            assert client.post(INFER, json=infer_body([[1.0] * 30])).status_code == 500


def test_injected_errors_and_latency_reach_callers(guarded_server: Server, fault_flag: Path) -> None:
    body = infer_body([[1.0] * 30])
    with guarded_server.client() as client:
        _raise_flag(fault_flag, "errors:1")
        wait_for(lambda: client.post(INFER, json=body).status_code == 500, "errors")
        _raise_flag(fault_flag, "latency:150")
        wait_for(lambda: client.post(INFER, json=body).status_code == 200, "the errors to end")
        started = time.monotonic()
        assert client.post(INFER, json=body).status_code == 200
        assert time.monotonic() - started >= 0.15


def test_faults_are_ignored_where_drills_are_not_allowed(open_server: Server) -> None:
    assert not any("injected" in line["what"] for line in open_server.logs())
    with open_server.client() as client:
        assert client.get("/healthz").status_code == 200
