"""What the part `listeners` makes of its figures; measuring takes both cores and is `make bench`'s."""

from __future__ import annotations

from dataclasses import replace

from bench.listeners import NO_FILTER, ONE_LISTENER, Listeners, judge, render
from bench.peers import OURS
from service.server.http import run

SEEN = Listeners(many_seconds=0.02, one_seconds=0.1, stops=30, reset_with_filter=0, reset_without=3)


def test_each_part_stays_only_while_it_shows_what_it_buys() -> None:
    assert [verdict.met for verdict in judge(SEEN)] == [True, True, True]
    useless = replace(SEEN, many_seconds=0.1, reset_with_filter=1, reset_without=0)
    assert [verdict.met for verdict in judge(useless)] == [False, False, False]


def test_the_page_says_what_was_measured_and_that_a_quick_run_is_worth_little() -> None:
    page = render(SEEN, judge(SEEN), quick=True)
    assert "within 20 ms, and within 100 ms with one listener" in page
    assert "| newcomers' median wait: one listener to ours | 5.00 | >= 2 | met |" in page
    assert page.count("quick") > render(SEEN, judge(SEEN), quick=False).count("quick")


def test_what_the_others_lack_is_what_ours_has() -> None:
    for peer, name in ((ONE_LISTENER, "_ACCEPTS_A_TURN"), (NO_FILTER, "_turn_newcomers_away")):
        assert f"run.{name} = " in " ".join(peer.command(peer.folder, 1))
        assert hasattr(run, name)
        assert peer.environment is OURS.environment
