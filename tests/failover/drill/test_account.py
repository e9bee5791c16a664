"""The account of a drill, from journals whose every moment is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from failover.drill.account import UNKNOWN, Account, Span, find_windows, give_account, kind_of, state_hypothesis
from failover.drill.changes import plan_mark
from failover.drill.fleet import HealthCheck
from failover.drill.measure import measure
from failover.drill.samples import Sample
from tests.failover.drill.retold import CHANGE, Story

SITES = [
    {"name": "aws", "share": 0.5, "share_during": 0.0, "capacity_rps": 100.0},
    {"name": "gcp", "share": 0.5, "share_during": 1.0, "capacity_rps": None},
]
BEGAN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def entries_of(story: Story | None = None, **init: Any) -> list[dict[str, Any]]:
    entries = (story or Story()).entries()
    plan = {"hash": "abc", "sites": SITES, "peak_rps": 40.0, "change": CHANGE.to_entry(), **entries[0]["plan"]}
    entries[0] = {**entries[0], "plan": plan, **init}
    return entries


def account_of(entries: list[dict[str, Any]]) -> Account:
    return measure(entries).account


def bad(at: float, by: str = "client-1") -> dict[str, Any]:
    return {"kind": "sample", "at": at, "ms": 5.0, "by": by, "site": None, "error": "refused"}


def test_says_who_approved_what() -> None:
    account = account_of(entries_of(approved_by="Ada", run_by="ci on runner"))
    assert (account.plan_hash, account.approved_by, account.run_by) == ("abc", "Ada", "ci on runner")
    assert account.action.endswith("Disabled=False, Inverted=False -> Disabled=True, Inverted=True")
    assert account_of(Story().entries()).approved_by == UNKNOWN


def test_the_hypothesis_is_a_sentence_that_can_be_wrong() -> None:
    plan = entries_of()[0]["plan"]
    sentence = state_hypothesis(plan)
    assert "When aws is lost" in sentence and "from gcp within 94 s" in sentence and "no request fails" in sentence
    assert "until then only requests to it may fail" in state_hypothesis({**plan, "breaks_requests": True})


def test_survivors_bear_what_the_lost_site_leaves() -> None:
    lost, survivor = account_of(entries_of()).loads
    # Two clients, ten requests a second each, all at aws before; later ones move as their answers run out.
    assert lost.rps_before == pytest.approx(20, abs=1) and survivor.rps_before == 0
    assert 0 < survivor.rps_during < 20
    assert (survivor.peak_rps, survivor.capacity_rps, lost.peak_rps) == (40.0, None, 0.0)


def test_an_error_window_lasts_to_the_next_right_answer_and_is_of_one_kind() -> None:
    windows = {each.kind: each for each in account_of(entries_of(Story(more=[bad(3.0), bad(3.005)]))).error_windows}
    assert (windows["client"].bad, windows["client"].observers) == (2, 2)
    assert windows["client"].longest_seconds == pytest.approx(0.35, abs=0.1)  # to the look at 3.03, at speed 10
    assert (windows["authority"].bad, windows["authority"].longest_seconds) == (0, 0.0)


def test_a_window_that_never_ends_lasts_to_the_last_look() -> None:
    seen = [Sample(None, error="x", by="client-1", at=at) for at in (1.0, 2.0, 4.0)]
    assert list(find_windows(seen)) == [(1.0, 4.0)]
    assert list(find_windows([])) == []


@pytest.mark.parametrize(("name", "kind"), [("client-1", "client"), ("client-pool-12", "client-pool"), ("x", "x")])
def test_a_kind_is_a_name_without_its_number(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_digests_before_and_after_stand_side_by_side() -> None:
    look = {"kind": "steady", "at": 8.9, "problems": {"aws": ""}, "switched": [], "digests": {"aws": "a", "gcp": "c"}}
    account = account_of(entries_of(Story(more=[look]), digests={"aws": "a", "gcp": "b"}))
    assert [(each.site, each.same) for each in account.digests] == [("aws", True), ("gcp", False)]
    assert account.steady_after
    assert not any(each.same for each in account_of(entries_of()).digests), "not asked is not the same"


def test_not_steady_after_when_nobody_looked_or_something_was_found() -> None:
    look = {"kind": "steady", "at": 8.9, "problems": {"aws": "is slow"}, "switched": []}
    assert not account_of(entries_of(Story(more=[look]))).steady_after
    assert not account_of(entries_of()).steady_after


def test_every_change_has_its_undo() -> None:
    mark = plan_mark(HealthCheck("check-aws", 1, 10, 3), "d", BEGAN)
    never = {"kind": "change", "at": 1.9, **mark.to_entry()}
    first, second = account_of(entries_of(Story(more=[never]))).undoings
    assert (first.changed_at, first.undone_at, first.found) == (None, None, "NOT UNDONE")
    assert (second.changed_at, second.undone_at, second.found) == (2.01, 6.01, "restored")


def test_cost_counts_what_was_sent() -> None:
    entries = entries_of()
    cost = account_of(entries).cost
    samples = [entry for entry in entries if entry["kind"] == "sample"]
    assert cost.requests == sum(not entry["by"].startswith("authority") for entry in samples)
    assert cost.dns_questions == len(samples) - cost.requests + 4  # two clients asked anew twice
    assert cost.away_seconds == pytest.approx(40.0)
    assert cost.dns_dollars == pytest.approx(cost.dns_questions * 4e-7)


def test_a_clock_that_jumps_is_named_and_changes_no_time() -> None:
    entries = entries_of()
    for entry in entries:
        if entry["kind"] in ("change", "undone"):
            jump = timedelta(hours=1) if entry["kind"] == "undone" else timedelta()
            entry["utc"] = (BEGAN + timedelta(seconds=entry["at"]) + jump).isoformat()
    measured = measure(entries)
    assert measured.account.clock_jumps == ("the machine's clock jumped by +3600.0 s before undone at 6.0 s",)
    assert measured.recovery_simulated_seconds == measure(entries_of()).recovery_simulated_seconds


def test_a_drill_that_changed_nothing_has_an_account() -> None:
    account = give_account(entries_of()[:1], [], Span(None, None))
    assert (account.undoings, account.cost.away_seconds, account.cost.requests) == ((), None, 0)
