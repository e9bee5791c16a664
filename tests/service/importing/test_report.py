"""The report and the card of an imported model say what it was judged on, and what nobody here can know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.bundle.columns import InputSpec
from service.importing.convert import measure_gap
from service.importing.foreign import Answers
from service.importing.judge import Judged, choose_threshold, judge
from service.importing.report import Parity, Subject, describe_decision, render_card, render_report
from service.training import export
from service.training.draft import draft_problem
from service.training.problem import parse_problem

CLASSES = ("no", "yes")


@pytest.fixture
def judged() -> Judged:
    truth = np.array(["no", "yes"] * 40, dtype=object)
    score = np.where(truth == "yes", 0.95, 0.05) + np.linspace(-0.03, 0.03, 80)
    problem = parse_problem(draft_problem("loans", "y", truth.tolist()), name="loans")
    return judge(
        problem,
        CLASSES,
        truth,
        np.column_stack([1 - score, score]),
        positive="yes",
        threshold=choose_threshold(CLASSES, "yes", np.empty((0, 2)), None, 0.4),
        parity=export.Parity(80, 1e-7, 0, 1e-5),
        released=None,
        resamples=50,
    )


@pytest.fixture
def subject(judged: Judged) -> Subject:
    truth = np.array(CLASSES, dtype=object)[judged.measured.evaluation.truth]
    spec = InputSpec.of_numbers(["age", "height"])
    lines = np.arange(2, 82)
    return Subject("loans", "Made <elsewhere>.", Path("rows.csv"), "0" * 64, "y", truth, lines, ["id"], spec=spec)


@pytest.fixture
def parity(judged: Judged) -> Parity:
    shares = judged.measured.evaluation.probabilities
    near = shares + np.array([[3e-6, -3e-6]])
    return Parity(
        measure_gap(Answers(near, None), shares, CLASSES, {"yes": 0.4}, 1e-5), 1e-5, Answers(near, None), shares
    )


def test_the_report_shows_all_of_it(judged: Judged, subject: Subject, parity: Parity) -> None:
    page = render_report(subject, judged, parity)
    for words in ("May be released.", "Made &lt;elsewhere&gt;.", "Which rows it was trained on.", "height", "3e-06"):
        assert words in page
    assert page.count("<figure>") == 5
    assert "http" not in page


def test_the_card_says_what_is_not_known(judged: Judged, subject: Subject, parity: Parity) -> None:
    card = render_card(subject, judged, parity)
    assert "## What is not known\n\n- Which rows it was trained on." in card
    assert "yes is predicted from a probability of 0.4: it was asked for by --threshold." in card
    assert "On 80 rows the largest gap of a probability is 3e-06 (at most 1e-05 is allowed)" in card
    assert "no 40, yes 40" in card


def test_of_many_classes_the_most_probable_is_predicted(judged: Judged) -> None:
    many = choose_threshold(("a", "b", "c"), None, np.empty((0, 3)), None, None)
    changed = Judged(judged.problem, None, 0.0, many, judged.measured, judged.verdict)
    assert describe_decision(changed) == "The most probable class is predicted."
