"""A trial loads a release as the server does, and says what that took."""

from __future__ import annotations

import pytest

from service.bundle.folder import RELEASED
from service.importing.limits import measure_needs
from service.importing.trial import measure


def test_memory_and_time_are_measured_here() -> None:
    found = measure(RELEASED / "tumour")
    assert found["seconds"] > 0
    assert found["memory_mib"] > 20


@pytest.mark.slow
def test_a_fresh_process_needs_less_than_this_one_and_answers() -> None:
    needs = measure_needs(RELEASED / "tumour")
    assert 0 < needs.start_seconds < 60
    assert 30 < needs.memory_mib < 800
