"""Figures of simulations stand between two lines of a page, and replace what stood there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.simulations import PAGE, replace_section, say_when
from service.errors import InvalidInput


def test_a_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- simulated: a -->\nold\n<!-- end: a -->\nafter\n")
    replace_section("a", "new", page)
    assert page.read_text() == "before\n<!-- simulated: a -->\nnew\n<!-- end: a -->\nafter\n"
    with pytest.raises(InvalidInput, match="no place for b"):
        replace_section("b", "new", page)


def test_figures_say_when_and_where(tmp_path: Path) -> None:
    assert "Python 3" in say_when("10 draws")
    assert "<!-- simulated: coverage -->" in PAGE.read_text(encoding="utf-8")
