"""The page: what was measured, on what, and what was not as promised."""

from __future__ import annotations

from dataclasses import replace

from sandbox.chaos.faults import CHECKS
from sandbox.chaos.page import Circumstances, render_page
from sandbox.chaos.row import NotMade, Row, Window

AROUND = Circumstances(10, "2026-11-29", 2, "3.11.7", (1.5, 4.0))
TTL, POOL = Window("ttl", 200, 40, 3, 44.4, False), Window("pool", 200, 0, 0, 0.0, False)
ROW = Row("refusing", "aws", CHECKS, 31.2, (TTL, POOL), 0, 0, True, 38.8, (20.0, 45.0), CHECKS, False)


def test_a_row_says_it_all_in_one_line() -> None:
    page = render_page([ROW], AROUND)
    assert "| connections are refused | health checks | 31 | 20 to 45 | 44 (43 of 200) | 0 | 3 / 0 | 0 | 39 |" in page
    assert "## aws, speed 10\n\n2026-11-29, 2 cores, Python 3.11.7; load of the machine between 1.5 and 4.0." in page
    assert "1 of 1 rows are as promised; 43 of 400 requests failed or were answered wrongly." in page
    assert "Every row is as promised." in page


def test_what_the_sites_answer_afterwards_is_told() -> None:
    assert "(`outlast parity`), and all answered alike." in render_page([ROW], AROUND)
    differ = replace(AROUND, differences=("gcp: model: serves another",))
    assert "(`outlast parity`), and gcp: model: serves another." in render_page([ROW], differ)


def test_what_is_not_as_promised_is_named() -> None:
    page = render_page([ROW, replace(ROW, restored_after=None, noticed_after=70.0)], AROUND)
    assert "* refusing: noticed after 70.0 s, predicted 20 to 45 s; not restored." in page
    assert "| never |" in page


def test_a_window_that_lasts_as_long_as_the_fault_is_endless() -> None:
    page = render_page([replace(ROW, windows=(replace(TTL, until_healed=True),))], AROUND)
    assert "| ∞ (43 of 200) |" in page


def test_the_tables_of_other_sites_and_speeds_stay_on_the_page() -> None:
    real = render_page([ROW], replace(AROUND, speed=1))
    whole = render_page([replace(ROW, site="gcp"), ROW], AROUND, real)
    heads = ["aws, speed 10", "gcp, speed 10", "aws, speed 1", "What the columns say"]
    assert [line.removeprefix("## ") for line in whole.splitlines() if line.startswith("## ")] == heads
    assert render_page([ROW], AROUND, whole) == whole
    changed = render_page([replace(ROW, noticed_after=33.0)], AROUND, whole)
    assert (changed.count("| 33 |"), changed.count("| 31 |")) == (1, 2)


def test_a_site_with_spot_has_a_table_of_its_own_and_one_without_says_so() -> None:
    without = replace(AROUND, not_made=(NotMade("spot", "gcp", "Cloud Run has none"),))
    whole = render_page([ROW, replace(ROW, on_spot=True), replace(ROW, site="gcp")], without)
    heads = ["aws, speed 10", "aws with Spot, speed 10", "gcp, speed 10", "What the columns say"]
    assert [line.removeprefix("## ") for line in whole.splitlines() if line.startswith("## ")] == heads
    assert whole.count("\n\nNot made: spot, because Cloud Run has none.\n\nAfterwards") == 1
    assert render_page([ROW], AROUND, whole) == whole, "it stays as well"


def test_a_page_of_an_older_release_is_replaced() -> None:
    assert render_page([ROW], AROUND, "# Faults, measured\n\n| a | b |\n") == render_page([ROW], AROUND)
