"""`outlast retrain`: a candidate from the table and the labelled rows that came back, held to the released model.

The two are compared on new rows that the candidate was not trained on: the released model cannot have seen them either,
so neither has an advantage. Nothing is released unless that is asked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import numpy as np
from threadpoolctl import threadpool_limits

from service.bundle.folder import choose_released, load_release
from service.command_line import Command, json_option, model_option, print_json, say
from service.evaluation import steps
from service.evaluation.asked import Wanted, load_asked
from service.evaluation.findings import Findings
from service.evaluation.progress import show_progress
from service.evaluation.workbench import ARTIFACTS, Workbench
from service.offline.feedback import read_feedback
from service.offline.grown import grow_dataset
from service.training.candidate import read_now


@click.command("retrain", cls=Command)
@click.option("--feedback", type=click.Path(path_type=Path), required=True, help="Predictions with their true labels.")
@model_option
@click.option("--problem", default=None, help="The problem file; default: the model's.")
@click.option("--csv", "csv_file", metavar="TABLE", help="The table that the model was trained on.")
@click.option("--target", default=None, help="With --csv: the column to predict.")
@click.option("--artifacts", type=click.Path(path_type=Path), default=None, help="Folder for what the steps leave.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Fits at a time; default: one per core.")
@click.option("--accept", multiple=True, metavar="METRIC", help="Release although this metric regressed.")
@click.option("--release", "asked_release", is_flag=True, help="Release the candidate where the gate lets it.")
@json_option
def retrain(
    feedback: Path,
    model: str | None,
    problem: str | None,
    csv_file: str | None,
    target: str | None,
    artifacts: Path | None,
    jobs: int | None,
    accept: tuple[str, ...],
    asked_release: bool,
    as_json: bool,
) -> None:
    """Train a candidate with labelled rows that came back, and hold it to the released model on the new ones."""
    manifest = load_release(choose_released(model)).manifest
    rows = read_feedback(feedback, manifest)
    asked = load_asked(Wanted(problem or manifest.problem, csv_file, target))
    grown = grow_dataset(asked.dataset, manifest, rows)
    folder = artifacts or ARTIFACTS / f"{manifest.problem}-retrained"
    with threadpool_limits(1), show_progress() as announce:
        bench = Workbench(asked.problem, grown, folder, jobs or os.cpu_count() or 1, announce)
        fresh = np.arange(len(asked.dataset.frame), len(grown.frame))
        found = steps.gather(bench, accept=accept, fresh=fresh)
        steps.evaluate(found)
        report = steps.present(found)
    say(f"report: {report}")
    done = steps.release(found, now=read_now()) if asked_release else None
    if done is None:
        steps.write_only(found, now=read_now())
    document = {**steps.summarise(found, done), "compared": found.verdict.to_document()["compared"]}
    print_json(document) if as_json else click.echo(_say(found, len(fresh), done))
    if done is None:
        found.verdict.require()


def _say(found: Findings, new: int, done: steps.Released | None) -> str:
    compared = found.verdict.to_document()["compared"]
    against = f"compared with the released model on {compared['rows']} of these" if compared else "not compared"
    lines = [
        f"candidate: {found.comparison.winner}, from {len(found.bench.truth)} rows, {new} of them new; {against}",
        f"the gate says {'yes' if found.verdict.passed else 'no'}",
        f"  artifacts {found.bench.folder}",
    ]
    if done is not None:
        lines.append(f"  released  {done.release.folder}, version {done.release.manifest.version}")
    elif found.verdict.passed:
        lines.append("  nothing was released: add --release")
    return "\n".join(lines)


COMMANDS: dict[str, Any] = {"retrain": retrain}
