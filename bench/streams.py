"""How often `shift` alarms on clean streams in a month, and what it calls streams of which the change is known.

`python -m bench.streams` releases a model on held-out rows of a known population, and looks at a month of live rows as
the command does by default: a look a day, at the day's rows or at all rows until then. Then inputs, shares of the
classes, and labels change, each alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import click
import numpy as np

from bench.simulations import PAGE, replace_section, say_when
from service.command_line import CONTEXT, Command
from service.errors import Deviated
from service.evaluation.findings import _BINARY_HEADLINES, _HEADLINES
from service.evaluation.intervals import estimate
from service.evaluation.metrics import Evaluation, Floats
from service.evaluation.reliability import describe_reliability
from service.offline.comparing import LOOKS, compare_feedback
from service.offline.feedback import Feedback

MOST_ALARMS = 0.02
_CLASSES = ("no", "yes")
_SHOWN = {
    *_HEADLINES,
    *_BINARY_HEADLINES,
    *(f"{name}[{label}]" for name in ("recall", "precision") for label in _CLASSES),
}
_APART = 2.2

Draw = Callable[[np.random.Generator, int], tuple[Floats, Floats]]  # (generator, rows) -> labels, where they lie


def draw_clean(rng: np.random.Generator, rows: int, share: float = 0.3) -> tuple[Floats, Floats]:
    """As at release: two normals, `share` of the rows from the upper one."""
    truth = (rng.random(rows) < share).astype(np.float64)
    return truth, rng.normal(_APART * truth)


def draw_inputs(rng: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    """Other inputs alone: the rows lie where the two classes meet, and are labelled as rows there always were."""
    at = rng.normal(_APART / 2 + 0.35, 0.5, rows)
    return (rng.random(rows) < _posterior(at)).astype(np.float64), at


def draw_shares(rng: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    """Other shares alone: most rows are of the class that was rare."""
    return draw_clean(rng, rows, 0.8)


def draw_concept(rng: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    """Another relation: a third of what was the upper class is not of it any more."""
    truth, at = draw_clean(rng, rows)
    return truth * (rng.random(rows) > 0.35), at


def _posterior(at: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(np.log(0.3 / 0.7) + _APART * at - _APART**2 / 2))))


def release(rng: np.random.Generator, held_out: int) -> Any:
    """As much of a manifest as `shift` reads, of the model that knows the population."""
    evaluation = _evaluate(*draw_clean(rng, held_out))
    judged = {name: e.to_document() for name, e in estimate(evaluation).items() if name in _SHOWN}
    metrics = {"judged": judged, "reliability": describe_reliability(evaluation)}
    return SimpleNamespace(
        metrics=metrics,
        classes=_CLASSES,
        positive_class="yes",
        problem="simulated",
        reference={},
        input=SimpleNamespace(features=()),
    )


def _evaluate(truth: Floats, at: Floats) -> Evaluation:
    said = _posterior(at)
    shares = np.column_stack([1 - said, said])
    return Evaluation(truth.astype(int), shares, classes=_CLASSES, positive="yes")


def look(manifest: Any, truth: Floats, at: Floats) -> str:
    """What `shift` says of some live rows: nothing, or the cause of what is worse."""
    evaluation = _evaluate(truth, at)
    feedback = Feedback(evaluation.truth, evaluation.predicted, evaluation.probabilities, None, "", "")
    report = compare_feedback(manifest, feedback)
    return "" if report.cause is None else report.cause.name


@dataclass(frozen=True)
class Alarms:
    """How many months of so many rows a day raised an alarm."""

    rows: int
    way: str
    months: int
    alarmed: int


def measure_clean(rows: int, *, growing: bool, months: int, held_out: int) -> Alarms:
    """Months of clean looks: at each day's rows, or at all rows until then."""
    alarmed = 0
    for month in range(months):
        rng = np.random.default_rng([rows, growing, month])
        manifest = release(rng, held_out)
        truth, at = draw_clean(rng, rows * LOOKS)
        ends = [slice(0 if growing else day * rows, (day + 1) * rows) for day in range(LOOKS)]
        alarmed += any(look(manifest, truth[part], at[part]) for part in ends)
    return Alarms(rows, "all rows until then" if growing else "the day's rows", months, alarmed)


def measure_changed(draw: Draw, *, streams: int, rows: int, held_out: int) -> dict[str, int]:
    """What is said of streams with one change: how often each cause, "" where nothing is worse."""
    found: dict[str, int] = {}
    for stream in range(streams):
        rng = np.random.default_rng([rows, stream])
        said = look(release(rng, held_out), *draw(rng, rows))
        found[said] = found.get(said, 0) + 1
    return found


def render(clean: list[Alarms], changed: dict[str, dict[str, int]]) -> str:
    """Both tables as Markdown."""
    lines = ["| rows a day | each day a look at | months | with a false alarm |", "|---|---|---|---|"]
    lines += [f"| {a.rows} | {a.way} | {a.months} | {a.alarmed} ({a.alarmed / a.months:.1%}) |" for a in clean]
    names = ("concept", "inputs", "labels", "unknown", "")
    lines += [
        "",
        "| what changed | called concept shift | inputs | labels | unknown | not worse |",
        "|---|---|---|---|---|---|",
    ]
    for what, found in changed.items():
        total = sum(found.values())
        lines.append(f"| {what} | " + " | ".join(f"{found.get(name, 0) / total:.1%}" for name in names) + " |")
    return "\n".join(lines)


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--months", type=click.IntRange(2), default=200, show_default=True, help="Of clean looks, for each line.")
@click.option("--streams", type=click.IntRange(2), default=400, show_default=True, help="Of each change.")
@click.option("--write", is_flag=True, help=f"Put the tables into {PAGE.name}.")
def main(months: int, streams: int, write: bool) -> None:
    """Simulate clean and changed streams. Leaves with 5 where more than 2 % of clean months alarm."""
    clean = [measure_clean(n, growing=g, months=months, held_out=300) for n in (20, 200) for g in (False, True)]
    changes = {"inputs": draw_inputs, "shares of the classes": draw_shares, "labels": draw_concept}
    changed = {what: measure_changed(draw, streams=streams, rows=800, held_out=300) for what, draw in changes.items()}
    section = f"{render(clean, changed)}\n\n{say_when('300 held-out rows at release, 800 rows a changed stream')}"
    click.echo(section)
    if write:
        replace_section("streams", section)
    if sum(a.alarmed for a in clean) > MOST_ALARMS * sum(a.months for a in clean):
        raise Deviated(f"more than {MOST_ALARMS:.0%} of clean months alarm")


if __name__ == "__main__":
    main(prog_name="python -m bench.streams")
