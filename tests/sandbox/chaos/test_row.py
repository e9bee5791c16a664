"""Rows from samples whose every moment is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failover.drill.samples import Look, Sample
from failover.routing.predict import Prediction, Term
from sandbox.chaos.faults import CHECKS, NOBODY, PROBE
from sandbox.chaos.row import Moments, Row, kinds_of, measure_row

MOMENTS = Moments(injected=1.0, healed=11.0, speed=10)
PREDICTED = Prediction((Term("notice", 20.0, 30.0, 45.0, ""), Term("caches", 0.0, 20.0, 30.0, "")))


def beats(by: str, site: str | None, begin: float, end: float, error: str = "", wrong: str = "") -> list[Sample]:
    """Looks ten times a second, each of 10 ms."""
    count = round((end - begin) * 10)
    look = Look(site, error, wrong)
    return [Sample.taken(look, by, begin + n / 10, begin + n / 10 + 0.01, 0.0) for n in range(count)]


def story(*, left: float = 4.0, named: float = 12.0, bad: tuple[float, float] = (1.0, 6.0)) -> list[Sample]:
    """The site leaves DNS, a client of each of two kinds fails for a while, the probe as long as the fault lasts."""
    return [
        *beats("authority-1", "aws", 0.0, left),
        *beats("authority-1", "gcp", left, named),
        *beats("authority-1", "aws", named, 20.0),
        *beats("client-ttl-0", "aws", 0.0, bad[0]),
        *beats("client-ttl-0", None, *bad, error="refused"),
        *beats("client-ttl-0", "gcp", bad[1], 20.0),
        *beats("client-outlast-0", "gcp", 0.0, 20.0),
        *beats("site-aws", "aws", 0.0, 1.0),
        *beats("site-aws", None, 1.0, 11.0, error="refused"),
        *beats("site-aws", "aws", 11.0, 20.0),
    ]


def row(samples: list[Sample], *, expected: str = CHECKS, of_provider: bool = False) -> Row:
    return measure_row(
        "refusing",
        "aws",
        samples,
        MOMENTS,
        needed=10,
        predicted=PREDICTED,
        expected=expected,
        of_provider=of_provider,
    )


def test_tells_who_noticed_and_when_and_who_suffered() -> None:
    found = row(story())
    assert (found.noticed_by, found.noticed_after) == (CHECKS, pytest.approx(30.1, abs=0.5))
    windows = {window.kind: window for window in found.windows}
    assert (windows["ttl"].failed, windows["ttl"].seconds) == (50, pytest.approx(49.1, abs=0.5))
    assert not windows["ttl"].until_healed and windows["outlast"].failed == 0
    assert found.restored_after == pytest.approx(10.1, abs=0.5)
    assert found.mistakes == ()


def test_a_fault_that_checkers_do_not_see_is_seen_by_the_pinned_probe() -> None:
    found = row(story(left=20.0, named=20.0, bad=(1.0, 11.0)), expected=PROBE)
    assert (found.noticed_by, found.noticed_after) == (PROBE, pytest.approx(2.1, abs=0.5))
    assert next(window for window in found.windows if window.kind == "ttl").until_healed


def test_an_answer_that_is_far_too_late_is_noticed_by_the_probe_as_well() -> None:
    late = [replace(s, ms=200.0) if s.by == "site-aws" else s for s in quiet()]
    assert row(late, expected=PROBE).noticed_by == PROBE


def quiet() -> list[Sample]:
    """Nothing happens to anybody."""
    return [s for s in story(left=20.0, named=20.0, bad=(1.0, 1.0)) if not s.error] + beats(
        "site-aws", "aws", 1.0, 11.0
    )


def test_nobody_notices_what_hurts_nobody() -> None:
    found = row(quiet(), expected=NOBODY, of_provider=True)
    assert (found.noticed_by, found.noticed_after, found.mistakes) == (NOBODY, None, ())


def test_a_failover_for_a_fault_of_no_site_is_a_mistake() -> None:
    assert "a site left DNS for a fault of none" in row(story(), of_provider=True).mistakes


def test_what_is_late_or_wrong_or_empty_is_a_mistake() -> None:
    wrong = beats("client-ttl-0", "aws", 1.0, 1.5, wrong="label") + beats(
        "client-ttl-0", "aws", 9.0, 9.3, wrong="label"
    )
    empty = beats("authority-1", None, 5.0, 5.1, error="empty answer")
    found = row([*story(left=8.0), *wrong, *empty])
    assert set(found.mistakes) == {
        "noticed after 70.1 s, predicted 20 to 45 s",
        "3 wrong answers after the detection window",
        "1 empty answers of DNS",
    }


def test_what_does_not_end_is_a_mistake() -> None:
    assert row(story(named=20.0)).mistakes == ("not restored",)
    assert "not restored" in row([*story(), *beats("site-aws", None, 19.5, 20.5, error="refused")]).mistakes


def test_a_site_that_was_not_missed_often_enough_has_not_left() -> None:
    named = beats("authority-1", "aws", 10.5, 10.6)
    assert row([*story(), *named]).noticed_by == PROBE


def test_kinds_are_told_by_the_names_of_their_observers() -> None:
    assert kinds_of([s for s in story() if s.by.startswith("client-")]) == ["outlast", "ttl"]


def test_of_a_fault_that_is_hardly_felt_little_may_fail_and_nothing_be_wrong() -> None:
    found = replace(row(story()), fails_at_most=0.01, beside=("two tasks too many",))
    assert found.mistakes == ("50 of 380 requests failed, expected were at most 1%", "two tasks too many")
    assert replace(found, fails_at_most=0.5, beside=()).mistakes == ()
    wrong = tuple(replace(window, failed=0, wrong=1) for window in found.windows)
    assert replace(found, windows=wrong, beside=()).mistakes == ("2 wrong answers",)
