"""The simulated releases: an equal candidate is rarely refused, one far worse always, and small losses stop."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from bench import releases
from bench.releases import Row, answer, is_refused, mark


@pytest.mark.slow
def test_luck_is_not_refused_and_a_model_far_worse_is() -> None:
    rng = np.random.default_rng(1)
    first = answer(rng, *releases._draw(rng, 200), 0.9)
    marks = mark(first, {})
    assert sum(is_refused(rng, 200, 0.9, 0.9, marks)[0] for _ in range(10)) <= 2
    assert all(is_refused(rng, 200, 0.6, 0.9, marks)[0] for _ in range(3))


def test_the_table_says_both_and_a_miss_leaves_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "measure", lambda rows, auc, draws: Row(rows, auc, 0.04, auc - 0.04))
    good = CliRunner().invoke(releases.main, [])
    assert good.exit_code == 0
    assert "| 114 | 0.8 | 4.0% | 0.76 |" in good.stdout
    monkeypatch.setattr(releases, "measure", lambda rows, auc, draws: Row(rows, auc, 0.2, auc))
    assert CliRunner().invoke(releases.main, []).exit_code == 5
