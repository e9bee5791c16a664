"""How drills are counted against their bands, and what is expected of the count."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import band
from service.errors import OutlastError


def drilled(site: str = "aws", measured: float = 30.5, verdict: str = "passed") -> band.Drilled:
    return band.Drilled(site, 29.0, 31.0, measured, verdict)


def figures(*drills: band.Drilled, failed: tuple[str, ...] = ()) -> band.BandFigures:
    return band.BandFigures("a machine", 15, 0.1, drills, failed)


@pytest.mark.parametrize(("drills", "expected"), [(60, (49, 59)), (18, (13, 18)), (1, (0, 1))])
def test_the_expected_count_is_a_binomials(drills: int, expected: tuple[int, int]) -> None:
    assert band.expect(drills) == expected


def test_as_many_inside_as_the_band_claims_is_met_and_too_many_is_missed_like_too_few() -> None:
    def verdict(inside: int) -> bool | None:
        drills = [drilled()] * inside + [drilled(measured=40.0)] * (60 - inside)
        (found,) = band.judge(figures(*drills))
        return found.met

    assert [verdict(inside) for inside in (48, 49, 54, 59, 60)] == [False, True, True, True, False]


def test_drills_with_slow_observers_are_not_counted_but_said() -> None:
    found = figures(drilled(), drilled("gcp", 33.0), drilled(verdict="invalid"), failed=("azure: no answer",))
    assert (len(found.counted), found.inside) == (2, 1)
    section = band.render(found)
    assert "| aws | 1 | 1 | 30.5 to 30.5 | 29.0 to 31.0 |" in section
    assert "| gcp | 1 | 0 | 33.0 to 33.0 | 29.0 to 31.0 |" in section
    assert "1 more drills are not counted" in section and "1 more drills measured nothing: azure: no answer" in section
    assert band.to_document(found)["inside"] == 1


def test_without_a_drill_nothing_is_judged() -> None:
    (found,) = band.judge(figures())
    assert found.met is None


def test_every_site_is_lost_in_turn_and_a_drill_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def outlast(environment: Mapping[str, str], *arguments: str, codes: Sequence[int] = (0,)) -> str:
        site = arguments[arguments.index("--lose") + 1]
        asked.append(site)
        if site == "azure":
            raise OutlastError("the drill left with 3")
        total: dict[str, Any] = {"band": [29.0, 31.0], "measured": 30.0 if site == "aws" else None}
        return json.dumps({"failover": [total], "verdict": "passed", "deviations": ["traffic was not seen to leave"]})

    monkeypatch.setattr(band, "_outlast", outlast)
    found = band.run_drills({}, 2, Path("drills"), lambda line: None, load=0.0)
    assert asked == ["aws", "azure", "gcp"] * 2
    assert [drill.site for drill in found.drills] == ["aws", "aws"]
    assert found.failed[:2] == ("azure: the drill left with 3", "gcp: traffic was not seen to leave")
