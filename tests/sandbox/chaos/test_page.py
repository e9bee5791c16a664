"""The page: what was measured, on what, and what was not as promised."""

from __future__ import annotations

from dataclasses import replace

from sandbox.chaos.faults import CHECKS
from sandbox.chaos.page import Circumstances, render_page
from sandbox.chaos.row import Row, Window

AROUND = Circumstances(10, "2026-11-29", 2, "3.11.7", (1.5, 4.0))
TTL, POOL = Window("ttl", 200, 40, 3, 44.4, False), Window("pool", 200, 0, 0, 0.0, False)
ROW = Row("refusing", "aws", CHECKS, 31.2, (TTL, POOL), 0, 0, True, 38.8, (20.0, 45.0), CHECKS, False)


def test_a_row_says_it_all_in_one_line() -> None:
    page = render_page([ROW], AROUND)
    assert (
        "| connections are refused | aws | health checks | 31 | 20 to 45 | 44 (43 of 200) | 0 | 3 / 0 | 0 | 39 |"
        in page
    )
    assert "2026-11-29, speed 10, 2 cores, Python 3.11.7; load of the machine between 1.5 and 4.0." in page
    assert "1 of 1 rows are as promised; 43 of 400 requests failed or were answered wrongly." in page
    assert "Every row is as promised." in page


def test_what_is_not_as_promised_is_named() -> None:
    page = render_page([ROW, replace(ROW, restored_after=None, noticed_after=70.0)], AROUND)
    assert "* refusing at aws: noticed after 70.0 s, predicted 20 to 45 s; not restored." in page
    assert "| never |" in page


def test_a_window_that_lasts_as_long_as_the_fault_is_endless() -> None:
    page = render_page([replace(ROW, windows=(replace(TTL, until_healed=True),))], AROUND)
    assert "| ∞ (43 of 200) |" in page
