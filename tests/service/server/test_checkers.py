"""Route 53's checkers stay away from a site that was taken out; a replica learns it from their silence alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from service.server.checkers import Checkers


def visits(checkers: Checkers, *, begin: float, gaps: list[float], rounds: int, agent: bytes = b"") -> float:
    """Regular rounds of visits; returns when the last one was."""
    now = begin
    for gap in gaps * rounds:
        now += gap
        checkers.visited(now, agent)
    return now


def test_who_was_never_asked_misses_nobody() -> None:
    checkers = Checkers()
    assert not checkers.have_left(1e9)
    checkers.visited(0.0)
    assert not checkers.have_left(1e9), "one visit says nothing about when the next one is due"


def test_silence_is_noticed_and_ends_with_the_next_visit() -> None:
    checkers = Checkers()
    last = visits(checkers, begin=0.0, gaps=[1.0, 4.0, 2.0, 3.0], rounds=9)
    assert not checkers.have_left(last + 7.9)
    assert checkers.have_left(last + 8.1)
    checkers.visited(last + 120.0)
    assert not checkers.have_left(last + 121.0)
    assert checkers.have_left(last + 128.1), "the drain's own length is not taken for a usual gap"


@given(st.lists(st.floats(0.01, 10.0), min_size=4, max_size=16), st.integers(1, 15))
def test_no_regular_pattern_is_taken_for_silence_at_any_speed_of_the_clock(gaps: list[float], speed: int) -> None:
    checkers = Checkers()
    scaled = [gap / speed for gap in gaps]
    now = visits(checkers, begin=0.0, gaps=scaled, rounds=8)
    for gap in scaled * 2:
        assert not checkers.have_left(now + gap * 0.999)
        now += gap
        checkers.visited(now)


# -- who only says that it is a checker ---------------------------------------------------------------

REAL = b"Amazon-Route53-Health-Check-Service (ref b5996862-d894-4595-88da-7940808e9665; report http://amzn.to/1vsZADi)"


def imitation(number: int) -> bytes:
    return REAL.replace(b"b5996862", b"%08x" % number)


Act = tuple[int, float]
ACTS = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 5)), max_size=100)


@settings(max_examples=50)
@given(ACTS, st.integers(1, 60))
def test_no_caller_can_make_a_replica_believe_that_checkers_left_which_still_come(acts: list[Act], known: int) -> None:
    """The real ones come every second, whatever others send, and however little is known of the real ones yet."""
    checkers, now = Checkers(), 0.0
    now = visits(checkers, begin=now, gaps=[1.0], rounds=known, agent=REAL)
    for number, pause in acts:
        for _ in range(40 if number % 3 == 0 else 1):
            checkers.visited(now, imitation(number))
        until = now + pause
        while now < until:
            now += 1.0
            assert not checkers.have_left(now - 1e-3), "just before the next of the real ones"
            checkers.visited(now, REAL)
    for _ in range(100):
        now += 1.0
        assert not checkers.have_left(now - 1e-3)
        checkers.visited(now, REAL)


def test_thirty_three_imitations_and_then_silence_change_nothing_where_real_ones_come() -> None:
    checkers = Checkers()
    now = visits(checkers, begin=0.0, gaps=[1.0], rounds=40, agent=REAL)
    now = visits(checkers, begin=now, gaps=[0.001], rounds=33, agent=imitation(7))
    assert not checkers.have_left(now + 0.9)
    for _ in range(100):
        now += 0.95
        assert not checkers.have_left(now)
        checkers.visited(now, REAL)
    assert checkers.have_left(now + 3.0), "a drain is still noticed as fast as before"


def test_an_imitation_that_goes_on_hides_a_drain_at_most() -> None:
    checkers = Checkers()
    now = visits(checkers, begin=0.0, gaps=[1.0], rounds=40, agent=REAL)
    now = visits(checkers, begin=now, gaps=[0.5], rounds=100, agent=imitation(7))
    assert not checkers.have_left(now)


def test_where_no_checker_ever_comes_an_imitation_shortens_connections_for_an_hour_at_most() -> None:
    checkers = Checkers()
    now = visits(checkers, begin=0.0, gaps=[0.1], rounds=40, agent=imitation(1))
    assert checkers.have_left(now + 60.0) and not checkers.have_left(now + 3600.0)


def test_checkers_that_come_more_seldom_from_now_on_are_learnt_anew() -> None:
    """A site that grew shares them among more replicas: without this each visit would be followed by "they left"."""
    checkers = Checkers()
    now = visits(checkers, begin=0.0, gaps=[1.0], rounds=40)
    now = visits(checkers, begin=now, gaps=[5.0], rounds=2)
    assert not checkers.have_left(now + 9.9)
    assert checkers.have_left(now + 10.1)


def test_made_up_references_take_no_memory() -> None:
    checkers = Checkers()
    for number in range(1000):
        checkers.visited(number / 100, imitation(number))
    assert len(checkers._checks) == 16
