"""Every metric has an interval, and the vectorised bootstrap is the plain one, quicker."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.intervals import bootstrap, compare, draw_resamples, estimate
from service.evaluation.metrics import Evaluation


def _evaluation(n: int = 60, k: int = 3, *, skill: float = 2.0, seed: int = 3) -> Evaluation:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + skill * np.eye(k)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Evaluation(truth, probabilities, classes=[str(i) for i in range(k)], positive="1" if k == 2 else None)


@pytest.mark.parametrize("k", [2, 3])
def test_a_resample_measures_what_its_rows_drawn_out_measure(k: int) -> None:
    evaluation = _evaluation(k=k)
    (weights,) = draw_resamples(60, 20, seed=1)
    together = evaluation.compute(weights)
    for b in range(20):
        rows = np.repeat(np.arange(60), weights[:, b])
        assert len(rows) == 60
        plain = Evaluation(
            evaluation.truth[rows],
            evaluation.probabilities[rows],
            classes=evaluation.classes,
            positive="1" if k == 2 else None,
        ).compute(np.ones((60, 1), dtype=np.int32))
        for name, values in plain.items():
            np.testing.assert_allclose(together[name][b], values[0], rtol=1e-12, atol=1e-12, err_msg=name)


def test_the_same_seed_draws_the_same_rows_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bootstrap(_evaluation(), resamples=50, seed=7)
    again = bootstrap(_evaluation(), resamples=50, seed=7)
    other = bootstrap(_evaluation(), resamples=50, seed=8)
    assert all(np.array_equal(whole[name], again[name], equal_nan=True) for name in whole)
    assert not np.array_equal(whole["log_loss"], other["log_loss"])
    monkeypatch.setattr("service.evaluation.intervals._CHUNK_BYTES", 60 * 3 * 4 * 7)
    pieces = list(draw_resamples(60, 50, seed=7, columns=3))
    assert [piece.shape[1] for piece in pieces] == [7] * 7 + [1]
    assert all((piece.sum(axis=0) == 60).all() for piece in pieces)


@pytest.mark.parametrize("k", [2, 3])
def test_every_metric_has_an_interval_that_holds_it(k: int) -> None:
    for name, found in estimate(_evaluation(k=k), resamples=50).items():
        assert found.interval.low <= found.measure.value <= found.interval.high, name
        assert found.interval.low < found.interval.high, name


def test_a_model_without_a_mistake_is_certain_of_nothing() -> None:
    truth = np.array([0] * 100 + [1] * 42)
    perfect = estimate(Evaluation(truth, np.eye(2)[truth], classes=["no", "yes"], positive="yes"))
    assert all(found.interval.low < found.interval.high for found in perfect.values())
    assert perfect["recall"].interval.low == pytest.approx(0.924, abs=1e-3)
    assert perfect["balanced_accuracy"].interval.high == 1.0


def test_averages_over_many_classes_are_at_least_as_wide_as_the_bootstrap_says() -> None:
    evaluation = _evaluation(200, 4)
    drawn = bootstrap(evaluation, resamples=400)
    found = estimate(evaluation, drawn=drawn)
    for name in ("macro_f1", "balanced_accuracy", "mcc"):
        middle = np.quantile(drawn[name], [0.025, 0.975])
        assert found[name].interval.low <= middle[0], name
        assert middle[1] <= found[name].interval.high, name


def test_each_metric_names_how_its_interval_was_made() -> None:
    methods = {name: e.interval.method for name, e in estimate(_evaluation(k=2), resamples=50).items()}
    exact = {name for name, method in methods.items() if method == "exact"}
    proportions = {f"{m}{c}" for m in ("precision", "recall", "specificity", "f1") for c in ("", "[0]", "[1]")}
    assert exact == proportions | {"accuracy", "weighted_recall"} | {
        f"micro_{m}" for m in ("precision", "recall", "specificity", "f1", "f2")
    }
    assert {methods["balanced_accuracy"], methods["auc"], methods["log_loss"], methods["calibration_error"]} == {
        *("squares added", "score", "log-normal", "inverted test")
    }


def test_a_better_model_is_clearly_better_on_the_same_rows_and_equal_to_itself() -> None:
    good, poor = _evaluation(200, skill=3.0), _evaluation(200, skill=0.5)
    ours, theirs = bootstrap(good, resamples=200), bootstrap(poor, resamples=200)
    gap = good.measure()["accuracy"].value - poor.measure()["accuracy"].value
    assert compare(ours, theirs, "accuracy", gap=gap).clear
    same = compare(ours, ours, "accuracy", gap=0.0)
    assert (same.low, same.high, same.clear) == (0.0, 0.0, False)


def test_documents_hold_no_nan() -> None:
    only_one = Evaluation([1, 1], [[0.2, 0.8], [0.6, 0.4]], classes=["no", "yes"], positive="yes")
    document = estimate(only_one, resamples=20)["auc"].to_document()
    assert document["value"] is None
    assert document["low"] is None
    assert "only one" in document["note"]
