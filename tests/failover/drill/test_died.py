"""A lost site as its pinned observer sees it; whole drills with a site that dies are in test_run.py."""

from __future__ import annotations

from typing import Any

import pytest

from failover.drill.died import LostSite
from failover.drill.samples import Sample, Tally


class Watched:
    """An observer's tally."""

    def __init__(self, *samples: Sample) -> None:
        self._tally = Tally()
        for sample in samples:
            self._tally = self._tally.add(sample, "aws")

    def tallies(self, prefix: str) -> dict[str, Tally]:
        return {f"{prefix}aws": self._tally}


RIGHT, WRONG, GONE = Sample("aws"), Sample("aws", wrong="label is benign"), Sample(None, error="refused")


@pytest.mark.parametrize(
    ("samples", "death", "answers"),
    [
        ((), "", False),
        ((RIGHT,) * 10, "", True),
        ((*(RIGHT,) * 10, *(GONE,) * 4), "", False),
        ((*(RIGHT,) * 10, *(GONE,) * 5), "refused", False),
        ((WRONG,) * 5, "label is benign", False),
        ((*(GONE,) * 5, *(RIGHT,) * 9), "", False),
        ((*(GONE,) * 5, *(RIGHT,) * 10), "", True),
    ],
)
def test_five_failures_are_a_death_and_ten_right_answers_a_life(
    samples: tuple[Sample, ...], death: str, answers: bool
) -> None:
    watch: Any = Watched(*samples)
    found = LostSite("aws", watch, failures=5)
    assert (found.death, found.answers) == (death, answers)


def test_a_site_that_nobody_asks_is_not_called_dead() -> None:
    watch: Any = Watched(*(GONE,) * 9)
    assert LostSite("gcp", watch, failures=5).death == ""
