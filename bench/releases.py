"""How often the gate refuses luck, and how far releases can slide: regressions simulated where the truth is known.

`python -m bench.releases` lets a candidate as good as the released model be judged on new rows of the same population,
many times, by every metric that is compared; and lets ten candidates follow one another, each truly a little worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import click
import numpy as np

from bench.coverage import CLASSES, to_probability
from bench.simulations import PAGE, replace_section, say_when
from service.command_line import CONTEXT, Command
from service.errors import Deviated
from service.evaluation.costs import tabulate_costs
from service.evaluation.intervals import bootstrap, estimate
from service.evaluation.metrics import Evaluation, Floats
from service.evaluation.regression import Answers, compare_on_rows, compare_with_marks, keep_marks, set_margins
from service.training.problem import Costs

MOST_REFUSED = 0.05
RELEASES = 10
NAMES = (
    *("accuracy", "balanced_accuracy", "mcc", "log_loss", "brier", "calibration_error", "expected_cost", "precision"),
    *("recall", "specificity", "f1", "f2", "auc", "average_precision"),
    *(f"{name}[{label}]" for name in ("recall", "precision") for label in CLASSES),
)
_SHARE = 0.37
_RESAMPLES = 400
_OWN = 0.35  # how much of a score is the model's own luck in training, beside what it shares with others


@dataclass(frozen=True)
class Row:
    """One line of the table: held-out rows, AUC, the share refused, and the worst AUC after ten releases."""

    rows: int
    auc: float
    refused: float
    slid_to: float


def answer(rng: np.random.Generator, truth: Floats, shared: Floats, auc: float) -> Answers:
    """One model's answers to rows: part of its score is what any such model sees, part its own."""
    apart = float(np.sqrt(2)) * NormalDist().inv_cdf(auc)
    own = rng.normal(size=len(truth))
    at = apart * truth + np.sqrt(1 - _OWN) * shared + np.sqrt(_OWN) * own
    said = to_probability(np.log(_SHARE / (1 - _SHARE)) + apart * at - apart**2 / 2)
    costs = tabulate_costs(Costs(1, 5), CLASSES, positive="yes", prevalence=_SHARE)
    evaluation = Evaluation(
        truth.astype(int),
        np.column_stack([1 - said, said]),
        classes=CLASSES,
        positive="yes",
        predicted=(said >= 0.25).astype(int),
        cost=costs,
    )
    samples = bootstrap(evaluation, resamples=_RESAMPLES, seed=20)
    return Answers(estimate(evaluation, drawn=samples), samples)


def _draw(rng: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    truth = (rng.random(rows) < _SHARE).astype(np.float64)
    truth[:2] = 0.0, 1.0
    return truth, rng.normal(size=rows)


def _margins() -> dict[str, float]:
    prior = -(_SHARE * np.log(_SHARE) + (1 - _SHARE) * np.log(1 - _SHARE))
    return set_margins(NAMES, {"log_loss": prior, "brier": _SHARE * (1 - _SHARE), "expected_cost": 630.0})


def is_refused(
    rng: np.random.Generator, rows: int, auc: float, released: float, marks: dict[str, dict[str, object]]
) -> tuple[bool, Answers]:
    """Whether a candidate of this AUC is refused beside a released model of that one, on new rows of both."""
    truth, shared = _draw(rng, rows)
    ours, theirs = answer(rng, truth, shared, auc), answer(rng, truth, shared, released)
    found = compare_on_rows(ours, theirs, _margins(), against="the released model")
    found += compare_with_marks(ours.estimates, marks, _margins())
    return bool(found), ours


def mark(answers: Answers, marks: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """The marks after a release: its own, and the earlier ones that it does not surely beat."""
    own = {name: {**answers.estimates[name].to_document(), "version": "1"} for name in NAMES}
    return own | {name: dict(kept) for name, kept in keep_marks(answers.estimates, marks, ()).items()}


def measure(rows: int, auc: float, draws: int) -> Row:
    """How often a candidate as good as the released model is refused, and the AUC after ten that each lose a little."""
    rng = np.random.default_rng([rows, round(1000 * auc)])
    refused = 0
    for _ in range(draws):
        first = answer(rng, *_draw(rng, rows), auc)
        refused += is_refused(rng, rows, auc, auc, mark(first, {}))[0]
    slid = [_slide(rng, rows, auc) for _ in range(max(3, draws // 20))]
    return Row(rows, auc, refused / draws, min(slid))


def _slide(rng: np.random.Generator, rows: int, auc: float) -> float:
    """The AUC after ten candidates in a row, each 0.01 worse than what is released; one that is refused is not."""
    marks, released = mark(answer(rng, *_draw(rng, rows), auc), {}), auc
    for _ in range(RELEASES):
        refused, answers = is_refused(rng, rows, released - 0.01, released, marks)
        if not refused:
            released, marks = released - 0.01, mark(answers, marks)
    return released


def render(rows: list[Row]) -> str:
    """The table as Markdown."""
    lines = [
        "| held-out rows | AUC | an equal candidate is refused | AUC after ten that each lose 0.01 |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {r.rows} | {r.auc:g} | {r.refused:.1%} | {r.slid_to:.2f} |" for r in rows)])


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--draws", type=click.IntRange(20), default=400, show_default=True)
@click.option("--write", is_flag=True, help=f"Put the table into {PAGE.name}.")
def main(draws: int, write: bool) -> None:
    """Simulate candidates beside the released model. Leaves with 5 where luck is refused in more than 5 %."""
    rows = [measure(n, auc, draws) for n in (114, 500) for auc in (0.8, 0.95)]
    section = f"{render(rows)}\n\n{say_when(f'{draws:,} candidates a line')}"
    click.echo(section)
    if write:
        replace_section("releases", section)
    if any(row.refused > MOST_REFUSED for row in rows):
        raise Deviated(f"more than {MOST_REFUSED:.0%} of equal candidates are refused")


if __name__ == "__main__":
    main(prog_name="python -m bench.releases")
