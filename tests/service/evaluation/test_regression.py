"""A candidate is refused for what is worse beyond doubt and the margin, never for luck; and losses do not add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from service.bundle.folder import RELEASED, load_release
from service.evaluation.intervals import Estimate, Interval, bootstrap, estimate
from service.evaluation.metrics import Evaluation, Measure
from service.evaluation.regression import (
    Answers,
    compare_on_rows,
    compare_with_marks,
    keep_marks,
    read_marks,
    set_margins,
)

NAMES = ("accuracy", "recall", "auc", "log_loss")


def _answer(truth: np.ndarray, noise: np.ndarray, skill: float) -> Answers:
    said = 1 / (1 + np.exp(-(skill * (2 * truth - 1) + noise)))
    evaluation = Evaluation(truth, np.column_stack([1 - said, said]), classes=["no", "yes"], positive="yes")
    samples = bootstrap(evaluation, resamples=300, seed=1)
    return Answers(estimate(evaluation, drawn=samples), samples)


def _rows(seed: int, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (rng.random(n) < 0.4).astype(int), rng.normal(size=n)


def _estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(Measure(value), Interval(low, high, "exact"))


def _mark(value: float, low: float, high: float) -> dict[str, object]:
    return {"value": value, "low": low, "high": high, "version": "3"}


def test_a_margin_is_a_share_of_the_metrics_scale() -> None:
    margins = set_margins([*NAMES, "calibration_error"], {"log_loss": 0.65}, margin=0.02)
    assert margins == {
        "accuracy": 0.02,
        "recall": 0.02,
        "auc": 0.02,
        "calibration_error": 0.02,
        "log_loss": pytest.approx(0.013),
    }


def test_a_model_that_is_much_worse_on_the_same_rows_is_and_one_that_is_as_good_is_not() -> None:
    truth, noise = _rows(1)
    good, poor = _answer(truth, noise, 1.5), _answer(truth, noise, 0.2)
    margins = set_margins(NAMES, {"log_loss": 0.67})
    worse = compare_on_rows(poor, good, margins, against="the released model")
    assert {regression.metric for regression in worse} == set(NAMES)
    assert all(regression.best < -regression.margin for regression in worse)
    assert "of the released model, by" in worse[0].reason
    assert compare_on_rows(good, good, margins, against="it") == []
    assert compare_on_rows(good, poor, margins, against="it") == []
    other = _answer(truth, np.random.default_rng(9).normal(size=len(truth)), 1.5)
    assert compare_on_rows(other, good, margins, against="it") == [], "other mistakes, but not more of them"


def test_a_metric_that_lost_its_value_is_worse() -> None:
    truth, noise = _rows(2)
    good = _answer(truth, noise, 1.5)
    nothing = {name: np.full(300, np.nan) for name in good.samples}
    lost = Answers({**good.estimates, "recall": _estimate(np.nan, np.nan, np.nan)}, {**good.samples, **nothing})
    (found,) = compare_on_rows(lost, good, {"recall": 0.02}, against="the released model")
    assert "not defined any more" in found.reason


def test_beside_a_mark_both_intervals_count_and_the_margin() -> None:
    marks = {"auc": _mark(0.99, 0.98, 0.995), "log_loss": _mark(0.1, 0.08, 0.12)}
    margins = {"auc": 0.02, "log_loss": 0.013}
    near = {"auc": _estimate(0.95, 0.93, 0.97), "log_loss": _estimate(0.13, 0.11, 0.16)}
    far = {"auc": _estimate(0.93, 0.91, 0.945), "log_loss": _estimate(0.16, 0.14, 0.18)}
    assert compare_with_marks(near, marks, margins) == []
    assert [r.metric for r in compare_with_marks(far, marks, margins)] == ["auc", "log_loss"]
    assert "version 3" in compare_with_marks(far, marks, margins)[0].reason
    assert compare_with_marks(far, {"auc": {**marks["auc"], "low": None}}, margins) == []
    assert [r.metric for r in compare_with_marks(far, marks, {"log_loss": np.nan})] == ["log_loss"], "2 % of the mark"


def test_a_mark_stays_until_it_is_surely_beaten_or_given_up() -> None:
    marks = {"auc": _mark(0.99, 0.98, 0.995), "log_loss": _mark(0.1, 0.08, 0.12)}
    lower = {"auc": _estimate(0.985, 0.97, 0.999), "log_loss": _estimate(0.11, 0.09, 0.13)}
    assert set(keep_marks(lower, marks, ())) == {"auc", "log_loss"}
    assert set(keep_marks(lower, marks, ("auc",))) == {"log_loss"}
    higher = {"auc": _estimate(0.99, 0.981, 0.995), "log_loss": _estimate(0.1, 0.08, 0.119)}
    assert keep_marks(higher, marks, ()) == {}


def test_marks_come_from_the_manifest_and_an_earlier_one_outlives_its_own_figures() -> None:
    manifest = load_release(RELEASED / "tumour").manifest
    own = read_marks(replace(manifest, verdict={}))
    assert own["auc"]["version"] == manifest.version
    assert own["auc"]["low"] == manifest.metrics["judged"]["auc"]["low"]
    older = replace(manifest, verdict={**manifest.verdict, "marks": {"auc": _mark(0.999, 0.998, 1.0)}})
    assert read_marks(older)["auc"]["version"] == "3"


def test_small_losses_in_a_row_do_not_add_up() -> None:
    """Each release may lose a little that no test of two releases sees; the mark does not move with them."""
    marks, level, released = {}, 0.95, []
    for version in range(12):
        half = 1.96 * np.sqrt(level * (1 - level) / 500)
        judged = {"accuracy": _estimate(level, level - half, level + half)}
        if compare_with_marks(judged, marks, {"accuracy": 0.02}):
            break
        released.append(level)
        own = {"accuracy": {**_mark(level, level - half, level + half), "version": str(version)}}
        marks = own | keep_marks(judged, marks, ())
        level -= 0.01
    assert min(released) >= 0.89
    assert len(released) < 10
