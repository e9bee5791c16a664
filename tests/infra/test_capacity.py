"""Which step counts, when to stop, and what is written into the stack file."""

from __future__ import annotations

import datetime

import pytest
import yaml

from infra.capacity import Step, choose, is_lower_bound, is_over, per_replica, write_measured
from tests.infra.harness import ROOT

DAY = datetime.date(2026, 11, 29)


def step(clients: int, rps: float, p95: float = 0.1, failed: int = 0) -> Step:
    return Step(clients, rps, p95, failed)


@pytest.mark.parametrize(
    ("steps", "over", "counts"),
    [
        ([step(1, 50)], False, 50),
        ([step(1, 50), step(2, 90)], False, 90),
        ([step(1, 50), step(2, 51)], True, 51),
        ([step(1, 50), step(2, 90, p95=0.4)], True, 50),
        ([step(1, 50), step(2, 90, failed=1)], True, 50),
        ([step(1, 50, failed=1)], True, None),
        ([step(1, 50), step(2, 90), step(4, 80)], True, 90),
    ],
)
def test_the_best_step_that_held_counts(steps: list[Step], over: bool, counts: float | None) -> None:
    assert is_over(steps, 0.25) is over
    assert is_lower_bound(steps, 0.25) is not over
    best = choose(steps, 0.25)
    assert (best.rps if best else None) == counts


def test_a_replica_bears_its_part_rounded_down_and_never_nothing() -> None:
    assert per_replica(step(8, 101.9), 2) == 50
    assert per_replica(step(1, 0.4), 2) == 1


def test_the_figure_is_written_and_nothing_else_is_touched() -> None:
    before = (ROOT / "stacks" / "Pulumi.azure.yaml").read_text()
    after = write_measured(before, 73, DAY)
    config = yaml.safe_load(after)["config"]
    assert (config["outlast:rpsPerReplica"], config["outlast:rpsMeasuredOn"]) == (73, "2026-11-29")
    added = set(after.splitlines()) - set(before.splitlines())
    assert added == {"  outlast:rpsPerReplica: 73", '  outlast:rpsMeasuredOn: "2026-11-29"'}
    again = write_measured(after, 80, datetime.date(2027, 1, 2))
    assert again.count("rpsMeasuredOn") == 1 and '"2027-01-02"' in again


@pytest.mark.parametrize("end", ["", "\n"])
def test_empty_lines_stay_and_the_last_line_may_have_no_end(end: str) -> None:
    before = f'config:\n  a: 1\n\n  outlast:rpsPerReplica: 5\n\n  # why\n\n  outlast:rpsMeasuredOn: "2026-01-01"{end}'
    after = write_measured(before, 73, DAY)
    figure = '  outlast:rpsPerReplica: 73\n  outlast:rpsMeasuredOn: "2026-11-29"'
    assert after == f"config:\n  a: 1\n\n{figure}\n\n  # why\n\n"


def test_a_file_without_the_setting_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="no line outlast:rpsPerReplica"):
        write_measured("config: {}\n", 1, DAY)
