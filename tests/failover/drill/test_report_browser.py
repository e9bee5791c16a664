"""The drill's page in a real browser: no error, nothing fetched, no wider than a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from failover.drill.measure import measure
from failover.drill.report import render_html
from tests.browser import SIZES, look_at, needs_browser
from tests.failover.drill.retold import Story

pytestmark = [pytest.mark.slow, needs_browser]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_page_opens_without_error_or_network(size: tuple[int, int], tmp_path: Path) -> None:
    measured = look_at(render_html(measure(Story().entries())), tmp_path, size)
    if size == SIZES["desk"]:
        assert measured["hidden"] == []
    else:
        assert "Timeline" in measured["hidden"]
