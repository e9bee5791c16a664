"""What is measured from a journal, on drills whose every moment is known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.drill.measure import measure, percentile
from failover.drill.measurement import MeasuredTerm
from failover.drill.report import headline, judge
from failover.drill.samples import Sample
from tests.failover.drill.fakes import UNHURRIED
from tests.failover.drill.retold import Story

BY_ECS = {"switch-off:check-aws": {"change": "ecs-to-zero:check-aws", "action": "ecs-to-zero"}}


def term(terms: tuple[MeasuredTerm, ...], name: str) -> MeasuredTerm:
    return next(each for each in terms if each.name == name)


def test_stamps_are_where_the_story_put_them() -> None:
    stamps = measure(Story().entries()).stamps
    expected = {
        "change_requested": 2.0,
        "dns_moved": 2.305,
        "caches_expired": 4.9,
        "clients_recovered": 4.945,
        "undo_requested": 6.0,
        "dns_back": 6.205,
        "site_serving": 6.535,
        "new_caches_expired": 8.1,
    }
    assert {name: stamps[name] for name in expected} == pytest.approx(expected)
    assert stamps["clients_back"] == pytest.approx(8.145)


def test_terms_are_simulated_seconds_and_add_up() -> None:
    measured = measure(Story().entries())
    found = {each.name: each.measured for each in measured.failover}
    assert found == pytest.approx({"switch": 3.05, "caches": 25.95, "client": 0.45, "total": 29.45})
    assert measured.recovery_simulated_seconds == found["total"]
    back = {each.name: each.measured for each in measured.failback}
    assert back == pytest.approx({"switch": 2.05, "caches": 18.95, "client": 0.45, "total": 21.45})
    assert measured.deviations == () and judge(measured) == "passed"
    assert measured.client_recoveries == pytest.approx({"client-1": 8.35, "client-2": 29.45})


@UNHURRIED
@given(
    speed=st.sampled_from([5, 10, 15]),
    dropped=st.floats(0.0, 1.0),
    kept=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=3),
)
def test_what_honours_ttls_is_within_the_prediction(speed: int, dropped: float, kept: list[float]) -> None:
    """Whatever the ages of the clients' answers: asked for before the switch, kept for no more than a TTL."""
    ttl, asked = 30 / speed, 1.0
    switch = asked + min(dropped, ttl / 2)
    ran_out = tuple(asked + share * ttl + (switch - asked) for share in kept)
    undone = max(ran_out) + 1.0
    renewed = tuple(undone + 0.2 + max(0.2, share * ttl) for share in kept)
    story = Story(
        speed=speed,
        asked=asked,
        dropped=switch,
        ran_out=ran_out,
        undone=undone,
        named=undone + 0.2,
        renewed=renewed,
        end=max(renewed) + 1.0,
    )
    measured = measure(story.entries())
    assert [each.name for each in (*measured.failover, *measured.failback) if not each.holds] == []
    assert measured.recovery_simulated_seconds == pytest.approx((max(ran_out) - asked) * speed, abs=0.11 * speed)
    parts = sum(each.measured or 0.0 for each in measured.failover[:-1])
    assert parts >= (measured.recovery_simulated_seconds or 0.0) - 0.01, "the terms leave no gap"


def test_a_client_that_falls_back_has_not_moved_yet() -> None:
    """The last visit counts: who was sent to the lost site again had only seemed to have moved."""
    again = {"kind": "sample", "at": 5.5, "by": "client-1", "site": "aws", "ms": 5.0}
    assert measure(Story(more=[again]).entries()).stamps["clients_recovered"] == pytest.approx(5.535)


def test_longer_than_predicted_deviates() -> None:
    story = Story(ran_out=(2.8, 7.0), undone=8.0, named=8.2, renewed=(8.5, 8.6), end=10.0)
    measured = measure(story.entries())
    assert not term(measured.failover, "caches").holds
    assert measured.deviations == ("failover, caches: 47.0 s, predicted 0.0 to 30.0 s",)
    assert judge(measured) == "deviated"


@pytest.mark.parametrize(
    ("sample", "deviation"),
    [
        ({"by": "client-1", "site": None, "error": "refused"}, "1 of 180 client requests had no answer"),
        ({"by": "client-1", "site": "gcp", "wrong": "label"}, "1 of 180 client requests had a wrong answer"),
        ({"by": "authority-1", "site": None, "error": "empty answer"}, "1 of 91 DNS questions had no answer"),
    ],
)
def test_one_failure_deviates(sample: dict[str, object], deviation: str) -> None:
    story = Story(more=[{"kind": "sample", "at": 3.0, "ms": 5.0, **sample}])
    assert deviation in [said.replace("179", "180") for said in measure(story.entries()).deviations]


def test_a_failing_lost_site_is_counted_but_is_no_deviation() -> None:
    story = Story(more=[{"kind": "sample", "at": 3.0, "ms": 5.0, "by": "site-aws", "site": None, "error": "refused"}])
    measured = measure(story.entries())
    assert measured.pinned.failed == 1 and measured.deviations == ()


@pytest.mark.parametrize(("late_ms", "verdict"), [(99.0, "passed"), (101.0, "invalid")])
def test_late_observers_make_it_invalid(late_ms: float, verdict: str) -> None:
    measured = measure(Story(late_ms=late_ms).entries())
    assert measured.lag.simulated_seconds == pytest.approx(late_ms / 100)
    assert judge(measured) == verdict


def test_late_observers_cannot_tell_a_missed_time_but_a_failure_they_can() -> None:
    slow = {"ran_out": (2.8, 7.0), "undone": 8.0, "named": 8.2, "renewed": (8.5, 8.6), "end": 10.0, "late_ms": 150.0}
    assert judge(measure(Story(**slow).entries())) == "invalid"  # type: ignore[arg-type]
    failed = [{"kind": "sample", "at": 3.0, "ms": 5.0, "by": "client-1", "site": None, "error": "refused"}]
    assert judge(measure(Story(**slow, more=failed).entries())) == "deviated"  # type: ignore[arg-type]


def test_one_late_observer_at_a_stamp_is_enough() -> None:
    entries = Story().entries()
    first = next(e for e in entries if e.get("by") == "client-2" and e.get("site") == "gcp")
    first["late_ms"] = 400.0
    lag = measure(entries).lag
    assert (lag.p99_ms, lag.at_stamps_ms, lag.valid) == (1.0, 400.0, False)


def test_every_prefix_of_a_journal_can_be_measured() -> None:
    entries = Story().entries()
    for count in range(1, len(entries), 40):
        part = measure(entries[:count])
        begun = any(entry["kind"] == "change" for entry in entries[:count])
        undone = any(entry["kind"] == "undone" for entry in entries[:count])
        assert part.restored == (undone or not begun)
        assert judge(part) == "deviated" or part.deviations == ()


def test_an_abort_stands_first() -> None:
    abort = {"kind": "abort", "at": 3.0, "why": "gcp failed", "refused": False}
    assert measure(Story(more=[abort]).entries()).deviations[0] == "aborted: gcp failed"


@UNHURRIED
@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_percentile_is_the_smallest_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    smaller = [value for value in values if value < found]
    assert len(smaller) < share * len(values)


def test_percentile_of_nothing() -> None:
    assert percentile([], 0.5) is None


@pytest.mark.parametrize(
    ("measured", "holds"), [(30.0, True), (30.5, True), (31.0, True), (31.1, False), (-1.0, True), (-1.1, False)]
)
def test_a_miss_within_the_resolution_is_none(measured: float, holds: bool) -> None:
    term = MeasuredTerm("caches", best=0.0, typical=24.0, worst=30.0, measured=measured, doubt=1.0, why="")
    assert term.holds is holds
    assert not MeasuredTerm("caches", 0.0, 24.0, 30.0, None, 1.0, "").holds


def lossy(at: float, *, breaks_requests: bool) -> Story:
    """A client that had no answer at some moment, in a drill that was to break requests, or was not."""
    story = Story()
    sample = Sample(None, error="HTTP 503", by="client-1", at=at, ms=5.0)
    story.more = [{"kind": "sample", **sample.to_entry()}]
    story.breaks_requests = breaks_requests
    return story


@pytest.mark.parametrize(
    ("at", "breaks_requests", "inside"),
    [(2.2, True, True), (2.2, False, False), (1.9, True, False), (8.5, True, True), (19.0, True, False)],
)
def test_failures_are_expected_only_while_a_site_is_really_away(at: float, breaks_requests: bool, inside: bool) -> None:
    measured = measure(lossy(at, breaks_requests=breaks_requests).entries())
    assert measured.window is not None
    assert (measured.window.failed, measured.clients.failed) == ((1, 0) if inside else (0, 1))
    assert any("had no answer" in fault for fault in measured.faults) is not inside
    assert ("until traffic should have left" in headline(measured)) is breaks_requests
    assert measured.window.total == (0 if not breaks_requests else measured.window.total)


def test_a_drill_by_another_lever_is_measured_from_its_change() -> None:
    entries = [
        {**entry, **renamed} if (renamed := BY_ECS.get(str(entry.get("change")))) else entry
        for entry in Story().entries()
    ]
    assert measure(entries).stamps == measure(Story().entries()).stamps


def with_kinds(**seen: list[tuple[float, str]]) -> list[dict[str, Any]]:
    """A drill with a client of some kinds, each of which was answered so: when, and by which site ("" by none)."""
    samples = [
        {"kind": "sample", "by": f"kind-{name}-1", "at": at, "ms": 5.0, "site": site or None}
        | ({} if site else {"error": "refused"})
        for name, answers in seen.items()
        for at, site in answers
    ]
    entries = Story(more=samples).entries()
    entries[0]["plan"]["kinds"] = {name: [5.0, 25.0] for name in seen}
    entries[0]["observers"] |= {f"kind-{name}-1": 0.25 for name in seen}
    return entries


def test_a_kind_of_client_is_measured_beside_what_was_predicted_of_it() -> None:
    """The site is taken away at 2.0 s, at ten times real time, and given back at 6.0 s."""
    told = [(1.0, "aws"), (2.5, "aws"), (3.0, ""), (3.5, ""), (4.0, "gcp"), (5.0, "gcp"), (7.0, "aws")]
    (window,) = measure(with_kinds(jvm=told)).kinds
    assert (window.kind, window.asked, window.bad) == ("jvm", 6, 2)
    assert window.longest_seconds == pytest.approx(10.05)
    assert window.left_after == pytest.approx(20.05)
    assert window.inside


def test_a_kind_that_stays_until_the_undo_has_not_left() -> None:
    stays, late = measure(with_kinds(browser=[(3.0, "aws"), (7.0, "gcp")], pool=[(2.1, "aws"), (5.0, "gcp")])).kinds
    assert (stays.left_after, stays.inside) == (None, None)
    assert late.inside is False, "after 30 s, which is no deviation: one in ten may"
    assert measure(with_kinds(pool=[(2.1, "aws"), (5.0, "gcp")])).deviations == ()


def test_what_the_kinds_had_does_not_count_as_the_drills_own_clients() -> None:
    found = measure(with_kinds(jvm=[(3.0, ""), (4.0, "gcp")]))
    assert found.clients == measure(Story().entries()).clients
