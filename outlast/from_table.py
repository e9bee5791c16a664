"""A table -> a model that the sandbox can serve: the nine steps, each said while it lasts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection

from threadpoolctl import threadpool_limits

from sandbox.steps import Steps
from service.bundle.folder import Release
from service.command_line import working
from service.evaluation.asked import Asked, Wanted, load_asked
from service.evaluation.whole import run_steps
from service.evaluation.workbench import Workbench
from service.training.candidate import read_now

Report = Callable[[str], None]


def train_table(wanted: Wanted, *, accept_draft: bool, report: Report, budget: float | None = None) -> Release:
    """Train, evaluate and release a model of the table; nothing is fitted again that was fitted before.

    The search takes at most `budget` minutes. Raises InvalidInput for a table that cannot be learnt from, and
    ReleaseRefused where the gate says no, or where the problem is a draft that nobody accepted.
    """
    steps = Steps(report, bar=working if sys.stderr.isatty() else None)
    with steps.step("read", f"reading {wanted.csv_file or wanted.problem}"):
        asked = load_asked(wanted)
    _tell(asked, report)
    folder = wanted.folder(asked.problem.name)
    bench = Workbench(asked.problem, asked.dataset, folder, os.cpu_count() or 1, budget=budget)
    with threadpool_limits(1):  # one thread for each process: on shared cores threads wait for each other
        found, done = run_steps(bench, now=read_now(), accept_draft=accept_draft, step=steps.step, say=report)
    metrics = ", ".join(f"{c.metric} {c.value:.3f} ({c.low:.3f} to {c.high:.3f})" for c in found.verdict.floors)
    report(
        f"{asked.problem.name} version {done.release.manifest.version}: {done.release.manifest.algorithm}, {metrics}"
    )
    return done.release


def _tell(asked: Asked, report: Report) -> None:
    """What was done by itself, and what a person may want otherwise."""
    dataset = asked.dataset
    report(
        f"{len(dataset.frame):,} rows, {len(dataset.features)} columns, {dataset.target}: {_classes(dataset.labels)}"
    )
    for column, why in dataset.left_out.items():
        report(f"column {column} is left out: it {why}; --keep {column} learns from it all the same")
    for note in asked.notes:
        report(note)
    if asked.draft:
        report(f"{asked.draft} is a draft: equal costs, and a floor just above guessing")


def _classes(labels: Collection[object]) -> str:
    names = sorted({str(label) for label in labels})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
