"""A closer look finds what a model relies on, the rows it gets wrong, and the rows it does worse for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from service.evaluation.closer import Answers, find_worst, look_closer, measure_importance, measure_slices

RNG = np.random.default_rng(7)
ROWS = 600
FRAME = pd.DataFrame(
    {
        "noise": RNG.normal(size=ROWS),
        "signal": RNG.normal(size=ROWS),
        "site": RNG.choice(["north", "south", ""], ROWS),
    }
)


def _predict(raw: np.ndarray) -> np.ndarray:
    share = 1 / (1 + np.exp(-3 * raw[:, 1].astype(float)))
    return np.column_stack([1 - share, share])


RAW = FRAME.to_numpy(dtype=object)
TRUTH = (RNG.random(ROWS) < _predict(RAW)[:, 1]).astype(np.intp)


def _answers(rows: np.ndarray, truth: np.ndarray = TRUTH) -> Answers:
    probabilities = _predict(RAW[rows])
    return Answers(rows, truth[rows], probabilities.argmax(axis=1), probabilities)


def test_what_the_answers_come_from_is_important_and_what_they_do_not_look_at_is_not() -> None:
    found, left_out = measure_importance(list(FRAME), RAW, _predict, _answers(np.arange(0, ROWS, 2)), 1)
    assert found[0].column == "signal"
    assert found[0].loss > 0.3
    assert {(each.column, each.loss) for each in found[1:]} == {("noise", 0.0), ("site", 0.0)}
    assert left_out == 0


def test_a_table_of_very_many_columns_is_measured_in_part() -> None:
    wide = RNG.normal(size=(10, 1600))
    answers = Answers(np.arange(10), TRUTH[:10], TRUTH[:10], np.full((10, 2), 0.5))
    found, left_out = measure_importance(
        [f"x{i}" for i in range(1600)], wide, lambda rows: np.full((10, 2), 0.5), answers, 1
    )
    assert (len(found), left_out) == (1500, 100)


def test_the_rows_least_expected_are_listed_with_what_they_hold() -> None:
    answers = _answers(np.arange(100, 300))
    worst = list(find_worst(FRAME, answers, ["no", "yes"], ["signal", "site"]))
    assert len(worst) == 10
    assert [each.probability for each in worst] == sorted(each.probability for each in worst)
    first = worst[0]
    assert first.predicted != first.true == ["no", "yes"][TRUTH[first.row]]
    assert first.values["signal"] == f"{FRAME['signal'][first.row]:.4g}"
    assert first.values["site"] == (FRAME["site"][first.row] or "(missing)")


def test_a_slice_that_is_wrong_more_often_is_named_and_others_are_not() -> None:
    turned = np.where((FRAME["site"] == "north") & (RNG.random(ROWS) < 0.5), 1 - TRUTH, TRUTH)
    slices = measure_slices(FRAME, _answers(np.arange(ROWS), turned), ["signal", "noise"])
    assert [(each.column, each.value) for each in slices if each.worse][:1] == [("site", "north")]
    north = slices[0]
    assert north.rows == (FRAME["site"] == "north").sum()
    assert north.log_loss > 2 * next(s.log_loss for s in slices if s.value == "south")
    assert {each.value for each in slices if each.column == "site"} == {"north", "south", "(missing)"}
    assert sum(each.column == "signal" for each in slices) == 4, "in quarters"


def test_slices_of_a_model_that_does_alike_everywhere_are_seldom_called_worse() -> None:
    worse = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame({f"c{i}": rng.choice(list("abcd"), 400) for i in range(5)})
        truth, predicted = np.zeros(400, dtype=np.intp), (rng.random(400) < 0.2).astype(np.intp)
        answers = Answers(np.arange(400), truth, predicted, np.full((400, 2), 0.5))
        worse += any(each.worse for each in measure_slices(frame, answers, []))
    assert worse <= 5


def test_a_closer_look_is_plain_data_in_the_end() -> None:
    held_out, judged = _answers(np.arange(0, ROWS, 5)), _answers(np.arange(ROWS))
    document = look_closer(FRAME, RAW, _predict, held_out, judged, ["no", "yes"], 1).to_document()
    assert document["importance"][0]["column"] == "signal"
    assert document["importance_not_measured"] == 0
    assert len(document["worst_rows"]) == 10
    assert {"column", "value", "rows", "accuracy", "log_loss", "worse"} == set(document["slices"][0])
