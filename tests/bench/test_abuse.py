"""What the part `abuse` makes of its figures; measuring takes a core for itself and is `make bench`'s."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from bench.abuse import Abuse, judge, render

HELD = Abuse(
    calm_p50=0.0006,
    calm_p99=0.002,
    attacked_p50=0.001,
    attacked_p99=0.010,
    answered_share=1.0,
    calm_memory=100 * 2**20,
    attacked_memory=120 * 2**20,
    seconds=20,
    answers={"wrong key": {"401": 1200, "503": 3}, "half heads": {}},
)


def test_the_limits_themselves_are_met() -> None:
    assert [verdict.met for verdict in judge(HELD)] == [True, True, True]


@pytest.mark.parametrize(
    "worse", [{"attacked_p99": 0.0101}, {"answered_share": 0.99}, {"attacked_memory": 121 * 2**20}], ids=str
)
def test_each_target_can_be_missed(worse: dict[str, Any]) -> None:
    assert [verdict.met for verdict in judge(dataclasses.replace(HELD, **worse))].count(False) == 1


def test_a_caller_who_got_no_answer_at_all_meets_nothing_by_that() -> None:
    seen = dataclasses.replace(HELD, attacked_p99=float("nan"), answered_share=0.0)
    assert [verdict.met for verdict in judge(seen)] == [None, False, True]


def test_the_section_says_what_the_attackers_were_answered() -> None:
    section = render(HELD, judge(HELD), quick=True)
    assert "| attacked | 1.00 ms | 10.00 ms | 120 MiB |" in section
    assert "| wrong key | 401: 1,200, 503: 3 |" in section
    assert "| half heads | nothing |" in section
    assert "A quick run" in section and "A quick run" not in render(HELD, judge(HELD), quick=False)


def test_the_figures_are_plain_data() -> None:
    assert json.loads(json.dumps(dataclasses.asdict(HELD)))["answers"]["wrong key"] == {"401": 1200, "503": 3}
