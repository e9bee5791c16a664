"""A look becomes a sample with its times, and comes back from the journal as it went in."""

from __future__ import annotations

import json

import pytest

from failover.drill.samples import Look, Pace, Sample

LOOKS = [
    Look("aws"),
    Look("aws", wrong="label"),
    Look(None, error="timed out"),
    Look("gcp", ran_out=0.25),
    Look(""),
]


def test_the_drill_says_how_much_it_asks_itself() -> None:
    assert Pace(client_hz=2.5, clients=8).requests_per_second() == 20.0
    assert Pace(client_hz=2.5, clients=8, kind_hz=4.0).requests_per_second(kinds=3) == 32.0


@pytest.mark.parametrize("look", LOOKS)
def test_only_an_answer_that_is_not_wrong_is_right(look: Look) -> None:
    assert look.right is (look in (LOOKS[0], LOOKS[3], LOOKS[4]))


@pytest.mark.parametrize("look", LOOKS)
def test_a_sample_comes_back_from_its_journal_entry(look: Look) -> None:
    sample = Sample.taken(look, "client-1", began=2.00004, ended=2.12345, late=0.0021)
    assert Sample.from_entry(json.loads(json.dumps(sample.to_entry()))) == sample


def test_times_are_rounded_to_what_matters() -> None:
    sample = Sample.taken(LOOKS[0], "client-1", began=2.00004, ended=2.12345, late=0.0021)
    assert (sample.at, sample.ms, sample.late_ms) == (2.0, 123.41, 2.1)
    assert sample.ended == pytest.approx(2.12341)


def test_what_is_absent_is_left_out_of_the_journal_but_never_the_site() -> None:
    entry = Sample.taken(Look(None, error="refused"), "site-aws", 0.0, 0.0, 0.0).to_entry()
    assert entry == {"site": None, "error": "refused", "by": "site-aws", "at": 0.0, "ms": 0.0, "late_ms": 0.0}
