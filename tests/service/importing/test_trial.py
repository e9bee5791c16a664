"""A trial loads a release as the server does, and says what that took."""

from __future__ import annotations

import pytest

from service.bundle.folder import RELEASED
from service.importing.limits import measure_needs
from service.importing.trial import measure, read_peak_mib


def test_memory_and_time_are_measured_here() -> None:
    found = measure(RELEASED / "tumour")
    assert found["seconds"] > 0
    assert found["memory_mib"] > 20


def test_the_peak_is_this_processs_own() -> None:
    before = read_peak_mib()
    block = bytearray(120 * 2**20)
    block[::4096] = b"x" * len(block[::4096])
    assert read_peak_mib() >= before
    assert read_peak_mib() > 120


@pytest.mark.slow
def test_a_fresh_process_needs_less_than_this_one_and_answers() -> None:
    needs = measure_needs(RELEASED / "tumour")
    assert 0 < needs.start_seconds < 60
    assert 30 < needs.memory_mib < 200, "not the peak of whoever started it"
