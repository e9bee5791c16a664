"""The gate holds every floor at its lower end, finds regressions, and fails closed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.bundle.folder import load_release
from service.errors import ReleaseRefused
from service.evaluation.gate import Constant, Paired, Verdict, judge_release
from service.evaluation.intervals import Estimate, Interval
from service.evaluation.metrics import Measure
from service.evaluation.regression import Regression
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
    assert verdict.to_document()["judged_on"] == "569 rows that it was not trained on, decided by its own threshold"


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
    judged["recall[8]"] = _estimate(0.85, 0.79, 0.95)
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


def test_a_model_that_is_no_cheaper_than_one_answer_for_all_is_refused() -> None:
    assert _judge(SOUND, constant=Constant("benign", 100.0, 99.0)).passed
    for ours in (100.0, 130.0, float("nan")):
        refused = _judge(SOUND, constant=Constant("benign", 100.0, ours))
        assert [reason.place for reason in refused.reasons] == ["expected_cost"]
        assert "always answering benign costs 100.0" in refused.reasons[0].what


def test_a_regression_on_the_same_rows_is_refused_unless_it_is_named() -> None:
    worse = Regression("auc", 0.95, 0.99, -0.03, 0.02, "version 2 on the same 114 rows")
    paired = Paired(114, 0.02, (worse,))
    refused = _judge(SOUND, paired=paired)
    assert [reason.place for reason in refused.reasons] == ["auc"]
    assert "of version 2 on the same 114 rows, by 0.0300 at least" in refused.reasons[0].what
    assert "--accept auc" in refused.reasons[0].hint
    accepted = _judge(SOUND, paired=paired, accept=("auc",))
    assert accepted.passed
    assert accepted.to_document()["accepted_regressions"] == ["auc"]
    assert accepted.to_document()["compared"] == {"rows": 114, "margin": 0.02}


def test_the_best_release_is_a_mark_until_it_is_beaten_or_given_up() -> None:
    best = {"auc": {"value": 0.999, "low": 0.998, "high": 1.0, "method": "score"}}
    manifest = replace(load_release_manifest(), metrics={"judged": best}, verdict={})
    near = _judge(SOUND, released=manifest)
    assert near.passed
    assert near.to_document()["marks"]["auc"]["version"] == manifest.version
    far = {**SOUND, "auc": _estimate(0.96, 0.95, 0.97)}
    low = replace(load_problem("tumour"), floors={"auc": 0.9})
    refused = _judge(far, released=manifest)
    assert "auc" in [reason.place for reason in refused.reasons]
    assert f"version {manifest.version}" in str([str(reason) for reason in refused.reasons])
    taken = judge_release(
        low,
        far,
        classes=("benign", "malignant"),
        parity=GOOD,
        algorithm="softmax",
        rows=569,
        released=manifest,
        accept=("auc",),
    )
    assert taken.passed
    assert taken.to_document()["marks"] == {}, "what was given up is a mark no more"


def load_release_manifest():  # type: ignore[no-untyped-def]
    from service.bundle.folder import RELEASED

    return load_release(RELEASED / "tumour").manifest
