"""The table of coverage: rates at which a metric has its value, reasons above 97 %, and a miss told as one."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from bench import coverage
from bench.coverage import Cell, expect_matrix, find_rates, measure_count, measure_scores, render, summarise


@pytest.mark.parametrize("metric", ["accuracy", "mcc", "f2", "weighted_precision"])
def test_the_metric_has_the_value_asked_for(metric: str) -> None:
    found = find_rates(metric, 0.9, 0.1)
    assert found is not None
    recall, specificity, value = found
    matrix = expect_matrix(np.array(recall), np.array(specificity), 0.1)
    assert coverage._counter().count(matrix)[metric] == pytest.approx(value)
    assert value == pytest.approx(0.9, abs=1e-3)
    assert find_rates("weighted_f1", 0.1, 0.1) is None, "so low it never is"


def test_a_cell_above_97_percent_says_why() -> None:
    """Of ten positives and a recall of 0.99, all are found in 90 % of samples, at most one is missed in 99.6 %."""
    cell = measure_count("recall", 100, 0.1, 0.99, 500)
    assert cell is not None
    assert cell.coverage > 0.97
    assert cell.why in ("n", "w")
    assert coverage._attain(10, 0.99) == pytest.approx(0.99**10 + 10 * 0.01 * 0.99**9, abs=1e-9)
    even = measure_count("accuracy", 500, 0.5, 0.9, 500)
    assert even is not None
    assert (even.why, even.coverage > 0.9) == ("", True)


@pytest.mark.slow
def test_rankings_and_losses_are_measured_where_they_have_their_values() -> None:
    cells = {cell.metric: cell for cell in measure_scores(100, 0.5, 0.9, 60)}
    assert set(cells) == {*coverage.RANKED, *coverage.LOSSES} - {"macro_average_precision"} | {
        "macro_average_precision"
    }
    assert min(cell.coverage for cell in cells.values()) > 0.8


def test_the_table_shows_every_cell_and_a_miss_leaves_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [Cell("f1", 100, 0.1, 0.5, 0.951), Cell("f1", 500, 0.5, 0.99, 0.981, "n"), Cell("auc", 100, 0.1, 0.5, 0.91)]
    assert "| `f1` | .951 - - - - | - - - - - | - - - - - | - - - - .981n |" in render(cells)
    assert summarise(cells)["below"] == [["auc", 100, 0.1, 0.5, 0.91]]
    monkeypatch.setattr(coverage, "measure_all", lambda draws, score_draws: cells)
    result = CliRunner().invoke(coverage.main, [])
    assert result.exit_code == 5
    assert "1 of 3 cells" in result.stderr
    monkeypatch.setattr(coverage, "measure_all", lambda draws, score_draws: cells[:2])
    assert CliRunner().invoke(coverage.main, ["--json"]).exit_code == 0
