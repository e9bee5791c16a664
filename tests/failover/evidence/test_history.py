"""The promise: a drill counts when it passed, is whole and is recent enough; everything else is a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.drill.chain import ChainReport, Damage
from failover.evidence.history import Promise, judge_history
from failover.evidence.shelf import Filed
from tests.failover.drill.fakes import UNHURRIED

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
WHOLE = ChainReport(9, 0, "abc", torn=False, damages=())
PROMISE = Promise(every_days=30, rto_seconds=60.0)


def drill(site: str = "aws", days: float = 3, verdict: str = "passed", **more: Any) -> Filed:
    at = NOW - timedelta(days=days)
    base = Filed(f"{at:%Y-%m-%d}", f"{at:%Y-%m-%d}-x", at, "api.example.com", site, (), 1, verdict, 30.0, WHOLE)
    return replace(base, **more)


def findings(*drills: Filed, sites: tuple[str, ...] = (), promise: Promise = PROMISE) -> list[str]:
    return [text for each in judge_history(drills, sites, promise, NOW) for text in each.findings]


def test_a_recent_passed_drill_keeps_the_promise() -> None:
    (found,) = judge_history([drill()], [], PROMISE, NOW)
    assert found.findings == () and found.due == NOW + timedelta(days=27)


@UNHURRIED
@given(st.integers(1, 400), st.integers(1, 366))
def test_a_site_is_late_exactly_when_its_last_passed_drill_is_older_than_promised(age: int, every: int) -> None:
    late = findings(drill(days=age), promise=Promise(every))
    assert bool(late) == (age > every)


def test_a_site_that_was_never_drilled_is_named_though_only_the_plans_of_others_know_it() -> None:
    assert findings(drill(sites=("aws", "azure")), sites=("gcp",)) == [
        "gcp: no drill of it has passed",
        "azure: no drill of it has passed",
    ]


@pytest.mark.parametrize("verdict", ["deviated", "invalid", "unfinished"])
def test_what_did_not_pass_does_not_count(verdict: str) -> None:
    assert findings(drill(verdict=verdict)) == [f"aws: no drill of it has passed; the latest is {verdict}"]
    assert findings(drill(days=9), drill(days=2, verdict=verdict)) == [
        f"aws: the latest drill, of 2026-11-27, is {verdict}"
    ]


@pytest.mark.parametrize(
    "chain", [replace(WHOLE, unchained=9), replace(WHOLE, damages=(Damage(3, "was changed after it was written"),))]
)
def test_a_journal_that_proves_nothing_does_not_count(chain: ChainReport) -> None:
    (found,) = findings(drill(chain=chain))
    assert found.startswith("aws: no drill of it has passed; the latest passed, but its journal proves nothing")


@pytest.mark.parametrize(("seconds", "kept"), [(60.0, True), (60.1, False), (None, False)])
def test_the_recovery_time_is_held_to_what_is_promised(seconds: float | None, kept: bool) -> None:
    assert bool(findings(drill(recovery_seconds=seconds))) is not kept


def test_a_site_that_was_held_out_for_another_tool_is_neither_for_nor_against() -> None:
    assert findings(drill(), drill(days=1, verdict="not measured")) == []
    assert findings(drill(verdict="not measured"), sites=("aws",)) == ["aws: no drill of it has passed"]


def test_only_drills_of_the_host_count() -> None:
    found = judge_history([drill(host="sandbox.example")], ["aws"], PROMISE, NOW, host="api.example.com")
    assert [each.findings for each in found] == [("aws: no drill of it has passed",)]


def test_where_nothing_is_promised_age_and_time_are_free() -> None:
    assert findings(drill(days=900, recovery_seconds=900.0), promise=Promise()) == []
