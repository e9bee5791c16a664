"""The page is what the tables say."""

from __future__ import annotations

import re

from jobs.reasons import REASONS
from jobs.reference import PAGE, render_page
from jobs.service import State


def test_the_page_is_written_from_the_tables() -> None:
    assert PAGE.read_text() == render_page(), "python -m jobs.reference"


def test_the_page_has_every_state_and_every_cause() -> None:
    page = render_page()
    firsts = set(re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE))
    assert {str(state) for state in State} <= firsts
    assert {reason.name for reason in REASONS} <= firsts
