"""The columns by which rows are parted are read, and what they lack is named by line."""

from __future__ import annotations

import numpy as np

from service.errors import Mistake
from service.training.splitting import read_groups, read_times

LINES = np.arange(2, 7)


def _texts(*said: str) -> np.ndarray:
    return np.array(said, dtype=object)


def test_rows_of_one_value_have_one_number() -> None:
    mistakes: list[Mistake] = []
    assert read_groups(_texts("b", "a", "b", "c", "a"), "patient", LINES, mistakes).tolist() == [0, 1, 0, 2, 1]
    assert not mistakes


def test_dates_and_numbers_ascend_with_time() -> None:
    mistakes: list[Mistake] = []
    times = read_times(
        _texts("2024-03-01", "2023-12-31T23:00", "2024-03-01T06:00Z", "1970-01-02", "5"), "day", LINES, mistakes
    )
    assert not mistakes
    assert times.argsort().tolist() == [3, 4, 1, 0, 2]
    assert times[3] == 1.0


def test_what_is_missing_or_cannot_be_read_is_named_by_line() -> None:
    mistakes: list[Mistake] = []
    read_groups(_texts("a", "", "b", "NA", "c"), "patient", LINES, mistakes)
    read_times(_texts("2024-03-01", "1/2/2024", "soon", "7", "8"), "day", LINES, mistakes)
    assert [str(m).partition("\n")[0] for m in mistakes] == [
        "column patient: has no value in line 3 and 1 more",
        "column day: holds '1/2/2024' in line 3, which is no number and no ISO date",
    ]
