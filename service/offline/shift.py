"""`outlast model shift`: predictions whose true labels have come back, beside what was promised at release.

Concept shift means that the same inputs now have other labels. It shows in the labels, so it is declared only when a
live metric's 95 % interval lies wholly on the worse side of the released one. Inputs that look different are drift:
they are reported apart and never called shift, because a model may go on being right about them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from service.bundle import reference
from service.bundle.folder import choose_released, load_release
from service.bundle.manifest import Manifest
from service.command_line import Command, json_option, model_option, print_json
from service.errors import InvalidInput, Refused
from service.evaluation.advisor import SMALLER_IS_BETTER
from service.evaluation.intervals import Estimate, estimate
from service.evaluation.metrics import Evaluation
from service.offline.feedback import LEAST_ROWS, Feedback, read_feedback
from service.offline.options import problem_option
from service.training.datasets import BUNDLED, load_bundled

SHIFTED = 5  # exit code: the command ran, and what it measured deviates
_STABILITY_LIMIT = 0.25
_WRITES_ONE = ": --table FILE writes one."


@dataclass(frozen=True)
class Shift:
    """One metric that got worse beyond doubt. `live` and `released`: value, low, high; `class_name` is "" for all."""

    metric: str
    class_name: str
    window: str
    live: tuple[float, float, float]
    released: tuple[float, float, float]


@dataclass(frozen=True)
class Drift:
    """One feature that looks different from training: by population stability (above 0.25) or Kolmogorov-Smirnov."""

    feature: str
    stability: float
    smirnov: float
    critical: float


@dataclass(frozen=True)
class ShiftReport:
    """Live metrics beside released ones, the shifts among them, and input drift apart."""

    rows: int
    window: str
    live: Mapping[str, Estimate]
    released: Mapping[str, Mapping[str, Any]]
    shifts: tuple[Shift, ...]
    drifts: tuple[Drift, ...]
    recommendation: str
    command: str

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "window": self.window,
            "shift": bool(self.shifts),
            "shifts": [asdict(shift) for shift in self.shifts],
            "metrics": {
                name: {"live": self.live[name].to_document(), "released": dict(self.released[name])}
                for name in self.released
                if name in self.live
            },
            "input_drift": [asdict(drift) for drift in self.drifts],
            "recommendation": self.recommendation,
            "command": self.command,
        }


def compare_feedback(manifest: Manifest, feedback: Feedback, *, windows: int = 1, resamples: int = 1000) -> ShiftReport:
    """Hold live predictions to the released intervals, whole and in `windows` equal parts by time."""
    if feedback.truth is None:
        raise InvalidInput("no line has a label, so nothing is known of the answers", hint="add the labels' field")
    released = manifest.metrics.get("judged", {})
    live = _estimate(manifest, feedback, slice(None), resamples)
    shifts = find_shifts(live, released, window="all rows")
    parts = np.array_split(np.arange(len(feedback.truth)), windows) if windows > 1 else []
    for number, part in enumerate(parts, start=1):
        if len(part) >= LEAST_ROWS:
            found = _estimate(manifest, feedback, part, resamples)
            name = f"window {number} of {windows} (rows {part[0] + 1} to {part[-1] + 1})"
            shifts += find_shifts(found, released, window=name)
    drifts = find_drift(manifest, feedback)
    window = f"{feedback.first} to {feedback.last}" if feedback.first else f"rows 1 to {len(feedback.truth)}"
    recommendation, command = recommend(manifest, shifts, drifts, len(feedback.truth))
    return ShiftReport(
        len(feedback.truth), window, live, released, tuple(shifts), tuple(drifts), recommendation, command
    )


def find_shifts(live: Mapping[str, Estimate], released: Mapping[str, Mapping[str, Any]], *, window: str) -> list[Shift]:
    """The metrics whose live interval lies wholly on the worse side of the released one."""
    found = []
    for name, before in released.items():
        if name not in live or before["low"] is None or not np.isfinite(live[name].interval.low):
            continue
        if name == "calibration_error":  # it grows as rows get fewer, whatever the model does
            continue
        interval = live[name].interval
        worse = interval.low > before["high"] if name in SMALLER_IS_BETTER else interval.high < before["low"]
        if worse:
            metric, _, label = name.partition("[")
            value = (live[name].measure.value, interval.low, interval.high)
            was = (before["value"], before["low"], before["high"])
            found.append(Shift(metric, label.rstrip("]"), window, value, was))
    return found


def find_drift(manifest: Manifest, feedback: Feedback) -> list[Drift]:
    """The features whose live values are spread otherwise than in training, the farthest first."""
    if feedback.features is None:
        return []
    found = []
    for index, name in enumerate(manifest.input.features):
        known = manifest.reference.get(name)
        if known is None:
            continue
        expected, live = reference.count_like(known, [row[index] for row in feedback.features])
        if not live.sum() or not expected.sum():
            continue
        stability = reference.population_stability(expected, live)
        numeric = known["kind"] == "numeric"
        smirnov = reference.kolmogorov_smirnov(expected, live) if numeric else float("nan")
        # A hundred features at a level of 1 % would raise one alarm for nothing: the level is shared among them.
        level = 0.01 / len(manifest.input.features)
        critical = reference.smirnov_critical(int(expected.sum()), int(live.sum()), alpha=level)
        if smirnov > critical or (stability > _STABILITY_LIMIT and live.sum() >= 10 * len(live)):
            found.append(Drift(name, round(stability, 4), round(smirnov, 4), round(critical, 4)))
    return sorted(found, key=lambda drift: -drift.stability)


def recommend(manifest: Manifest, shifts: Sequence[Shift], drifts: Sequence[Drift], rows: int) -> tuple[str, str]:
    """What to do, and the command for it."""
    retrain = f"outlast model train --problem {manifest.problem} --csv <table> --target <column>"
    if shifts:
        named = ", ".join(sorted({f"{s.metric} of {s.class_name}" if s.class_name else s.metric for s in shifts}))
        words = f"Concept shift: {named}. Retrain on a table with these rows in it{_WRITES_ONE}"
        return words, retrain
    if drifts:
        words = (
            f"No concept shift, but input drift: {len(drifts)} of {len(manifest.input.features)} features, "
            f"{drifts[0].feature} first. Find out what changed at the source; retrain when labels show that it matters."
        )
        return words, f"outlast model shift --model {manifest.problem} --feedback <later file>"
    return f"Nothing to do: {rows} rows agree with the released intervals.", ""


def _estimate(manifest: Manifest, feedback: Feedback, rows: Any, resamples: int) -> dict[str, Estimate]:
    """The live metrics of some rows; those that need probabilities are left out where there are none."""
    assert feedback.truth is not None
    truth, predicted = feedback.truth[rows], feedback.predicted[rows]
    known = feedback.probabilities is not None
    # Without probabilities the counts are still right; the metrics that would read these are dropped below.
    shares = (
        feedback.probabilities[rows] if feedback.probabilities is not None else np.eye(len(manifest.classes))[predicted]
    )
    evaluation = Evaluation(
        truth, shares, classes=manifest.classes, positive=manifest.positive_class, predicted=predicted
    )
    found = estimate(evaluation, resamples=resamples)
    return {name: e for name, e in found.items() if (known or not _reads_probabilities(name)) and not e.measure.note}


def _reads_probabilities(metric: str) -> bool:
    return any(part in metric for part in ("auc", "average_precision", "log_loss", "brier", "calibration"))


def write_table(path: Path, manifest: Manifest, feedback: Feedback) -> str:
    """Write the labelled rows as a CSV file to train on, behind the bundled data where the model was trained on these.

    Returns the target's column. Raises InvalidInput for feedback without features, Refused where the file is there.
    """
    if feedback.features is None:
        raise InvalidInput("not every line has features, so there are no rows to train on", hint="leave --table out")
    if path.exists():
        raise Refused(f"{path} exists", hint="name another file")
    names, target = list(manifest.input.features), "label"
    while target in names:
        target += "_"
    live = pd.DataFrame(list(feedback.features), columns=names)
    labels = np.array(manifest.classes, dtype=object)[feedback.truth]
    parts = [live.assign(**{target: labels})]
    if manifest.data.name in BUNDLED and (known := load_bundled(manifest.data.name)).sha256 == manifest.data.sha256:
        target = known.target
        parts = [known.frame.assign(**{target: known.labels}), live.assign(**{target: labels})]
    pd.concat(parts).to_csv(path, index=False)
    return target


@click.command("shift", cls=Command)
@click.option("--feedback", type=click.Path(path_type=Path), required=True, help="Predictions with their true labels.")
@model_option
@problem_option
@click.option("--windows", type=click.IntRange(1, 100), default=1, show_default=True, help="Parts by time to look at.")
@click.option("--table", type=click.Path(path_type=Path), default=None, help="Write the rows as a CSV to retrain on.")
@json_option
def shift(
    feedback: Path, model: str | None, problem: str | None, windows: int, table: Path | None, as_json: bool
) -> None:
    """Say whether live predictions still keep what was released. Leaves with 5 when they do not."""
    manifest = load_release(choose_released(problem or model)).manifest
    rows = read_feedback(feedback, manifest)
    report = compare_feedback(manifest, rows, windows=windows)
    if table:
        target = write_table(table, manifest, rows)
        command = report.command.replace("<table>", str(table)).replace("<column>", target)
        words = report.recommendation.replace(_WRITES_ONE, f": {table} is one.")
        report = replace(report, command=command, recommendation=words)
    print_json(_without_nan(report.to_document())) if as_json else click.echo(_say(report))
    sys.exit(SHIFTED if report.shifts else 0)


def _say(report: ShiftReport) -> str:
    lines = [
        f"{report.rows} labelled predictions, {report.window}",
        "  metric                 live                     released",
    ]
    for name, before in report.released.items():
        if name in report.live:
            e = report.live[name]
            live = f"{e.measure.value:.3f} ({e.interval.low:.3f} to {e.interval.high:.3f})"
            lines.append(f"  {name:22} {live:24} {before['value']:.3f} ({before['low']:.3f} to {before['high']:.3f})")
    for s in report.shifts:
        of = f" of class {s.class_name}" if s.class_name else ""
        lines.append(
            f"SHIFT {s.metric}{of}, {s.window}: {s.live[0]:.3f} ({s.live[1]:.3f} to {s.live[2]:.3f}), "
            f"released {s.released[0]:.3f} ({s.released[1]:.3f} to {s.released[2]:.3f})"
        )
    lines += [
        f"input drift, not shift: {d.feature}, stability {d.stability:.2f}, KS {d.smirnov:.3f} (limit {d.critical:.3f})"
        for d in report.drifts[:10]
    ]
    return "\n".join([*lines, report.recommendation, *([f"  {report.command}"] if report.command else [])])


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: null instead."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


COMMANDS = {"shift": shift}
