"""The part `metrics`: every metric of 2,000 bootstrap resamples, beside one scikit-learn call for each.

Both run in one process, on the same rows, one after the other, so the ratio hardly depends on the machine. Theirs is
timed on a few resamples and scaled up: all 2,000 would take the better part of an hour. `python -m bench.metrics` is
that process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn import metrics as sk
from threadpoolctl import threadpool_limits

from bench.environments import ROOT
from bench.report import QUICK_WARNING, Verdict, at_least, at_most, describe_machine
from service.command_line import CONTEXT, Command, json_option, print_json, say
from service.errors import Deviated, OutlastError
from service.evaluation.intervals import bootstrap, draw_resamples
from service.evaluation.metrics import Evaluation

RESAMPLES = 2_000
LEAST_RATIO = 20.0
MOST_MEGABYTES = 200.0
_QUICK_RESAMPLES = 100
_TIMED_RESAMPLES = 3


def measure(*, quick: bool) -> tuple[str, tuple[Verdict, ...], dict[str, Any]]:
    """The section, its verdicts and the plain data; measured in a process of its own, so that its memory is its own."""
    say("metrics: ours and scikit-learn's")
    resamples = _QUICK_RESAMPLES if quick else RESAMPLES
    command = [sys.executable, "-m", "bench.metrics", "--json", "--resamples", str(resamples)]
    # It leaves with 5 where a target is missed, which is told here in the table.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise OutlastError(f"the metrics could not be measured; last words:\n{done.stderr[-1500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    verdicts = (
        at_least("all metrics and resamples: scikit-learn's time to ours", found["ratio"], found["least_ratio"]),
        at_most("MB that ours adds to the process", found["memory_megabytes"], found["most_megabytes"]),
    )
    return render(found, verdicts, quick=quick), verdicts, found


def render(found: dict[str, Any], verdicts: tuple[Verdict, ...], *, quick: bool) -> str:
    """The section of the page, as Markdown."""
    lines = [
        "## The metrics",
        "",
        *([QUICK_WARNING, ""] if quick else []),
        f"{describe_machine()}.",
        "",
        f"{found['rows']:,} rows x {found['classes']} classes, {found['resamples']:,} bootstrap resamples, every",
        f"metric that `service/evaluation` reports, one thread each: ours {found['ours_seconds']} s; one scikit-learn",
        f"call for each metric and resample {found['scikit_learn_seconds_scaled']:,} s, scaled up from "
        f"{found['scikit_learn_resamples_timed']} resamples that were timed in the same process.",
        "",
        "| what | measured | to reach | |",
        "|---|---|---|---|",
        *map(str, verdicts),
    ]
    return "\n".join(lines) + "\n"


def measure_speed(rows: int, classes: int, resamples: int) -> dict[str, Any]:
    """Seconds of both, their ratio, and how far our memory grew."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, classes, rows)
    raw = rng.random((rows, classes)) + np.eye(classes)[truth]
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    evaluation = Evaluation(truth, probabilities, classes=[str(index) for index in range(classes)])
    bootstrap(evaluation, resamples=2)  # whatever is loaded at first use is not what is measured
    with threadpool_limits(1):
        before = _peak_megabytes()
        ours = _seconds_of(lambda: bootstrap(evaluation, resamples=resamples))
        grown = _peak_megabytes() - before
        (weights,) = draw_resamples(rows, _TIMED_RESAMPLES, seed=0)
        drawn = [np.repeat(np.arange(rows), weights[:, b]) for b in range(_TIMED_RESAMPLES)]
        theirs = _seconds_of(lambda: [_call_scikit_learn(truth[d], probabilities[d], classes) for d in drawn])
    theirs *= resamples / _TIMED_RESAMPLES
    return {
        "rows": rows,
        "classes": classes,
        "resamples": resamples,
        "ours_seconds": round(ours, 2),
        "scikit_learn_seconds_scaled": round(theirs, 1),
        "scikit_learn_resamples_timed": _TIMED_RESAMPLES,
        "ratio": round(theirs / ours, 1),
        "least_ratio": LEAST_RATIO,
        "memory_megabytes": round(grown, 1),
        "most_megabytes": MOST_MEGABYTES,
        "holds": theirs / ours >= LEAST_RATIO and grown <= MOST_MEGABYTES,
    }


def _call_scikit_learn(truth: NDArray[np.intp], probabilities: NDArray[np.float64], classes: int) -> object:
    """One call for each metric, as one would without vectorising; the same metrics, averages and classes as ours."""
    predicted, one_hot = probabilities.argmax(axis=1), np.eye(classes)[truth]
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sk.accuracy_score(truth, predicted)
        sk.balanced_accuracy_score(truth, predicted)
        sk.matthews_corrcoef(truth, predicted)
        for average in (None, "macro", "micro", "weighted"):
            sk.precision_score(truth, predicted, average=average)
            sk.recall_score(truth, predicted, average=average)
            sk.f1_score(truth, predicted, average=average)
            sk.fbeta_score(truth, predicted, beta=2, average=average)
            sk.roc_auc_score(one_hot, probabilities, average=average)
            sk.average_precision_score(one_hot, probabilities, average=average)
        sk.multilabel_confusion_matrix(truth, predicted)  # specificity, which it has no call for
        sk.log_loss(truth, probabilities)
        return sk.brier_score_loss(truth, probabilities, labels=list(range(classes)))


def _seconds_of(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _peak_megabytes() -> float:
    """The most memory that this process ever held. Linux's ru_maxrss would count its parent's, from before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--rows", type=click.IntRange(10), default=10_000, show_default=True)
@click.option("--classes", type=click.IntRange(2), default=10, show_default=True)
@click.option("--resamples", type=click.IntRange(1), default=RESAMPLES, show_default=True)
@json_option
def main(rows: int, classes: int, resamples: int, as_json: bool) -> None:
    """Time all metrics of many resamples against one scikit-learn call for each. Leaves with 5 on a missed target."""
    found = measure_speed(rows, classes, resamples)
    words = (
        f"{rows} rows x {classes} classes, {resamples} resamples, every metric: {found['ours_seconds']} s, "
        f"{found['memory_megabytes']} MB; scikit-learn {found['scikit_learn_seconds_scaled']} s (scaled from "
        f"{_TIMED_RESAMPLES} resamples): {found['ratio']} times as long (at least {LEAST_RATIO:g} asked for)"
    )
    print_json(found) if as_json else click.echo(words)
    if not found["holds"]:
        raise Deviated(f"at least {LEAST_RATIO:g} times and at most {MOST_MEGABYTES:g} MB were asked for")


if __name__ == "__main__":
    main(prog_name="python -m bench.metrics")
