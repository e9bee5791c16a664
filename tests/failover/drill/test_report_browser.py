"""The drill's page in a real browser: no error, nothing fetched, no wider than a phone, nor than a sheet of paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from failover.drill.measure import measure
from failover.drill.report import render_html
from tests.browser import SIZES, look_at, needs_browser
from tests.failover.drill.test_account import entries_of

pytestmark = [pytest.mark.slow, needs_browser]

PAPER = (688, 1024)  # A4 without its margins, at 96 points an inch


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_page_opens_without_error_or_network(size: tuple[int, int], tmp_path: Path) -> None:
    measured = look_at(render_html(measure(entries_of())), tmp_path, size)
    if size == SIZES["desk"]:
        assert measured["hidden"] == []
    else:
        assert "Timeline" in measured["hidden"]


def test_on_paper_nothing_is_cut_off(tmp_path: Path) -> None:
    page = render_html(measure(entries_of(digests={"aws": "sha256:" + "a" * 64})))
    assert "@media print" in page
    measured = look_at(page.replace("@media print", "@media all"), tmp_path, PAPER)
    assert measured["hidden"] == []
