"""Real accounts on the page: what Route 53 says, what the sites count, and what somebody has to know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from failover.drill.facts import CheckerView
from failover.oncall.alarms import Alarm
from failover.oncall.notes import find_notes
from failover.oncall.standing import HostStanding
from outlast.cloud_metrics.figures import Figures, Reading
from outlast.page.account_view import Known, bar_of, list_troubles, pair, show_account
from outlast.page.measured import Measured
from outlast.page.view import BUCKETS, Zone
from tests.failover.drill.three_sites import HOST
from tests.failover.oncall.standings import BY_ANN, DEAD, host, off, site

KNOWN = Known("tumour", may_predict=False, speed=10, usd_per_hour={"aws": 0.1}, declared={"aws": 2})
MEASURED = {
    "aws": Measured(2, 6.0, 0.5, 4.0, 9.0, 3.0, 90.0, 0.05, "sha256:of-metrics", "3"),
    "azure": Measured(1, 2.0),
}


def _show(standing: HostStanding, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"zone": None, "bars": [], "troubles": [], "drill": None, "now": 0.0}
    return show_account(standing, KNOWN, **{"measured": MEASURED, "readings": {}, **given, **more})


def test_a_site_is_shown_with_what_is_known_of_it() -> None:
    view = CheckerView(5, 6, "Failure: timeout", {"us-east-1": "", "eu-west-1": "Failure: timeout"})
    aws, azure, gcp = _show(host(site("aws", view=view), site("gcp", DEAD, **off(**BY_ANN))))["sites"]
    assert aws == {
        "name": "aws",
        "health": "healthy",
        "failure": "Failure: timeout",
        "regions": {"us-east-1": "", "eu-west-1": "Failure: timeout"},
        "weight": "62% of DNS now",
        "ready": 2,
        "wanted": 2,
        "min": 2,
        "max": None,
        "version": "tumour 3",
        "digest": "sha256:one",
        "share": 0.75,
        "counted_by": "its replicas",
        "cloud": None,
        "p50_ms": 4.0,
        "p95_ms": 9.0,
        "cpu_percent": 3.0,
        "memory_mb": 90.0,
        "drift": "stable, PSI 0.05",
        "live": None,
        "usd_per_hour": 0.1,
    }
    assert (azure["ready"], azure["wanted"], azure["usd_per_hour"], azure["version"]) == (1, None, None, "")
    assert (gcp["health"], gcp["weight"], gcp["share"]) == ("drained", "0% of DNS now", 0.0)
    assert (gcp["ready"], gcp["counted_by"]) == (None, "nobody")
    assert gcp["failure"] == DEAD.error


def test_health_is_route_53s_and_says_who_took_a_site_out() -> None:
    bare = replace(site("azure"), check=None)
    by_drill = {"disabled": True, "inverted": True, "tags": {"drill:id": "2026-11-29T10-00-00Z-abc"}}
    down = {"view": CheckerView(0, 3, "Failure: 503")}
    shown = _show(host(site("aws", **by_drill), bare, site("gcp", **down)))["sites"]
    assert [one["health"] for one in shown] == ["out, by a drill", "no check", "unhealthy"]


def test_it_is_read_only_and_as_long_as_the_sandboxs() -> None:
    shown = _show(host(), zone=Zone(0.0, "aws." + HOST, 30.0), bars=[{"aws": 2.0}], now=1.0)
    assert (shown["read_only"], shown["may_predict"], shown["clients"], shown["faults"]) == (True, False, [], [])
    assert shown["zone"] == {"origin": "aws." + HOST, "ttl_seconds": 30.0, "left_seconds": 20}
    assert shown["timeline"] == [{}] * (BUCKETS - 1) + [{"aws": 2.0}]


def test_a_bar_tells_what_was_answered_from_what_failed() -> None:
    assert bar_of(pair(MEASURED, {}, MEASURED)) == {"aws": 5.5, "azure": 2.0, "failed": 0.5}
    assert bar_of(pair({}, {}, ["aws"])) == {}


def test_without_the_key_shares_and_bars_are_of_the_clouds_and_say_so() -> None:
    minute = datetime(2026, 11, 29, 12, 1, tzinfo=UTC)
    readings = {"azure": Reading(Figures(minute, 6.0, 3.0, 7.0, "average", 31.0))}
    known = replace(KNOWN, clouds={"azure": "azure", "gcp": "gcp"})
    standing = host(site("aws"), site("azure"), site("gcp"))
    measured = {"aws": MEASURED["aws"]}
    view = show_account(standing, known, measured, readings, None, [], [], None, 0.0)
    aws, azure, gcp = view["sites"]
    assert [(one["share"], one["counted_by"]) for one in (aws, azure, gcp)] == [
        (0.5, "its replicas"),
        (0.5, "Azure Monitor"),
        (0.0, "nobody"),
    ]
    assert (azure["ready"], azure["p95_ms"], azure["cpu_percent"]) == (None, None, 31.0)
    assert azure["cloud"] == "Azure Monitor, minute of 12:01 UTC: 6 requests/s, 50.0% 5xx, average 7 ms, CPU 31 %"
    assert bar_of(pair(measured, readings, ["aws", "azure"])) == {"aws": 5.5, "azure": 3.0, "failed": 3.5}


def test_troubles_are_the_notes_then_alarms_then_sites_without_metrics() -> None:
    standing = host(site("gcp", DEAD))
    found = list_troubles(
        find_notes(standing), [Alarm("certificate", "aws", "has no valid certificate")], {"azure": "answers 401"}
    )
    assert [one["site"] for one in found] == ["gcp", "aws", "azure"]
    assert found[1:] == [
        {"name": "certificate", "site": "aws", "about": "aws: has no valid certificate"},
        {"name": "no metrics", "site": "azure", "about": "azure answers 401"},
    ]
