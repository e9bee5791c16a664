"""The part `metrics`: every metric of 2,000 bootstrap resamples, beside one scikit-learn call for each."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import click

from bench.environments import ROOT
from bench.report import QUICK_WARNING, Verdict, at_least, at_most, describe_machine

RESAMPLES = 2_000
_QUICK_RESAMPLES = 100


def measure(*, quick: bool) -> tuple[str, tuple[Verdict, ...], dict[str, Any]]:
    """The section, its verdicts and the plain data; measured in a process of its own, so that its memory is its own."""
    click.echo("metrics: ours and scikit-learn's", err=True)
    resamples = _QUICK_RESAMPLES if quick else RESAMPLES
    command = [sys.executable, "-m", "service", "bench-metrics", "--json", "--resamples", str(resamples)]
    # It leaves with 1 where a target is missed, which is told here in the table.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise click.ClickException(f"the metrics could not be measured; last words:\n{done.stderr[-1500:]}")
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
