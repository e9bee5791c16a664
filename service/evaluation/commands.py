"""The nine steps as commands, of `outlast model` and of `python -m service`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from service.command_line import Command, say
from service.errors import OutlastError
from service.evaluation import steps
from service.evaluation.advisor import Advice
from service.evaluation.cli import open_bench, print_result, problem_options, release_options
from service.evaluation.comparison import run_comparison, train
from service.evaluation.costs import EXPECTED_COST
from service.evaluation.findings import Findings, advise_on
from service.evaluation.intervals import Estimate
from service.evaluation.thresholds import Point
from service.evaluation.whole import run_steps
from service.evaluation.workbench import Workbench
from service.training.algorithms import LINEAR
from service.training.candidate import read_now
from service.training.savedmodel import export_savedmodel, measure_savedmodel_parity


def _step(name: str, run: Callable[[Workbench], Path]) -> click.Command:
    """A command that runs one step and names its artifact, or prints it with --json."""

    @click.command(name, cls=Command, help=(run.__doc__ or "").strip())
    @problem_options
    def command(as_json: bool, **asked: Any) -> None:
        with open_bench(**asked) as bench:
            path = run(bench)
        if as_json and path.suffix == ".json":
            click.echo(path.read_text(encoding="utf-8"), nl=False)
        else:
            print_result({"artifact": str(path)}, as_json, f"{name}: {path}")

    return command


@click.command("release", cls=Command)
@problem_options
@release_options
def release(as_json: bool, accept: tuple[str, ...], accept_draft: bool, **asked: Any) -> None:
    """Step 9: hold the winner to the gate, and sign it off into service/released; a draft's into service/drafts."""
    with open_bench(**asked) as bench:
        found = steps.gather(bench, accept=accept)
        done = steps.release(found, now=read_now(), accept_draft=accept_draft)
    print_result(steps.summarise(found, done), as_json, _say_released(found, done))


@click.command("model", cls=Command)
@problem_options
@release_options
def model(as_json: bool, accept: tuple[str, ...], accept_draft: bool, **asked: Any) -> None:
    """All nine steps, from the problem file to the released model. Finished fits are not redone."""
    with open_bench(**asked) as bench:
        found, done = run_steps(bench, now=read_now(), accept=accept, accept_draft=accept_draft, say=say)
    print_result(steps.summarise(found, done), as_json, _say_released(found, done))


@click.command("advise", cls=Command)
@problem_options
def advise(as_json: bool, **asked: Any) -> None:
    """Say what to optimise and where to put the threshold, and what that costs beside the common choices."""
    with open_bench(**asked) as bench:
        comparison = run_comparison(bench, resamples=200)
        winner = comparison.contenders[comparison.winner]
        advice = advise_on(bench, winner)
    honest = winner.tuned.estimates[EXPECTED_COST]
    document = {"problem": bench.problem.name, "algorithm": winner.algorithm, **advice.to_document()}
    document["cost_per_1000_of_rows_not_chosen_on"] = honest.to_document()
    print_result(document, as_json, _say_advice(bench, winner.algorithm, advice, honest))


@click.command("savedmodel", cls=Command)
@problem_options
@click.option("--algorithm", type=click.Choice(LINEAR), default=LINEAR[0], show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the SavedModel.")
def savedmodel(as_json: bool, algorithm: str, out: Path, **asked: Any) -> None:
    """Write a linear model as a TensorFlow SavedModel, and hold it to the same parity as ONNX."""
    with open_bench(**asked) as bench:
        pipeline = train(bench, algorithm, bench.trials[algorithm][0].parameters, bench.splits.training)
        export_savedmodel(pipeline, out)
        parity = measure_savedmodel_parity(pipeline, out, bench.dataset.rows())
    said = {"folder": str(out), "rows": parity.rows, "largest_gap": parity.largest_gap, "holds": parity.holds}
    print_result(said, as_json, f"{out}: the largest gap on {parity.rows} rows is {parity.largest_gap:.2g}")
    if not parity.holds:
        raise OutlastError(f"the SavedModel in {out} does not answer like the trained model", hint="do not use it")


def _say_released(found: Findings, done: steps.Released) -> str:
    manifest = done.release.manifest
    low = ", ".join(f"{c.metric} {c.low:.3f} (floor {c.floor:g})" for c in found.verdict.floors)
    news = "new" if done.changed else "answers as released, so not a byte changes"
    return "\n".join(
        [
            f"{manifest.problem} version {manifest.version}: {manifest.algorithm}, {news}",
            f"  digest    {done.release.digest}",
            f"  lower end {low}",
            f"  released  {done.release.folder}",
            f"  serve it  {manifest.problem}@{done.release.digest} in a site's outlast:models",
            f"  report    {found.bench.folder / 'report.html'}",
        ]
    )


def _say_advice(bench: Workbench, algorithm: str, advice: Advice, honest: Estimate) -> str:
    choice = advice.choice
    lines = [
        *([f"First: {choice.ask}."] if choice.ask else []),
        f"The classes: {choice.sizes}.",
        f"Optimise {choice.metric}: {choice.why}.",
        f"What {choice.common} would hide: {choice.hides}.",
        f"Expected loss of 1,000 cases with {algorithm}: {advice.cost_per_1000:.1f}.",
    ]
    if advice.by_cost is not None:
        lines.append(f"Giving each row the class of least expected cost would lose {advice.by_cost:.1f} (not served).")
    best, half = advice.best, advice.half
    if best and half:
        lines += [
            f"Threshold for {bench.positive}: {best.threshold:.3g}. At 0.5 the loss would be {half.cost_per_1000:.1f}; "
            f"perfectly calibrated probabilities would ask for {advice.theoretical:.3f} at the stated prevalence.",
            "These are of the rows that the threshold was chosen on; with one chosen on other rows the loss is "
            f"{honest.measure.value:.1f} ({honest.interval.low:.1f} to {honest.interval.high:.1f}).",
            "Raising the threshold trades recall for precision:",
            "  threshold  recall  precision  specificity  loss of 1,000",
            *(_say_point(point) + ("  <- least" if point == best else "") for point in advice.tug_of_war),
        ]
    return "\n".join(lines)


def _say_point(p: Point) -> str:
    precision = "n/a" if p.precision is None else f"{p.precision:.3f}"
    return f"  {p.threshold:9.3g}  {p.recall:6.3f}  {precision:>9}  {p.specificity:11.3f}  {p.cost_per_1000:13.1f}"


def _evaluate(bench: Workbench) -> Path:
    """Step 7: every algorithm measured on the same rows, with intervals and parity."""
    return steps.evaluate(steps.gather(bench))


def _present(bench: Workbench) -> Path:
    """Step 8: the report, one HTML file, and the model card."""
    return steps.present(steps.gather(bench))


COMMANDS: dict[str, click.Command] = {
    "frame": _step("frame", steps.frame),
    "data": _step("data", steps.inspect_data),
    "explore": _step("explore", steps.explore_data),
    "prepare": _step("prepare", steps.prepare),
    "train": _step("train", steps.train),
    "tune": _step("tune", steps.tune),
    "evaluate": _step("evaluate", _evaluate),
    "present": _step("present", _present),
    "release": release,
    "model": model,
    "advise": advise,
    "savedmodel": savedmodel,
}
