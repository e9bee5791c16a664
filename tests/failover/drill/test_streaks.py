"""How many answers without a site make it certain enough that DNS has dropped it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from failover.drill.streaks import DNS_DOUBT, STREAK, count_answers_needed
from tests.failover.drill.fakes import UNHURRIED


@UNHURRIED
@given(st.floats(0.01, 1.0))
def test_enough_answers_make_a_miss_unlikely(share: float) -> None:
    needed = count_answers_needed(share)
    assert needed >= STREAK
    assert (1 - share) ** needed <= DNS_DOUBT * (1 + 1e-9)
