"""The metrics beside scikit-learn: both sides are measured, in one run."""

from __future__ import annotations

from bench.metrics import measure_speed


def test_the_benchmark_measures_both_sides_in_one_run() -> None:
    found = measure_speed(rows=200, classes=3, resamples=20)
    assert (found["rows"], found["classes"], found["resamples"]) == (200, 3, 20)
    assert found["ratio"] > 2  # hundreds in truth; the command holds it to 20 at full size
