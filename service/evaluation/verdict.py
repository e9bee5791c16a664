"""The winner before the gate: its floors, the released model on the same rows, and what needs no model at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.bundle.classifier import Classifier
from service.bundle.folder import Release
from service.bundle.manifest import Manifest
from service.evaluation.comparison import Contender, Measured, decide_rows, measure_rows
from service.evaluation.costs import EXPECTED_COST
from service.evaluation.gate import Constant, Paired, Verdict, judge_release
from service.evaluation.metrics import Evaluation
from service.evaluation.regression import MARGIN, Answers, compare_on_rows, set_margins
from service.evaluation.workbench import Workbench
from service.training.splits import Rows


def judge_winner(
    bench: Workbench,
    winner: Contender,
    released: Release | None,
    *,
    names: Sequence[str],
    accept: Sequence[str] = (),
    fresh: Rows | None = None,
) -> Verdict:
    """Hold the winner to the floors and, where there is one, to the released model."""
    answer, cost = bench.costs.find_constant(bench.truth[bench.splits.held_out])
    margins = set_margins(names, _measure_baseline(bench) | {EXPECTED_COST: cost})
    judged = winner.held_out.estimates
    return judge_release(
        bench.problem,
        judged,
        classes=bench.classes,
        parity=winner.parity,
        algorithm=winner.algorithm,
        rows=winner.held_out.evaluation.rows,
        released=released.manifest if released else None,
        accept=accept,
        paired=None if released is None else _pair(bench, winner, released, margins, fresh),
        margins=margins,
        constant=Constant(bench.classes[answer], cost, judged[EXPECTED_COST].measure.value),
    )


def _measure_baseline(bench: Workbench) -> dict[str, float]:
    """The losses of saying each class's share of the training rows, of every held-out row."""
    rows, training = bench.splits.held_out, bench.truth[bench.splits.training]
    shares = np.bincount(training, minlength=len(bench.classes)) / len(training)
    said = np.broadcast_to(shares, (len(rows), len(shares)))
    measured = Evaluation(bench.truth[rows], said, classes=bench.classes, positive=bench.positive).measure()
    return {name: measured[name].value for name in ("log_loss", "brier")}


def _pair(
    bench: Workbench, winner: Contender, released: Release, margins: dict[str, float], fresh: Rows | None
) -> Paired | None:
    """Both models on the held-out rows that neither was trained on; None where none are known."""
    rows = _list_unseen(bench, released.manifest, fresh)
    if not len(rows) or not set(released.manifest.input.features) <= set(bench.dataset.features):
        return None
    theirs = _answer(bench, released, rows)
    ours = _measure_winner(bench, winner, rows)
    against = f"version {released.manifest.version} on the same {len(rows)} rows"
    found = compare_on_rows(_as_answers(ours), _as_answers(theirs), margins, against=against)
    return Paired(len(rows), MARGIN, tuple(found))


def _list_unseen(bench: Workbench, manifest: Manifest, fresh: Rows | None) -> Rows:
    """The held-out rows that the released model was not trained on either."""
    held_out = bench.splits.held_out
    if fresh is not None:
        return np.intersect1d(held_out, fresh)
    same_table = manifest.data.sha256 == bench.dataset.sha256
    # Of the same table it held out the same rows, if it held out as many; otherwise it may have learnt from these.
    return held_out if not same_table or manifest.metrics.get("held_out_rows") == len(held_out) else held_out[:0]


def _measure_winner(bench: Workbench, winner: Contender, rows: Rows) -> Measured:
    places = np.searchsorted(bench.splits.held_out, rows)
    said = winner.held_out.evaluation.probabilities[places]
    return measure_rows(bench, rows, said, decide_rows(bench, said, winner.threshold))


def _answer(bench: Workbench, released: Release, rows: Rows) -> Measured:
    """The released model's answers, by its own threshold, in the order of the problem's classes."""
    classifier, columns = Classifier(released), released.manifest.input.features
    given = bench.dataset.rows()[rows][:, [bench.dataset.features.index(name) for name in columns]]
    said = classifier.predict_probabilities(given)
    order = [released.manifest.classes.index(label) for label in bench.classes]
    decided = np.argsort(order)[classifier.decide(said)]
    return measure_rows(bench, rows, np.asarray(said[:, order], dtype=np.float64), decided)


def _as_answers(measured: Measured) -> Answers:
    return Answers(measured.estimates, measured.samples)
