"""`outlast model shift`: live predictions beside what was promised at release, with their true labels or without.

A metric is worse where it is so beyond doubt (`comparing`). Why it is worse is asked next (`causes`): harder rows and
other shares of the classes are named as that, and only a relation of inputs and labels that has changed itself is
called concept shift. Inputs that look different are drift (`drift`): they are reported apart, because a model may go on
being right about them. Without labels drift is all there is, beside how right the model's own probabilities expect it
to be.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from service.bundle.folder import choose_released, load_release
from service.command_line import Command, json_option, leave, model_option, print_json, working
from service.offline.comparing import LOOKS, WRITES_ONE, Shift, ShiftReport, compare_feedback
from service.offline.feedback import read_feedback
from service.offline.grown import write_table
from service.offline.options import problem_option

SHIFTED = 5  # exit code: the command ran, and what it measured deviates


@click.command("shift", cls=Command)
@click.option("--feedback", type=click.Path(path_type=Path), required=True, help="Predictions, with their true labels.")
@model_option
@problem_option
@click.option("--windows", type=click.IntRange(1, 100), default=1, show_default=True, help="Parts by time to look at.")
@click.option("--looks", type=click.IntRange(1), default=LOOKS, show_default=True, help="How often a month you look.")
@click.option("--table", type=click.Path(path_type=Path), default=None, help="Write the rows as a CSV to retrain on.")
@json_option
def shift(
    feedback: Path, model: str | None, problem: str | None, windows: int, looks: int, table: Path | None, as_json: bool
) -> None:
    """Say whether live predictions still keep what was released, and why not. Leaves with 5 when they do not."""
    manifest = load_release(choose_released(problem or model)).manifest
    rows = read_feedback(feedback, manifest)
    with working("comparing with what was released"):
        report = compare_feedback(manifest, rows, windows=windows, looks=looks)
    if table:
        target = write_table(table, manifest, rows)
        command = report.command.replace("<table>", str(table)).replace("<column>", target)
        words = report.recommendation.replace(WRITES_ONE, f": {table} is one.")
        report = replace(report, command=command, recommendation=words)
    print_json(_without_nan(report.to_document())) if as_json else click.echo(_say(report))
    if report.worse:
        leave(SHIFTED, report.command or "do as the last line above says")


def _say(report: ShiftReport) -> str:
    lines = [
        f"{report.rows} {'labelled predictions' if report.labelled else 'predictions without labels'}, {report.window}"
    ]
    if report.live:
        lines.append("  metric                 live                     released")
    for name, before in report.released.items():
        if name in report.live:
            e = report.live[name]
            live = f"{e.measure.value:.3f} ({e.interval.low:.3f} to {e.interval.high:.3f})"
            lines.append(f"  {name:22} {live:24} {_say_released(before)}")
    if report.expected_right is not None:
        lines.append(f"as sure as these are, answers were right in {report.expected_right:.1%} at release")
    word = "SHIFT" if report.shifts else "WORSE"
    lines += [f"{word} {_say_worse(worse)}" for worse in report.worse]
    lines += [f"drift, not shift: {drift.words}" for drift in report.drifts[:10]]
    return "\n".join([*lines, report.recommendation, *([f"  {report.command}"] if report.command else [])])


def _say_released(before: Any) -> str:
    if None in (before["value"], before["low"], before["high"]):
        return "n/a"
    return f"{before['value']:.3f} ({before['low']:.3f} to {before['high']:.3f})"


def _say_worse(worse: Shift) -> str:
    of = f" of class {worse.class_name}" if worse.class_name else ""
    live, was = worse.live, worse.released
    return (
        f"{worse.metric}{of}, {worse.window}: {live[0]:.3f} ({live[1]:.3f} to {live[2]:.3f}), "
        f"released {was[0]:.3f} ({was[1]:.3f} to {was[2]:.3f})"
    )


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: null instead."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


COMMANDS = {"shift": shift}
