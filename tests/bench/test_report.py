"""What is said of a run: a target missed is said missed, one not measured is said not measured."""

from __future__ import annotations

import dataclasses

import pytest

from bench.load import Hit, Open
from bench.measure import Overload
from bench.report import Figures, at_least, at_most, judge, render

CALM = Overload(
    capacity_per_second=1000,
    sent_per_second=3000,
    unloaded_p99=0.002,
    accepted_p99=0.009,
    shed_p99=0.003,
    accepted_share=0.3,
    other_share=0,
    recovered_after=0.5,
    generator_share=0.4,
)


def figures(**ours: object) -> dict[str, Figures]:
    """A run in which every target is met, but for what `ours` changes."""
    outlast = Figures(single=12000, many=5000, p99=0.0012, start=0.5, memory_early=100, memory=100, overload=CALM)
    return {
        "outlast": dataclasses.replace(outlast, **ours),  # type: ignore[arg-type]
        "bare uvicorn": Figures(single=8000, many=4800, p99=0.001, start=0.48),
        "FastAPI": Figures(single=2000),
        "MLServer": Figures(single=500, memory=300),
        "BentoML": Figures(single=300, start=6),
    }


def test_a_run_that_meets_everything() -> None:
    assert [verdict.what for verdict in judge(figures()) if verdict.met is not True] == []


@pytest.mark.parametrize(
    ("worse", "missed"),
    [
        ({"single": 1000}, 4),
        ({"many": 4700}, 1),
        ({"p99": 0.002}, 1),
        ({"start": 0.9}, 2),
        ({"memory": 200}, 2),
        ({"overload": dataclasses.replace(CALM, accepted_p99=0.011)}, 1),
        ({"overload": dataclasses.replace(CALM, shed_p99=0.011)}, 1),
        ({"overload": dataclasses.replace(CALM, other_share=0.001)}, 1),
        ({"overload": dataclasses.replace(CALM, recovered_after=2.1)}, 1),
        ({"overload": dataclasses.replace(CALM, sent_per_second=2000)}, 1),
    ],
)
def test_each_target_can_be_missed(worse: dict[str, object], missed: int) -> None:
    assert sum(verdict.met is False for verdict in judge(figures(**worse))) == missed


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    verdicts = judge({"outlast": Figures(single=1000)})
    assert {verdict.met for verdict in verdicts} == {None}
    assert "not measured" in str(verdicts[0])


def test_a_missed_target_stands_out_in_the_section() -> None:
    run = figures(p99=0.002)
    section = render(run, judge(run), quick=False, load=0.0)
    assert "| p99 at 500/s, median of five: ours to bare uvicorn | 2.00 | <= 1.2 | **missed** |" in section
    assert "Capacity 1000/s; 3000/s were sent" in section and "at work 40% of the time" in section


def test_the_limits_themselves_are_met() -> None:
    assert at_least("", 2.6, 2.6).met and at_most("", 1.5, 1.5).met


def test_an_open_loop_counts_each_status_apart() -> None:
    run = Open(100, (Hit(0, 200, 0.001), Hit(1, 200, 0.005), Hit(2, 503, 0.0001), Hit(4, 0, 10)))
    assert (run.percentile(99), run.percentile(99, 503), run.share(200), run.share(0)) == (0.005, 0.0001, 0.5, 0.25)
    assert run.percentile(50, 429) != run.percentile(50, 429)  # NaN: there was none
    assert run.sent_per_second == 1
