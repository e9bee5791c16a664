"""The metrics agree with their definitions, with scikit-learn, and say it when they are not defined."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk

from service.errors import InvalidInput
from service.evaluation import metrics
from service.evaluation.metrics import Evaluation, Measure, Tally, measure_counts

EXACT = {"rtol": 1e-12, "atol": 1e-12}
PROBLEMS = 1000


@contextmanager
def _scikit_learn() -> Iterator[None]:
    """scikit-learn without its checks of parameters, which take longer than its metrics, and without its warnings."""
    with sklearn.config_context(skip_parameter_validation=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# A seed gives more varied rows for the time than hypothesis drawing each number; it still shrinks shape and style.
Problem = tuple[int, int, int, int, bool]
problems = st.tuples(
    st.integers(0, 2**32 - 1),  # seed
    st.integers(2, 4),  # classes
    st.integers(1, 30),  # rows
    st.sampled_from([1, 2, 5, 1000]),  # distinct probabilities: few make ties
    st.booleans(),  # whether only one class has rows
)


def _draw(problem: Problem) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.int32]]:
    seed, k, n, levels, single = problem
    rng = np.random.default_rng(seed)
    truth = np.full(n, rng.integers(k)) if single else rng.integers(0, k, n)
    raw = rng.integers(0, levels + 1, (n, k)) + rng.choice([0.0, 0.5])
    raw[raw.sum(axis=1) == 0] = 1.0
    weights = np.column_stack([np.ones(n), rng.integers(0, 4, n)]).astype(np.int32)
    weights[0] = 1  # at least one row is drawn
    return truth, raw / raw.sum(axis=1, keepdims=True), weights


AVERAGES = (None, "macro", "micro", "weighted")


def _from_counts(truth: Any, predicted: Any, w: Any, labels: list[int], turn: int) -> dict[str, Any]:
    """What scikit-learn says of labels, under the names used here; each problem takes its turn at one average."""
    found: dict[str, Any] = {}
    average = AVERAGES[turn % 4]
    beta = 1 + turn // 4 % 2
    # A class that is 0/0 counts as 0 in a mean, which is scikit-learn's zero_division=0.
    zero = np.nan if average is None else 0
    p, r, f, _ = sk.precision_recall_fscore_support(
        truth, predicted, beta=beta, average=average, sample_weight=w, labels=labels, zero_division=zero
    )
    for name, value in (("precision", p), ("recall", r), (f"f{beta}", f)):
        found |= {f"{name}[{i}]": value[i] for i in labels} if average is None else {f"{average}_{name}": value}
    return found


def _from_losses(truth: Any, p: Any, predicted: Any, w: Any, labels: list[int], turn: int) -> dict[str, Any]:
    """What scikit-learn says of a loss, or of a metric over all classes at once."""
    score, more = (p, {"labels": labels}) if len(labels) > 2 else (p[:, 1], {"pos_label": 1})
    if turn % 4 == 0:
        return {"log_loss": sk.log_loss(truth, p, sample_weight=w, labels=labels)}
    if turn % 4 == 1:
        return {"brier": sk.brier_score_loss(truth, score, sample_weight=w, **more)}
    if turn % 4 == 2:
        return {"mcc": sk.matthews_corrcoef(truth, predicted, sample_weight=w)}
    return {
        "balanced_accuracy": sk.balanced_accuracy_score(truth, predicted, sample_weight=w),
        "accuracy": sk.accuracy_score(truth, predicted, sample_weight=w),
    }


def _from_rankings(truth: Any, p: Any, w: Any, turn: int) -> dict[str, Any]:
    """What scikit-learn says of a ranking: of one class, or of an average over the classes."""
    k = p.shape[1]
    one_hot = np.eye(k)[truth]
    i = turn // 2 % (k + 3)
    if i < k:
        name, outcome, score, more = f"[{i}]", one_hot[:, i], p[:, i], {}
        prefix = ""
    else:
        average = AVERAGES[1:][i - k]
        name, outcome, score, more, prefix = "", one_hot, p, {"average": average}, f"{average}_"
    if turn % 2:
        area = sk.roc_auc_score(outcome, score, sample_weight=w, **more)
        # A class without rows leaves scikit-learn's macro AUC without a value; here the mean is over the others.
        has_none = prefix == "macro_" and np.isnan(area)
        return {} if has_none else {f"{prefix}auc{name}": area}
    precision = sk.average_precision_score(outcome, score, sample_weight=w, **more)
    # Without a positive scikit-learn says 0 and warns; here it is not defined, and `measure` says why.
    return {f"{prefix}average_precision{name}": precision if outcome.any() else np.nan}


# Without shrinking: a problem is a seed and four small numbers, and the message names it.
@settings(
    max_examples=PROBLEMS // 20,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(problems, min_size=20, max_size=20))
def test_every_metric_agrees_with_scikit_learn_to_1e_12(drawn: list[Problem]) -> None:
    """Ties, absent classes, single-class rows and resampled (weighted) rows included; 1,000 problems, by twenties."""
    for problem in drawn:
        _Both(problem).agree(third=problem[0] // 2 % 3, turn=problem[0] // 6)


@pytest.mark.slow
def test_every_metric_of_every_problem_agrees_with_scikit_learn() -> None:
    """As above, but each problem is held to all of scikit-learn's metrics: 8 + 4 + 2 (k + 3) calls."""
    rng = np.random.default_rng(20)
    for _ in range(PROBLEMS):
        seed, k, n, levels = (int(rng.integers(*ends)) for ends in ((0, 2**32), (2, 5), (1, 31), (0, 4)))
        both = _Both((seed, k, n, [1, 2, 5, 1000][levels], bool(rng.integers(2))))
        for third, turns in enumerate((8, 4, 2 * (k + 3))):
            for turn in range(turns):
                both.agree(third, turn)


class _Both:
    """A problem with all that we say of it, to be held to some of what scikit-learn says, which takes longer."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.truth, self.probabilities, weights = _draw(problem)
        self.labels = list(range(self.probabilities.shape[1]))
        classes = [str(i) for i in self.labels]
        self.evaluation = Evaluation(self.truth, self.probabilities, classes=classes, positive="1")
        self.ours = self.evaluation.compute(weights)
        self.column = problem[0] % 2  # the rows themselves, or a resample of them
        self.kept = weights[:, self.column] > 0
        self.weights = weights[self.kept, self.column].astype(float)

    def agree(self, third: int, turn: int) -> None:
        for name, value in self._theirs(third, turn).items():
            got = self.ours[name][self.column]
            if np.isnan(got) and name == "mcc":
                got = 0.0  # not defined: scikit-learn says 0
            np.testing.assert_allclose(got, value, **EXACT, err_msg=f"{name} of {self.problem}")

    def _theirs(self, third: int, turn: int) -> dict[str, Any]:
        truth, probabilities, w = self.truth[self.kept], self.probabilities[self.kept], self.weights
        predicted = self.evaluation.predicted[self.kept]
        with _scikit_learn():
            if third == 0:
                return _from_counts(truth, predicted, w, self.labels, turn)
            if third == 1:
                return _from_losses(truth, probabilities, predicted, w, self.labels, turn)
            return _from_rankings(truth, probabilities, w, turn)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(problems)
def test_auc_is_the_chance_that_a_positive_scores_above_a_negative(problem: Problem) -> None:
    truth, probabilities, _ = _draw(problem)
    positive, scores = truth == 0, probabilities[:, 0]
    pairs = scores[positive][:, None] - scores[~positive][None, :]
    wins = np.concatenate([(pairs > 0).ravel(), np.zeros(0)]).sum() + 0.5 * (pairs == 0).sum()
    expected = wins / pairs.size if pairs.size else np.nan
    np.testing.assert_allclose(metrics.auc(positive, scores), expected, **EXACT)


def test_auc_has_no_threshold() -> None:
    rng = np.random.default_rng(1)
    positive, scores = rng.random(200) < 0.3, rng.random(200)
    assert metrics.auc(positive, scores) == metrics.auc(positive, np.exp(5 * scores) - 100)


def test_the_worked_example() -> None:
    """TP 1, FP 1, FN 8, TN 90: an accuracy of 0.91 that finds one case in nine."""
    found = {name: round(measure.value, 3) for name, measure in measure_counts(tp=1, fp=1, fn=8, tn=90).items()}
    assert found["precision"] == 0.5
    assert found["recall"] == 0.111
    assert found["f1"] == 0.182
    assert found["specificity"] == 0.989
    assert found["balanced_accuracy"] == 0.55
    assert found["accuracy"] == 0.91


def test_rows_give_what_their_counts_give() -> None:
    truth = np.array([1] * 9 + [0] * 91)
    called = np.array([1] + [0] * 8 + [1] + [0] * 90)
    probabilities = np.column_stack([1 - called, called]).astype(float)
    measured = Evaluation(truth, probabilities, classes=["no", "yes"], positive="yes").measure()
    for name, expected in measure_counts(tp=1, fp=1, fn=8, tn=90).items():
        assert measured[name].value == pytest.approx(expected.value, abs=1e-15), name


def test_calibration_error_of_a_known_case() -> None:
    """Ten rows at 0.75, of which five happen: off by 0.25; ten at 0.15, of which none does: off by 0.15."""
    said = np.array([0.75] * 10 + [0.15] * 10)
    truth = np.array([1] * 5 + [0] * 15)
    measured = Evaluation(truth, np.column_stack([1 - said, said]), classes=["no", "yes"], positive="yes").measure()
    assert measured["calibration_error"].value == pytest.approx(0.2)


def test_f_beta_leans_to_recall_as_beta_grows() -> None:
    t = Tally(*(np.array(float(count)) for count in (90, 60, 10, 100)))  # precision 0.6, recall 0.9
    values = [float(metrics.f_beta(t, beta)) for beta in (0.01, 0.5, 1.0, 2.0, 100.0)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0.6, abs=1e-3)
    assert values[-1] == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize(
    ("counts", "name", "words"),
    [
        ({"tp": 0, "fp": 0, "fn": 3, "tn": 5}, "precision", "nothing was predicted"),
        ({"tp": 0, "fp": 3, "fn": 0, "tn": 5}, "recall", "no row is positive"),
        ({"tp": 3, "fp": 0, "fn": 2, "tn": 0}, "specificity", "no row is other than"),
        ({"tp": 0, "fp": 0, "fn": 0, "tn": 5}, "f1", "no row is positive and none"),
        ({"tp": 0, "fp": 0, "fn": 3, "tn": 5}, "mcc", "one class only"),
    ],
)
def test_a_zero_division_has_no_value_and_says_why(counts: dict[str, int], name: str, words: str) -> None:
    measure = measure_counts(**counts)[name]
    assert np.isnan(measure.value)
    assert words in measure.note
    assert all(not m.note for n, m in measure_counts(tp=1, fp=1, fn=1, tn=1).items()), "only undefined values are noted"


def test_single_class_rows_have_no_auc_and_say_so() -> None:
    measured = Evaluation([1, 1], [[0.2, 0.8], [0.6, 0.4]], classes=["no", "yes"], positive="yes").measure()
    assert np.isnan(measured["auc"].value)
    assert "only one" in measured["auc"].note
    assert np.isnan(measured["specificity"].value)
    assert measured["specificity"].note == "no row is other than yes: 0/0 is not defined"
    assert "no row is no" in measured["balanced_accuracy"].note


def test_a_class_without_rows_is_named_where_it_counts_as_zero_in_a_mean() -> None:
    thirds = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]]
    measured = Evaluation([0, 1], thirds, classes=["a", "b", "c"]).measure()
    assert measured["macro_recall"] == Measure(pytest.approx(2 / 3), "0/0 for c: counted as 0 in the mean")  # type: ignore[arg-type]
    assert "c: left out" in measured["macro_auc"].note
    assert measured["macro_average_precision"].note == "0/0 for c: counted as 0 in the mean"
    assert measured["macro_auc"].value == 1.0
    assert measured["recall[c]"].note == "no row is c: 0/0 is not defined"


def test_no_rows_at_all_are_noted_for_every_metric() -> None:
    measured = Evaluation(np.empty(0), np.empty((0, 2)), classes=["no", "yes"], positive="yes").measure()
    assert {measure.note for measure in measured.values()} == {"there are no rows"}


def test_probabilities_that_are_no_numbers_are_refused_with_the_rows_they_are_in() -> None:
    with pytest.raises(InvalidInput, match="2 of 3 rows") as caught:
        Evaluation([0, 1, 1], [[0.5, 0.5], [np.nan, 0.5], [0.2, np.inf]], classes=["no", "yes"], positive="yes")
    assert "rows 1, 2" in str(caught.value)


def test_the_cost_of_answers_is_a_metric_like_others() -> None:
    def by_hand(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(matrix[..., 1, 0] * 10.0)

    found = Evaluation([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]], classes=["no", "yes"], cost=by_hand).measure()
    assert found["expected_cost"].value == 10.0
