"""The report in a real browser: no error, nothing fetched, every picture drawn, no wider than a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.evaluation.closer import examine
from service.evaluation.findings import Findings
from service.evaluation.report import render_report
from tests.browser import SIZES, look_at, needs_browser, open_page

pytestmark = [pytest.mark.slow, needs_browser]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("problem", ["tumour", "three"])
def test_the_report_opens_without_error_or_network(
    problem: str, size: tuple[int, int], findings: Findings, three_report: str, tmp_path: Path
) -> None:
    page = render_report(findings, examine(findings), []) if problem == "tumour" else three_report
    measured = look_at(page, tmp_path, size)
    assert measured["images"] == page.count("<img ")
    if size == SIZES["desk"]:
        assert measured["hidden"] == [], "a table that is wider than its room"
    else:
        assert len(measured["hidden"]) > 3, "or a table that is too wide is not found out"


def test_a_page_with_an_error_and_a_request_is_found_out(tmp_path: Path) -> None:
    seen = open_page('<img src="http://127.0.0.1:9/x.png"><script>missing()</script>', tmp_path, SIZES["phone"])
    assert seen.requests == ["http://127.0.0.1:9/x.png"]
    assert "missing is not defined" in seen.console[0]
