"""The simulated streams: clean ones stay quiet, each change is what it says, and too many alarms are a miss."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from bench import streams
from bench.streams import Alarms, draw_clean, draw_concept, draw_inputs, draw_shares, look, release, render


def test_each_change_is_alone() -> None:
    rng = np.random.default_rng(1)
    for draw, kept in ((draw_clean, True), (draw_inputs, True), (draw_concept, False)):
        truth, at = draw(rng, 40_000)
        near = np.abs(at - 1.1) < 0.1
        gap = abs(truth[near].mean() - streams._posterior(at[near]).mean())
        assert bool(gap < 0.04) is kept, draw
    truth, at = draw_shares(rng, 40_000)
    assert truth.mean() == pytest.approx(0.8, abs=0.01)
    assert at[truth == 1].mean() == pytest.approx(streams._APART, abs=0.05)


def test_a_clean_stream_is_quiet_and_labels_that_changed_are_concept_shift() -> None:
    rng = np.random.default_rng(2)
    manifest = release(rng, 300)
    assert look(manifest, *draw_clean(rng, 300)) == ""
    assert look(manifest, *draw_concept(rng, 800)) == "concept"


def test_the_tables_say_how_many_and_too_many_leave_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "| 20 | the day's rows | 200 | 1 (0.5%) |" in render([Alarms(20, "the day's rows", 200, 1)], {})
    assert "| labels | 75.0% | 0.0% | 0.0% | 0.0% | 25.0% |" in render([], {"labels": {"concept": 3, "": 1}})
    monkeypatch.setattr(streams, "measure_changed", lambda draw, **more: {"concept": 1})
    for alarmed, code in ((2, 0), (20, 5)):
        monkeypatch.setattr(
            streams, "measure_clean", lambda rows, alarms=alarmed, **more: Alarms(rows, "", 200, alarms)
        )
        assert CliRunner().invoke(streams.main, []).exit_code == code
