"""Calibrated probabilities come true as often as they say, on rows that no map was learnt from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from service.training.calibration import (
    IN_DOUBLES,
    IN_FLOAT32,
    Limits,
    choose_calibration,
    describe,
    fit_isotonic,
    fit_sigmoid,
    log_losses,
)

Floats = NDArray[np.float64]
RNG = np.random.default_rng(11)


def _softmax(scores: Floats) -> Floats:
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=1, keepdims=True))


def _draw(probabilities: Floats) -> NDArray[np.intp]:
    return np.asarray((probabilities.cumsum(axis=1) > RNG.random((len(probabilities), 1))).argmax(axis=1))


def _folds(rows: int) -> list[NDArray[np.intp]]:
    return [np.arange(start, rows, 5) for start in range(5)]


@pytest.mark.parametrize("classes", [2, 4])
def test_what_class_weights_did_to_probabilities_is_undone(classes: int) -> None:
    """Weights of 20 to 1 multiply the odds; the log loss is then above that of always saying the shares."""
    scores = RNG.normal(size=(4000, classes))
    scores[:, 0] += 3.0  # the common class
    true = _softmax(scores)
    truth = _draw(true)
    weighted = _softmax(scores + np.append(0.0, np.full(classes - 1, np.log(20))))
    shares = np.bincount(truth) / len(truth)
    prior = float(-np.log(shares[truth]).mean())
    assert log_losses(truth, weighted).mean() > prior
    chosen = choose_calibration(weighted, truth, _folds(len(truth)))
    assert chosen.calibration.method == "sigmoid"
    assert chosen.losses["none"] > prior > chosen.losses["sigmoid"]
    np.testing.assert_allclose(chosen.calibration.apply(weighted), true, atol=0.06)
    np.testing.assert_allclose(chosen.out_of_fold.sum(axis=1), 1.0)
    assert log_losses(truth, chosen.out_of_fold).mean() == pytest.approx(log_losses(truth, true).mean(), abs=0.01)


def test_probabilities_that_come_true_are_left_alone() -> None:
    true = _softmax(RNG.normal(size=(2000, 2)) * 2)
    chosen = choose_calibration(true, _draw(true), _folds(2000))
    assert chosen.calibration.method == "none"
    np.testing.assert_array_equal(chosen.out_of_fold, true)
    assert describe(chosen.calibration) == {"method": "none"}


def test_what_no_sigmoid_can_mend_is_mended_by_isotonic_lines() -> None:
    said = RNG.random(6000)
    true = np.where(said < 0.5, 0.1, 0.6)  # a step, and flat at both ends
    true = np.column_stack([1 - true, true])
    truth = _draw(true)
    answers = np.column_stack([1 - said, said])
    chosen = choose_calibration(answers, truth, _folds(6000))
    assert chosen.calibration.method == "isotonic"
    assert np.abs(chosen.calibration.apply(answers) - true).mean() < 0.04


def test_the_method_that_is_asked_for_is_taken() -> None:
    true = _softmax(RNG.normal(size=(300, 3)))
    truth = _draw(true)
    for method in ("none", "sigmoid", "isotonic"):
        chosen = choose_calibration(true, truth, _folds(300), method=method)
        assert chosen.calibration.method == describe(chosen.calibration)["method"] == method
        assert set(chosen.losses) == {method}


def test_a_fold_takes_no_part_in_its_own_map() -> None:
    """Labels of one fold turned round change what is made of the others, and nothing of that fold's own answers."""
    true = _softmax(RNG.normal(size=(200, 2)) * 2)
    truth, folds = _draw(true), _folds(200)
    turned = truth.copy()
    turned[folds[0]] = 1 - turned[folds[0]]
    ours, theirs = (choose_calibration(true, t, folds, method="sigmoid").out_of_fold for t in (truth, turned))
    np.testing.assert_array_equal(ours[folds[0]], theirs[folds[0]])
    assert not np.allclose(ours[folds[1]], theirs[folds[1]])


def test_rows_that_no_fold_judges_stay_as_they_were() -> None:
    true = _softmax(RNG.normal(size=(200, 2)))
    answers = np.vstack([np.full((20, 2), np.nan), true])
    truth = np.append(np.zeros(20, dtype=np.intp), _draw(true))
    folds = [np.arange(20, 110), np.arange(110, 220)]
    chosen = choose_calibration(answers, truth, folds, method="sigmoid")
    assert np.isnan(chosen.out_of_fold[:20]).all()
    assert np.isfinite(chosen.out_of_fold[20:]).all()


@pytest.mark.parametrize("limits", [IN_DOUBLES, IN_FLOAT32])
def test_no_line_is_steeper_than_it_may_be_and_none_falls(limits: Limits) -> None:
    said = np.clip(RNG.normal(0.02, 0.005, 3000), 1e-6, 1)
    truth = (said > 0.02).astype(np.intp)
    calibration = fit_isotonic(np.column_stack([1 - said, said]), truth, limits)
    shares = np.linspace(0.0005, 0.9995, 5000)
    mapped = calibration.apply(np.column_stack([1 - shares, shares]))[:, 1]
    assert (np.diff(mapped) >= -1e-12).all()
    assert (np.diff(mapped) / np.diff(shares)).max() <= limits.steepest * 1.01


def test_a_sigmoid_is_flat_where_float32_tells_nothing_apart() -> None:
    true = _softmax(RNG.normal(size=(500, 2)) * 3)
    sigmoid = fit_sigmoid(true, _draw(true), IN_FLOAT32)
    ends = np.array([[1 - 1e-5, 1e-5], [1 - 1e-6, 1e-6]])
    assert sigmoid.apply(ends)[:, 1] == pytest.approx([sigmoid.apply(ends)[0, 1]] * 2, rel=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_that_are_parted_without_an_error_leave_probabilities_short_of_certainty(classes: int) -> None:
    truth = np.arange(90) % classes
    answers = np.full((90, classes), 0.01)
    answers[np.arange(90), truth] = 1 - 0.01 * (classes - 1)
    for fit in (fit_sigmoid, fit_isotonic):
        mapped = fit(answers, truth).apply(answers)
        assert 0.9 < mapped[np.arange(90), truth].min() < 1.0
        assert mapped.min() > 0


def test_many_classes_that_are_told_well_are_not_smoothed_away() -> None:
    """What so few rows cannot rule out is shared by all other classes, not granted to each."""
    true = _softmax(RNG.normal(size=(3000, 8)) * 6)
    truth = _draw(true)
    chosen = choose_calibration(true, truth, _folds(3000), method="sigmoid")
    assert chosen.losses["sigmoid"] < log_losses(truth, true).mean() + 0.01
