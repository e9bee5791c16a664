"""What the page shows: shares, times and bars of one minute, a TTL that runs down, a drill by its journal."""

from __future__ import annotations

from typing import Any

import pytest

from outlast.page.measured import Measured
from outlast.page.view import BUCKETS, Asked, Fixed, Zone, percentile, show, show_drill

NOW = 1_000.0
STATUS: dict[str, Any] = {
    "host": "api.outlast.example",
    "speed": 10,
    "model": {"name": "tumour"},
    "weights": [
        {"site": "aws", "chosen": "50", "health_check": "a"},
        {"site": "gcp", "chosen": "20", "health_check": "g"},
        {"site": "own", "chosen": "0", "health_check": "gone"},
    ],
    "health_checks": [
        {"id": "a", "healthy": True, "failure": "", "regions": {"us-east-1": ""}},
        {"id": "g", "healthy": False, "failure": "connection refused", "regions": {"us-east-1": "connection refused"}},
    ],
    "workloads": [
        {
            "stack": "aws",
            "revision": "r1",
            "wanted": 2,
            "min": 2,
            "max": 4,
            "replicas": [{"ready": True}, {"ready": False}],
        },
        {"stack": "gcp", "revision": "r2", "wanted": 1, "min": 1, "max": 1, "replicas": []},
    ],
    "alarms": [
        {"site": "aws", "name": "outlast-aws-busy", "about": "CPU", "state": "OK", "value": 3.14159},
        {"site": "gcp", "name": "outlast-gcp-busy", "about": "CPU", "state": "ALARM", "value": None},
    ],
    "faults": [{"site": "gcp", "does": "the cloud is gone"}, {"site": "", "does": "it refuses changes"}],
}
ASKED = [
    Asked(NOW - 61, "ttl", "gcp", 1.0),
    Asked(NOW - 59.5, "ttl", "aws", 10.0),
    Asked(NOW - 2.2, "ttl", "aws", 30.0),
    Asked(NOW - 0.4, "jvm", "gcp", 5.0),
    Asked(NOW - 0.2, "jvm", "", 1000.0, "ConnectError"),
]
MEASURED = {"aws": Measured(memory_mb=90.0, drift=0.3)}
FIXED = Fixed({"aws": 0.1}, {"aws": "sha256:1"})


def _view(zone: Zone | None = None) -> dict[str, Any]:
    return show(STATUS, ASKED, zone, FIXED, MEASURED, {"aws": "as released, 31 truths"}, None, NOW)


def test_a_site_is_shown_with_what_is_known_of_it() -> None:
    aws, gcp, own = _view()["sites"]
    assert aws == {
        "name": "aws",
        "health": "healthy",
        "failure": "",
        "regions": {"us-east-1": ""},
        "weight": "50",
        "ready": 1,
        "wanted": 2,
        "min": 2,
        "max": 4,
        "version": "r1",
        "digest": "sha256:1",
        "share": 0.667,
        "p50_ms": 30.0,
        "p95_ms": 30.0,
        "cpu_percent": 3.1,
        "memory_mb": 90.0,
        "drift": "drifted, PSI 0.30",
        "live": "as released, 31 truths",
        "usd_per_hour": 0.1,
    }
    assert (gcp["health"], gcp["failure"], gcp["share"]) == ("unhealthy", "connection refused", 0.333)
    assert (gcp["cpu_percent"], gcp["usd_per_hour"], gcp["digest"]) == (None, None, "")
    assert gcp["live"] == "no truth came back yet"
    assert (gcp["regions"], own["regions"]) == ({"us-east-1": "connection refused"}, {})
    assert (own["health"], own["p50_ms"], own["ready"], own["share"]) == ("no check", None, 0, 0.0)


def test_a_site_that_runs_is_shown_before_dns_has_it() -> None:
    workload = {"stack": "new", "revision": "r3", "wanted": 1, "min": 1, "max": 2, "replicas": [{"ready": True}]}
    status = {**STATUS, "weights": [], "workloads": [workload, workload]}
    (new,) = show(status, [], None, FIXED, {}, {}, None, NOW)["sites"]
    assert (new["name"], new["weight"], new["health"], new["ready"]) == ("new", "not in DNS yet", "no check", 2)


def test_a_bar_is_a_second_of_the_last_minute() -> None:
    bars = _view()["timeline"]
    assert len(bars) == BUCKETS
    assert {place: bar for place, bar in enumerate(bars) if bar} == {
        0: {"aws": 1},
        BUCKETS - 3: {"aws": 1},
        BUCKETS - 1: {"gcp": 1, "failed": 1},
    }


def test_a_kind_of_client_is_shown_by_its_last_answer() -> None:
    jvm, ttl = _view()["clients"]
    assert (jvm["kind"], jvm["site"], jvm["mistake"], jvm["failed"]) == ("jvm", "", "ConnectError", 1)
    assert (ttl["kind"], ttl["site"], ttl["ms"], ttl["failed"]) == ("ttl", "aws", 30.0, 0)


def test_only_alarms_that_are_on_are_shown_beside_the_faults() -> None:
    view = _view()
    assert [alarm["name"] for alarm in view["alarms"]] == ["outlast-gcp-busy"]
    assert view["faults"] == ["gcp: the cloud is gone", "Route 53: it refuses changes"]


@pytest.mark.parametrize(("seconds_ago", "left"), [(0.0, 30), (1.2, 18), (9.0, 0)])
def test_the_ttl_runs_down_by_the_simulated_clock(seconds_ago: float, left: int) -> None:
    zone = _view(Zone(NOW - seconds_ago, "aws.api.outlast.example", 30.0))["zone"]
    assert zone == {"origin": "aws.api.outlast.example", "ttl_seconds": 30.0, "left_seconds": left}


def test_without_an_answer_there_is_no_zone() -> None:
    assert _view()["zone"] is None


@pytest.mark.parametrize(
    ("times", "share", "found"),
    [([], 0.5, None), ([1.0], 0.95, 1.0), ([1.0, 2.0, 3.0, 4.0], 0.5, 3.0), (list(range(100)), 0.95, 95)],
)
def test_percentile(times: list[float], share: float, found: float | None) -> None:
    assert percentile(times, share) == found


PLAN = {"lose": "aws", "speed": 10, "failover_band": [30.7, 35.4]}


def test_a_drill_is_told_by_its_journal() -> None:
    entries: list[dict[str, Any]] = [{"at": 0.0, "kind": "init", "plan": PLAN}]
    assert show_drill([]) is None
    told = show_drill(entries)
    assert told == {
        "site": "aws",
        "step": "init",
        "predicted_seconds": [31, 35],
        "moving_seconds": 0,
        "elapsed_seconds": 0,
    }
    entries += [{"at": 2.5, "kind": "step", "name": "fail"}, {"at": 4.0, "kind": "sample"}]
    told = show_drill(entries)
    assert told is not None and (told["step"], told["moving_seconds"], told["elapsed_seconds"]) == ("fail", 15, 40)
    entries += [{"at": 6.0, "kind": "step", "name": "restore"}, {"at": 9.0, "kind": "sample"}]
    told = show_drill(entries)
    assert told is not None and (told["step"], told["moving_seconds"], told["elapsed_seconds"]) == ("restore", 35, 90)


def test_a_drill_of_a_release_without_bands_does_not_end_the_page() -> None:
    for plan in ({**PLAN, "failover_band": None}, {key: PLAN[key] for key in PLAN if key != "failover_band"}):
        assert show_drill([{"at": 0.0, "kind": "init", "plan": plan}]) is None
