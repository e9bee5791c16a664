"""The band of shares: what it adds up to, and what it draws."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from failover.drill.samples import Sample
from failover.drill.shares import cut_slices, draw_band

COLOURS = {"gcp": "#0072b2", "aws": "#e69f00"}


def answers(*sites: str | None) -> list[Sample]:
    return [Sample(site, error="" if site else "none", by="authority-1", at=float(n)) for n, site in enumerate(sites)]


def test_shares_of_a_moment_add_up_to_all_right_answers() -> None:
    first, second = cut_slices(answers("aws", "aws", "gcp", "aws", "gcp", "gcp", None, "gcp"), 8.0, count=2)
    assert first.shares == {"aws": 0.75, "gcp": 0.25}
    assert second.shares == {"gcp": 1.0}, "what was no answer is nobody's"
    assert (first.begin, second.end) == (0.0, 8.0)


def test_a_moment_without_an_answer_is_empty_and_the_last_answer_is_inside() -> None:
    slices = cut_slices(answers("aws"), 4.0, count=4)
    assert [bool(each.shares) for each in slices] == [True, False, False, False]
    assert cut_slices([Sample("aws", at=4.0)], 4.0, count=4)[-1].shares == {"aws": 1.0}
    assert cut_slices([], 0.0, count=1)[0].shares == {}


def test_the_band_is_stacked_to_its_full_height() -> None:
    slices = cut_slices(answers("aws", "gcp"), 2.0, count=1)
    drawn = [
        ElementTree.fromstring(rect) for rect in draw_band(slices, COLOURS, x=lambda at: at * 100, y=10, height=40)
    ]
    assert [rect.get("fill") for rect in drawn] == ["#0072b2", "#e69f00"]
    assert sum(float(str(rect.get("height"))) for rect in drawn) == pytest.approx(40)
    assert [float(str(rect.get("y"))) for rect in drawn] == [30.0, 10.0]
    assert {rect.get("width") for rect in drawn} == {"200.00"}
