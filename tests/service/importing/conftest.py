"""What every test of imports shares: few resamples and no pictures, unless a test is of these."""

from __future__ import annotations

from typing import Any

import pytest

from service.evaluation.intervals import bootstrap


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of 50 resamples, and reports without pictures: what costs most of an import's second."""

    def few(evaluation: Any, *, resamples: int, seed: int) -> Any:
        return bootstrap(evaluation, resamples=min(resamples, 50), seed=seed)

    monkeypatch.setattr("service.importing.judge.bootstrap", few)
    monkeypatch.setattr("service.importing.report._draw", lambda judged: [])
