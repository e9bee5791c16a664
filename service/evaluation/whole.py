"""All nine steps at once, each said while it lasts: what `model train` does, and `up` with a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

from service.evaluation import steps
from service.evaluation.findings import Findings
from service.evaluation.schema import refuse_another_schema
from service.evaluation.workbench import Workbench
from service.training.candidate import load_previous
from service.training.checkpoints import KEEP_DAYS

Step = Callable[[str, str], AbstractContextManager[None]]
"""(name, what it does) -> a context that says so while the step lasts."""

_UNTIL_TUNED: Mapping[str, tuple[str, Callable[[Workbench], Path]]] = {
    "frame": ("reading the problem", steps.frame),
    "data": ("looking at the data's quality", steps.inspect_data),
    "explore": ("exploring the data", steps.explore_data),
    "prepare": ("splitting the rows", steps.prepare),
    "fit": ("fitting every algorithm once", steps.train),
    "tune": ("tuning every algorithm", steps.tune),
}


def _quietly(name: str, doing: str) -> AbstractContextManager[None]:
    return nullcontext()


def run_steps(
    bench: Workbench,
    *,
    now: datetime,
    accept: tuple[str, ...] = (),
    accept_draft: bool = False,
    step: Step = _quietly,
    say: Callable[[str], None],
) -> tuple[Findings, steps.Released]:
    """From the problem to the release, finished fits not redone. Raises ReleaseRefused; the report is there then.

    Fits that nobody asked for in a month are removed, and it is said.
    """
    found = find_winner(bench, accept=accept, step=step, say=say)
    removed, size = bench.bench.kept.remove_old(time.time())
    if removed:
        say(f"note: removed old fits: {removed} ({size / 1e6:.1f} MB), which nobody asked for in {KEEP_DAYS} days")
    with step("release", f"holding {found.comparison.winner} to the release gate"):
        done = steps.release(found, now=now, accept_draft=accept_draft)
    return found, done


def find_winner(
    bench: Workbench,
    *,
    released: Path | None = None,
    accept: tuple[str, ...] = (),
    step: Step = _quietly,
    say: Callable[[str], None],
) -> Findings:
    """From the problem to the report: every step but the release. Finished fits are not redone.

    `released`: the folder of the models that are released now, where it is another than this installation's. A model
    of the same name and another schema is refused before anything is fitted.
    """
    previous = load_previous((released or steps.home_of(bench.problem)) / bench.problem.name)
    refuse_another_schema(bench, previous.manifest if previous else None)
    for name, (doing, run) in _UNTIL_TUNED.items():
        with step(name, doing):
            run(bench)
    with step("evaluate", "measuring every algorithm on the same rows"):
        found = steps.gather(bench, released=released, accept=accept)
        steps.evaluate(found)
    with step("present", "writing the report"):
        report = steps.present(found, released=released)
    say(f"report: {report}")
    return found
