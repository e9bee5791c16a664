"""Answers cost what the problem file says, for two classes and for many."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import InvalidInput
from service.evaluation.costs import expected_cost, tabulate_costs
from service.training.problem import Costs


def test_the_expected_loss_by_hand() -> None:
    """1,000 cases, 100 positive: 10 are missed at 5 each; 900 negative: 90 alarms at 1 each."""
    assert expected_cost(0.9, 0.9, Costs(1, 5), 0.1) == pytest.approx(10 * 5 + 90)


def test_a_matrix_of_two_classes_costs_what_its_recall_and_specificity_do() -> None:
    table = tabulate_costs(Costs(1, 5), ("no", "yes"), positive="yes", prevalence=0.2)
    matrices = np.array([[[80, 20], [1, 9]], [[50, 50], [0, 10]]])
    expected = [expected_cost(0.9, 0.8, Costs(1, 5), 0.2), expected_cost(1.0, 0.5, Costs(1, 5), 0.2)]
    np.testing.assert_allclose(table(matrices), expected)
    assert np.isnan(table(np.array([[80, 20], [0, 0]]))), "nothing is known of the positives"


def test_each_confusion_of_many_classes_has_its_cost() -> None:
    costs = Costs(1, 2, {"cat": {"dog": 10.0, "fox": 0.0}})
    table = tabulate_costs(costs, ("cat", "dog", "fox"), positive=None, prevalence=0.0)
    np.testing.assert_array_equal(table.table, [[0, 10, 0], [3, 0, 3], [3, 3, 0]])
    assert table(np.array([[1, 1, 1], [0, 1, 0], [0, 1, 0]])) == pytest.approx(1000 * 13 / 5)


def test_the_cheapest_constant_answer_is_what_looking_must_beat() -> None:
    table = tabulate_costs(Costs(1, 5), ("no", "yes"), positive="yes", prevalence=0.1)
    assert table.find_constant([0, 0, 0, 1]) == (0, pytest.approx(500))
    assert tabulate_costs(Costs(1, 50), ("no", "yes"), positive="yes", prevalence=0.1).find_constant([0, 1]) == (
        1,
        pytest.approx(900),
    )
    many = tabulate_costs(Costs(1, 1, {"a": {"b": 0.5}}), ("a", "b", "c"), positive=None, prevalence=0.0)
    assert many.find_constant([0, 0, 0, 1, 2]) == (1, pytest.approx(1000 * (3 * 0.5 + 2) / 5))


@pytest.mark.parametrize(
    ("classes", "words"), [(("cat", "dog"), "more than two"), (("cat", "dog", "hen"), "costs.matrix fox")]
)
def test_a_matrix_that_does_not_fit_the_classes_is_refused(classes: tuple[str, ...], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        tabulate_costs(Costs(1, 1, {"cat": {"fox": 2.0}}), classes, positive=None, prevalence=0.0)
