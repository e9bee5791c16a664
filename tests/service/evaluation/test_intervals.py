"""Intervals cover what they say, and the vectorised bootstrap is the plain one, quicker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.evaluation.intervals import bootstrap, compare, draw_resamples, estimate, wilson_interval
from service.evaluation.metrics import Evaluation


def _evaluation(n: int = 60, k: int = 3, *, skill: float = 2.0, seed: int = 3) -> Evaluation:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + skill * np.eye(k)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Evaluation(truth, probabilities, classes=[str(i) for i in range(k)], positive="1" if k == 2 else None)


def test_wilson_of_a_known_case() -> None:
    """Newcombe 1998, table I: 81 of 263."""
    interval = wilson_interval(81, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)


def test_wilson_does_not_claim_certainty_of_42_rows_without_a_miss() -> None:
    interval = wilson_interval(42, 42)
    assert interval.high == 1.0
    assert interval.low == pytest.approx(0.9162, abs=1e-4)


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_within_zero_and_one(successes: int, misses: int) -> None:
    trials = successes + misses
    interval = wilson_interval(successes, trials)
    assert 0 <= interval.low <= (successes / trials if trials else 0) <= interval.high <= 1
    assert interval.high - interval.low <= wilson_interval(successes / 2, trials / 2).high or trials == 0


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


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    """200 samples of a model whose accuracy is known: the macro F1 of many rows lies in about 95 % of the intervals."""
    truth = _evaluation(20_000).measure()["macro_f1"].value
    hits = 0
    for seed in range(100):
        found = estimate(_evaluation(150, seed=1000 + seed), resamples=200)["macro_f1"].interval
        hits += found.low <= truth <= found.high
    assert 86 <= hits <= 100


def test_proportions_take_wilson_and_the_rest_the_bootstrap() -> None:
    found = estimate(_evaluation(k=2), resamples=50)
    wilson = {name for name, e in found.items() if e.interval.method == "wilson"}
    proportions = {f"{m}{c}" for m in ("precision", "recall", "specificity") for c in ("", "[0]", "[1]")}
    assert wilson == proportions | {"accuracy"}
    matrix = _evaluation(k=2).confusion
    assert found["recall"].interval == wilson_interval(matrix[1, 1], matrix[1].sum())


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
