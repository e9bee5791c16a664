"""A problem file to begin with, for a table that comes without one: text that a person goes on from."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from service.training.problem import ColumnPlan

_MOST_ROWS_OF_SVM = 3000  # its time grows with their square
_GRIDS_OF_TEXT = (
    "[grids.softmax]",
    'text = ["words", "both"]  # what is counted of free text: words and pairs of them, characters, or both',
    "C = [10.0, 100.0]",
    "[grids.one_vs_rest]",
    'text = ["words"]',
    "C = [10.0, 100.0]",
    "[grids.linear_svm]",
    'text = ["words"]',
    "C = [1.0]",
    "[grids.multinomial_naive_bayes]",
    'text = ["words"]',
    "alpha = [0.01, 0.1]",
    "[grids.dummy]",
)


def draft_problem(
    name: str, target: str, labels: Sequence[str], columns: ColumnPlan | None = None, *, texts: bool = False
) -> str:
    """A problem file to begin with, for a table that comes without one: equal costs, a floor just above guessing.

    Of two classes the rarer is taken for the positive one. Its costs and floors are for a person to set. What would
    take minutes on so many rows is not among its grids. `texts`: there is free text among the columns.
    """
    counts = Counter(labels)
    positive = min(sorted(counts), key=lambda label: counts[label])
    lines = [
        f"objective = {json.dumps(f'Predict {target}. (A draft: nobody has set its costs and floors yet.)')}",
        f"data = {json.dumps(name)}",
        *([f"positive_class = {json.dumps(positive)}"] if len(counts) == 2 else []),
        "",
        "[costs]  # what one mistake of each kind costs, in the same unit",
        "false_positive = 1.0",
        "false_negative = 1.0",
        "",
        "[floors]  # lower ends of 95 % intervals, without which nothing is released",
        f"balanced_accuracy = {round(min(0.95, 1 / len(counts) + 0.1), 2)}",
        "log_loss_skill = 0.0  # 0: no better than always saying the classes' shares; 1: sure, and right",
        "calibration = 0.8  # 1 minus the calibration error",
        "",
        "[choose]",
        'prefer = "best"  # or "simple": the first that is not clearly worse, in the order of what is quicker to serve',
        "",
        *_draft_columns(columns or ColumnPlan()),
        *(_GRIDS_OF_TEXT if texts else _draft_grids(len(labels))),
    ]
    return "\n".join(lines) + "\n"


def _draft_grids(rows: int) -> list[str]:
    return [
        "[grids.softmax]",
        "C = [0.1, 1.0]",
        "[grids.one_vs_rest]",
        "C = [0.1, 1.0]",
        "[grids.naive_bayes]",
        "var_smoothing = [1e-9, 1e-2]",
        *(["[grids.svm]", "C = [1.0, 10.0]"] if rows <= _MOST_ROWS_OF_SVM else []),
        "[grids.random_forest]",
        "n_estimators = [100]",
        "min_samples_leaf = [1, 5]",
        "[grids.hist_gradient_boosting]",
        "learning_rate = [0.05, 0.1]",
        "max_leaf_nodes = [8, 31]",
        "[grids.dummy]",
    ]


def write_columns(text: str, plan: ColumnPlan) -> str:
    """A problem file's text with this plan in its part `[columns]`, and nothing else changed."""
    rest = re.sub(r"^\[columns\][^\n]*\n(?:[^\[\n][^\n]*\n)*\n?", "", text, flags=re.MULTILINE)
    part = "\n".join(_draft_columns(plan))
    return re.sub(r"^(?=\[grids\.|\Z)", lambda _: part + "\n" if part else "", rest, count=1, flags=re.MULTILINE)


def _draft_columns(plan: ColumnPlan) -> list[str]:
    """The columns that somebody decided of, so that the file alone makes the same model again."""
    said = {name: value for name, value in asdict(plan).items() if value}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in said.items()]
    return ["[columns]", *lines, ""] if lines else []
