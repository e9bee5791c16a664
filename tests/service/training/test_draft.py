"""A draft is a sound problem file, and says what was decided of the columns."""

from __future__ import annotations

import pytest

from service.training.draft import draft_problem, write_columns
from service.training.problem import ColumnPlan, parse_problem

PLAN = ColumnPlan(drop=("a", 'say "b"'), parse=("ü",), group="who")


@pytest.mark.parametrize("labels", [["yes", "no", "no"], ["a", "b", "c"]])
def test_a_draft_is_a_sound_problem_file(labels: list[str]) -> None:
    problem = parse_problem(draft_problem("my-table", 'out"come', labels), name="my-table")
    assert problem.positive_class == ("yes" if len(set(labels)) == 2 else None)
    assert problem.floors


def test_what_takes_minutes_on_many_rows_is_not_in_the_grids_of_a_draft() -> None:
    few, many = (parse_problem(draft_problem("t", "y", ["a", "b"] * n), name="t") for n in (100, 2000))
    assert set(few.grids) - set(many.grids) == {"svm"}
    assert "hist_gradient_boosting" in many.grids
    assert few.prefer == "best"


def test_a_draft_says_which_columns_were_decided_of() -> None:
    text = draft_problem("t", "y", ["a", "b"], PLAN)
    assert parse_problem(text, name="t").columns == PLAN
    assert "[columns]" not in draft_problem("t", "y", ["a", "b"])


@pytest.mark.parametrize("before", [ColumnPlan(), ColumnPlan(keep=("x",)), PLAN])
@pytest.mark.parametrize("after", [ColumnPlan(), PLAN])
def test_columns_are_written_into_a_file_that_somebody_has_edited(before: ColumnPlan, after: ColumnPlan) -> None:
    text = draft_problem("t", "y", ["a", "b"], before).replace("= 1.0", "= 7.0  # [columns] of our own")
    written = write_columns(text, after)
    assert written == draft_problem("t", "y", ["a", "b"], after).replace("= 1.0", "= 7.0  # [columns] of our own")
    assert write_columns(written, after) == written


def test_columns_are_written_behind_a_file_without_grids() -> None:
    text = write_columns('objective = "x"\n', ColumnPlan(keep=("a",)))
    assert text.startswith('objective = "x"\n[columns]\nkeep = ["a"]\n')


def test_a_draft_for_free_text_tries_what_reads_it() -> None:
    text = draft_problem("t", "y", ["a", "b"], texts=True)
    assert {"softmax", "linear_svm", "multinomial_naive_bayes"} < set(parse_problem(text, name="t").grids)
    assert "hist_gradient_boosting" not in text
    assert write_columns(write_columns(text, PLAN), ColumnPlan()) == text
