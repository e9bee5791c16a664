"""The gate holds every floor at its lower end, finds regressions, and fails closed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.bundle.folder import load_release
from service.errors import ReleaseRefused
from service.evaluation.gate import Verdict, find_regressions, judge_release
from service.evaluation.intervals import Estimate, Interval
from service.evaluation.metrics import Measure
from service.training.export import Parity
from service.training.problem import load_problem

GOOD = Parity(569, 1e-9, 0)


def _estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(Measure(value), Interval(low, high, "wilson"))


SOUND = {
    "recall": _estimate(0.97, 0.94, 0.99),
    "specificity": _estimate(0.97, 0.95, 0.98),
    "auc": _estimate(0.994, 0.988, 0.998),
}


def _judge(judged: dict[str, Estimate], **more: object) -> Verdict:
    asked = {"classes": ("benign", "malignant"), "parity": GOOD, "algorithm": "softmax", "rows": 569, "released": None}
    return judge_release(load_problem("tumour"), judged, **{**asked, **more})  # type: ignore[arg-type]


def test_a_sound_candidate_passes() -> None:
    verdict = _judge(SOUND)
    assert verdict.passed
    verdict.require()
    assert verdict.to_document()["judged_on"] == "out-of-fold predictions of all 569 rows"


@pytest.mark.parametrize("metric", SOUND)
def test_a_value_above_its_floor_is_not_enough_its_lower_end_must_be(metric: str) -> None:
    floor = load_problem("tumour").floors[metric]
    verdict = _judge({**SOUND, metric: _estimate(floor + 0.01, floor - 0.001, 1.0)})
    assert [reason.place for reason in verdict.reasons] == [metric]
    with pytest.raises(ReleaseRefused) as caught:
        verdict.require()
    assert metric in str(caught.value)
    assert "hint:" in str(caught.value)
    assert _judge({**SOUND, metric: _estimate(floor + 0.01, floor, 1.0)}).passed, "at the floor is enough"


@pytest.mark.parametrize("missing", [{}, {**SOUND, "recall": _estimate(float("nan"), float("nan"), float("nan"))}])
def test_what_was_not_measured_does_not_pass(missing: dict[str, Estimate]) -> None:
    assert not _judge(missing).passed
    assert any("not defined" in reason.what for reason in _judge(missing).reasons)


def test_every_reason_is_given_together() -> None:
    low = {name: _estimate(0.5, 0.4, 0.6) for name in SOUND}
    verdict = _judge(low, parity=Parity(569, 2e-6, 0), algorithm="dummy")
    assert [reason.place for reason in verdict.reasons] == ["recall", "specificity", "auc", "parity", "algorithm"]


def test_floors_of_each_class_hold_for_each() -> None:
    judged = {"macro_f1": _estimate(0.98, 0.97, 0.99)}
    judged |= {f"recall[{digit}]": _estimate(0.97, 0.93, 0.99) for digit in range(10)}
    judged["recall[8]"] = _estimate(0.92, 0.87, 0.95)
    verdict = judge_release(
        load_problem("digits"),
        judged,
        classes=tuple(map(str, range(10))),
        parity=GOOD,
        algorithm="svm",
        rows=1797,
        released=None,
    )
    assert [reason.place for reason in verdict.reasons] == ["recall[8]"]
    assert len(verdict.floors) == 11


def test_a_regression_is_beyond_the_released_interval_on_the_worse_side() -> None:
    released = {"auc": {"value": 0.99, "low": 0.98, "high": 1.0}, "log_loss": {"value": 0.1, "low": 0.08, "high": 0.12}}
    same = {"auc": _estimate(0.981, 0.9, 1.0), "log_loss": _estimate(0.119, 0.1, 0.2)}
    worse = {"auc": _estimate(0.979, 0.9, 1.0), "log_loss": _estimate(0.121, 0.1, 0.2)}
    better = {"auc": _estimate(1.0, 0.9, 1.0), "log_loss": _estimate(0.01, 0.0, 0.2)}
    assert find_regressions(same, released) == []
    assert find_regressions(better, released) == []
    assert [r.metric for r in find_regressions(worse, released)] == ["auc", "log_loss"]


def test_a_regression_against_the_released_model_is_refused_unless_it_is_named() -> None:
    manifest = load_release_manifest()
    better = {"judged": {"auc": {"value": 0.999, "low": 0.998, "high": 1.0, "method": "bootstrap"}}}
    manifest = replace(manifest, metrics=better)
    refused = _judge(SOUND, released=manifest)
    assert [reason.place for reason in refused.reasons] == ["auc"]
    assert "--accept auc" in refused.reasons[0].hint
    accepted = _judge(SOUND, released=manifest, accept=("auc",))
    assert accepted.passed
    assert accepted.to_document()["accepted_regressions"] == ["auc"]


def load_release_manifest():  # type: ignore[no-untyped-def]
    from service.bundle.folder import RELEASED

    return load_release(RELEASED / "tumour").manifest
