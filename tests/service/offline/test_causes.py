"""Other inputs, other shares and another relation are told apart; chance is none of them."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.metrics import Evaluation
from service.evaluation.reliability import describe_reliability
from service.offline.causes import CONCEPT, INPUTS, LABELS, UNKNOWN, compare_spread, find_cause, weigh_mistakes


def _stream(seed: int, n: int, *, at: float = 0.0, share: float | None = None, flipped: float = 0.0) -> Evaluation:
    """Two normals a distance of 2 apart, each with half of the rows; the model knows them so."""
    rng = np.random.default_rng(seed)
    if share is None:
        x = rng.normal(at, 1.4, n)
        truth = rng.random(n) < 1 / (1 + np.exp(-2 * x))
    else:
        truth = rng.random(n) < share
        x = rng.normal(np.where(truth, 1.0, -1.0), 1.0)
    said = 1 / (1 + np.exp(-2 * x))
    label = truth ^ ((rng.random(n) < flipped) & (x > 0.5))
    return Evaluation(label.astype(int), np.column_stack([1 - said, said]), classes=["no", "yes"], positive="yes")


@pytest.fixture(scope="module")
def kept() -> dict[str, object]:
    return describe_reliability(_stream(1, 400))


def test_harder_rows_are_other_inputs(kept: dict[str, object]) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(0, 0.3, 600)
    truth = (rng.random(600) < 1 / (1 + np.exp(-2 * x))).astype(int)
    said = 1 / (1 + np.exp(-2 * x))
    near = Evaluation(truth, np.column_stack([1 - said, said]), classes=["no", "yes"], positive="yes")
    assert (near.predicted != near.truth).mean() > 0.3
    cause = find_cause(kept, near)
    assert cause.name == INPUTS
    assert "mistakes" in cause.why


def test_other_shares_of_the_classes_are_labels() -> None:
    at_release = describe_reliability(_stream(5, 600, share=0.5))
    names = {find_cause(at_release, _stream(seed, 800, share=0.02)).name for seed in range(10, 20)}
    assert names & {LABELS, INPUTS}
    assert CONCEPT not in names


def test_labels_that_flipped_are_another_relation(kept: dict[str, object]) -> None:
    assert find_cause(kept, _stream(6, 1200, flipped=0.7)).name == CONCEPT


def test_without_what_it_takes_no_cause_is_told(kept: dict[str, object]) -> None:
    assert find_cause(None, _stream(6, 50)).name == UNKNOWN
    assert find_cause(kept, None).name == UNKNOWN


def test_as_many_mistakes_as_expected_are_likely_and_many_more_are_not(kept: dict[str, object]) -> None:
    chances = [weigh_mistakes(kept, _stream(seed, 200)) for seed in range(100, 200)]
    assert np.mean(np.array(chances) < 0.05) < 0.15
    assert weigh_mistakes(kept, _stream(7, 600, flipped=0.7)) < 1e-4


def test_spreads_of_one_distribution_differ_by_chance() -> None:
    assert compare_spread([50, 30, 20], [5, 3, 2]) > 0.5
    assert compare_spread([50, 30, 20], [0, 3, 27]) < 0.001
    assert compare_spread([50, 30, 20], [0, 0, 0]) == compare_spread([0, 0], [3, 4]) == 1.0
