"""A problem file is read whole, or refused with everything that is wrong in it."""

from __future__ import annotations

import pytest

from service.errors import InvalidInput
from service.training.draft import draft_problem
from service.training.fetched import SOURCES
from service.training.problem import PROBLEMS, ColumnPlan, load_problem, parse_problem

GOOD = """
objective = "Tell yes from no."
positive_class = "yes"
[costs]
false_positive = 1
false_negative = 2
[floors]
recall = 0.9
"""


def _mistakes(text: str) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        parse_problem(text, name="test")
    return {mistake.place: mistake.what for mistake in caught.value.mistakes}


@pytest.mark.parametrize("name", sorted(path.stem for path in PROBLEMS.glob("*.toml")))
def test_the_committed_problems_are_sound(name: str) -> None:
    problem = load_problem(name)
    others = {"multinomial_naive_bayes"} if problem.data in SOURCES else {"random_forest", "naive_bayes", "svm"}
    assert set(problem.grids) >= {"softmax", "one_vs_rest", "dummy", *others}


def test_the_committed_floors_are_those_promised() -> None:
    assert dict(load_problem("tumour").floors) == {"recall": 0.90, "specificity": 0.90, "auc": 0.97}
    digits = load_problem("digits")
    assert dict(digits.floors) == {"macro_f1": 0.95}
    assert dict(digits.per_class_floors) == {"recall": 0.85}


def test_what_is_left_out_has_a_default() -> None:
    problem = parse_problem(GOOD, name="test")
    assert (problem.splits.folds, problem.splits.held_out, problem.class_weight) == (5, 0.2, "auto")
    assert problem.prevalence is None
    assert "svm" in problem.grids


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("false_positive = 1", "false_positive = 0", "costs.false_positive"),
        ("false_negative = 2", "false_negative = -3", "costs.false_negative"),
        ("false_negative = 2", "false_negative = inf", "costs.false_negative"),
        ("false_negative = 2", "", "costs.false_negative"),
        ("recall = 0.9", "recall = 1.01", "floors.recall"),
        ("recall = 0.9", "recall = -0.1", "floors.recall"),
        ("recall = 0.9", 'recall = "high"', "floors.recall"),
        ("recall = 0.9", "recal = 0.9", "floors.recal"),
        ("recall = 0.9", "log_loss = 0.1", "floors.log_loss"),
        ("recall = 0.9", "per_class = { recall = 2 }", "floors.per_class.recall"),
        ("recall = 0.9", "", "floors"),
        ('objective = "Tell yes from no."', "objective = ''", "objective"),
        ("[floors]", "prevalence = 1.5\n[floors]", "costs.prevalence"),
        ("[floors]", "[splits]\nfolds = 1\n[floors]", "splits.folds"),
        ("[floors]", "[splits]\nheld_out = 1.0\n[floors]", "splits.held_out"),
        ("[floors]", "[splits]\nseeds = 3\n[floors]", "splits.seeds"),
        ("[floors]", "[prepare]\nclass_weight = 'even'\n[floors]", "prepare.class_weight"),
        ("[floors]", "[grids.forest]\n[floors]", "grids.forest"),
        ("[floors]", "[grids.svm]\nc = [1]\n[floors]", "grids.svm.c"),
        ("[floors]", "[grids.svm]\nC = 1\n[floors]", "grids.svm.C"),
        ("[floors]", "[ranges]\nage = [9, 1]\n[floors]", "ranges.age"),
        ("[floors]", "[colour]\n[floors]", "colour"),
    ],
)
def test_a_mistake_is_named_by_its_key(old: str, new: str, place: str) -> None:
    assert place in _mistakes(GOOD.replace(old, new))


def test_all_mistakes_are_reported_together() -> None:
    text = GOOD.replace("= 1", "= 0").replace("= 2", "= -1").replace("0.9", "9")
    assert set(_mistakes(text)) == {"costs.false_positive", "costs.false_negative", "floors.recall"}


def test_what_is_no_toml_and_a_name_that_is_no_problem_are_refused_with_a_hint() -> None:
    for refused in (lambda: parse_problem("= 3", name="test"), lambda: load_problem("none")):
        with pytest.raises(InvalidInput) as caught:
            refused()
        assert caught.value.hint


def test_columns_calibration_and_preference_are_read_and_checked() -> None:
    more = """
[prepare]
calibration = "isotonic"
[choose]
prefer = "best"
[columns]
drop = ["a", "b"]
time = "day"
"""
    problem = parse_problem(GOOD + more, name="test")
    assert (problem.calibration, problem.prefer) == ("isotonic", "best")
    assert problem.columns == ColumnPlan(drop=("a", "b"), time="day")
    plain = parse_problem(GOOD, name="test")
    assert (plain.calibration, plain.prefer, plain.columns) == ("auto", "simple", ColumnPlan())
    wrong = more.replace("isotonic", "beta").replace('"best"', '"cheap"').replace('["a", "b"]', '"a"')
    assert set(_mistakes(GOOD + wrong)) == {"prepare.calibration", "choose.prefer", "columns.drop"}
    assert set(_mistakes(GOOD + more + 'group = "who"\n')) == {"columns"}


def test_plans_of_columns_are_joined_and_one_way_of_parting_takes_the_place_of_another() -> None:
    file, typed = ColumnPlan(("a", "e"), ("b",), (), "who"), ColumnPlan(("c",), ("a",), ("d",), None, "day")
    assert file.join(typed) == ColumnPlan(("e", "c"), ("b", "a"), ("d",), None, "day")
    assert file.join(ColumnPlan()) == file


def test_what_is_counted_of_a_text_is_one_of_three() -> None:
    text = draft_problem("notes", "t", ["a", "b", "a"], texts=True)
    assert parse_problem(text, name="notes").grids["softmax"]["text"] == ["words", "both"]
    with pytest.raises(InvalidInput, match="is not a problem file") as caught:
        parse_problem(text.replace('"both"', '"letters"'), name="notes")
    assert "each is one of words, characters, both" in str(caught.value)
    with pytest.raises(InvalidInput, match="is not a problem file") as caught:
        parse_problem(text + '[grids.random_forest]\ntext = ["words"]\n', name="notes")
    assert "grids.random_forest.text: is not a parameter of it" in str(caught.value)
