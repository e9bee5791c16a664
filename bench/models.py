"""What the harness makes of eight public tables, beside LightGBM, XGBoost and scikit-learn's boosting at defaults.

All are fitted on the same training rows and judged on the same held-out rows, with several seeds. Ours is what `outlast
model train` would release of a draft: searched, calibrated, decided by its threshold. Theirs decide by the highest
probability.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, log_loss
from threadpoolctl import threadpool_limits

from bench.report import QUICK_WARNING, Verdict, at_least, at_most, describe_machine
from bench.tables import TABLES, load_table
from service.evaluation.comparison import run_comparison
from service.evaluation.workbench import Workbench
from service.training.algorithms import ALGORITHMS, require_packages
from service.training.datasets import Dataset
from service.training.draft import draft_problem
from service.training.pipeline import build_pipeline, fit_pipeline
from service.training.problem import ProblemFile, parse_problem

PEERS = ("lightgbm", "xgboost", "hist_gradient_boosting")
POINTS, RATIO = -0.5, 1.02  # to reach: points of macro F1 beside the best peer, log loss over the least of theirs
_SEEDS, _QUICK_SEEDS = (1, 2, 3), (1,)
_QUICK_TABLES = tuple(TABLES)[:1]
_RESAMPLES = 40  # of intervals that nobody reads here
_JOBS = 2  # fits at a time
_DIGITS = 15  # a log loss below 1e-15 is none


@dataclass(frozen=True)
class Score:
    """Of one model on the held-out rows of one table: the means over the seeds."""

    macro_f1: float
    log_loss: float


@dataclass(frozen=True)
class Row:
    """One table: its size, what won with each seed, every model's score, and the seconds that ours took."""

    table: str
    rows: int
    features: int
    classes: int
    winners: tuple[str, ...]
    ours: Score
    peers: Mapping[str, Score]
    seconds: float

    @property
    def points(self) -> float:
        """Macro F1 in points above the best of the peers."""
        return 100 * (self.ours.macro_f1 - max(peer.macro_f1 for peer in self.peers.values()))

    @property
    def ratio(self) -> float:
        """Log loss over the least of the peers'."""
        return self.ours.log_loss / min(peer.log_loss for peer in self.peers.values())


def measure(quick: bool, announce: Callable[[str], None]) -> tuple[str, tuple[Verdict, ...], dict[str, Any]]:
    """The section of the page, the targets, and the figures as plain data."""
    require_packages(PEERS)
    seeds = _QUICK_SEEDS if quick else _SEEDS
    rows = []
    for name in _QUICK_TABLES if quick else TABLES:
        rows.append(measure_table(load_table(name), seeds))
        announce(f"{name}: {rows[-1].points:+.2f} points of macro F1, log loss x {rows[-1].ratio:.3f}")
    verdicts = judge(rows)
    return render(rows, verdicts, seeds, quick=quick), verdicts, {"tables": [asdict(row) for row in rows]}


def measure_table(dataset: Dataset, seeds: Sequence[int]) -> Row:
    """Ours and the peers on one table."""
    found: dict[str, list[Score]] = {name: [] for name in ("ours", *PEERS)}
    winners, seconds = [], 0.0
    for seed in seeds:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
            bench = Workbench(_draft(dataset, seed), dataset, Path(folder), jobs=_JOBS)
            comparison = run_comparison(bench, resamples=_RESAMPLES)
            seconds += time.monotonic() - started
            answers = comparison.contenders[comparison.winner].held_out.evaluation
            winners.append(ALGORITHMS[comparison.winner].title)
            found["ours"].append(score(answers.truth, answers.probabilities, answers.predicted))
            for peer in PEERS:
                found[peer].append(_measure_peer(bench, peer, seed))
    mean = {name: Score(*np.mean([(s.macro_f1, s.log_loss) for s in scores], axis=0)) for name, scores in found.items()}
    ours = mean.pop("ours")
    size = (len(dataset.frame), len(dataset.features), len(set(dataset.labels)))
    return Row(dataset.name, *size, tuple(winners), ours, mean, seconds / len(seeds))


def _draft(dataset: Dataset, seed: int) -> ProblemFile:
    labels = [str(label) for label in dataset.labels]
    problem = parse_problem(draft_problem(dataset.name, dataset.target, labels), name=dataset.name)
    return replace(problem, splits=replace(problem.splits, seed=seed))


def _measure_peer(bench: Workbench, name: str, seed: int) -> Score:
    training, held_out = bench.splits.training, bench.splits.held_out
    rows = bench.dataset.rows()
    pipeline = build_pipeline(name, {}, bench.dataset, classes=len(bench.classes), seed=seed)
    fit_pipeline(pipeline, rows[training], bench.truth[training])
    answers = np.asarray(pipeline.predict_proba(rows[held_out]), dtype=np.float64)
    return score(bench.truth[held_out], answers, answers.argmax(axis=1))


def score(truth: NDArray[np.intp], probabilities: NDArray[np.float64], predicted: NDArray[np.intp]) -> Score:
    """scikit-learn's metrics, which are not our own."""
    labels = np.arange(probabilities.shape[1])
    shares = probabilities / probabilities.sum(axis=1, keepdims=True)  # those of float32 add up to one but for 1e-7
    loss = float(log_loss(truth, shares, labels=labels))
    return Score(float(f1_score(truth, predicted, labels=labels, average="macro")), max(loss, 10.0**-_DIGITS))


def judge(rows: Sequence[Row]) -> tuple[Verdict, ...]:
    """Two targets for each table."""
    return tuple(
        verdict
        for row in rows
        for verdict in (
            at_least(f"{row.table}: points of macro F1 to the best of the three", row.points, POINTS),
            at_most(f"{row.table}: log loss to the least of the three", row.ratio, RATIO),
        )
    )


def render(rows: Sequence[Row], verdicts: Sequence[Verdict], seeds: Sequence[int], *, quick: bool) -> str:
    """The section of the page, as Markdown."""
    heads = ["table", "rows", "columns", "classes", "ours", "macro F1", *PEERS, "log loss", *PEERS, "seconds"]
    measured = {row.table for row in rows}
    missed = sum(verdict.met is False for verdict in verdicts)
    lines = [
        "## The models",
        "",
        *([QUICK_WARNING, ""] if quick else []),
        f"{describe_machine()}.",
        "",
        f"Ours beside LightGBM, XGBoost and scikit-learn's HistGradientBoosting at their defaults: fitted on the same "
        f"rows, judged on the same held-out fifth. Number of splits: {len(seeds)}. `seconds`: our whole search, two "
        f"fits at a time.",
        "",
        "### Targets",
        "",
        f"{missed} of {len(verdicts)} missed.",
        "",
        "| what | measured | to reach | |",
        "|---|---|---|---|",
        *map(str, verdicts),
        "",
        "### Figures",
        "",
        _line(heads),
        _line(["---"] * len(heads)),
        *(_line(_cells(row)) for row in rows),
        "",
        *(f"* {name}: {what}" for name, what in TABLES.items() if name in measured),
        *(f"* {name}: not measured in this run" for name in TABLES if name not in measured),
    ]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> list[str]:
    peers = [row.peers[name] for name in PEERS]
    counts = [f"{row.rows:,}", str(row.features), str(row.classes), " / ".join(dict.fromkeys(row.winners))]
    f1 = [f"{one.macro_f1:.4f}" for one in (row.ours, *peers)]
    losses = [f"{one.log_loss:.4f}" for one in (row.ours, *peers)]
    return [row.table, *counts, *f1, *losses, f"{row.seconds:.0f}"]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
