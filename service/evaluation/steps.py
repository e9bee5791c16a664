"""The nine steps from a question to a release. Each takes a workbench and leaves an artifact on disk.

Steps 7 to 9 look at the same findings; run one by one they gather them again from the fits that are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from service.bundle.folder import DRAFTS, RELEASED, Release
from service.errors import ReleaseRefused
from service.evaluation.beside import set_beside
from service.evaluation.card import render_card
from service.evaluation.closer import examine
from service.evaluation.exploration import explore
from service.evaluation.findings import Findings, gather_findings
from service.evaluation.intervals import RESAMPLES
from service.evaluation.plots_data import plot_projection
from service.evaluation.quality import report_quality
from service.evaluation.report import render_report
from service.evaluation.schema import refuse_another_schema
from service.evaluation.workbench import Workbench
from service.training.algorithms import ALGORITHMS
from service.training.candidate import Candidate, load_previous, write_candidate
from service.training.fetched import SOURCES
from service.training.pipeline import build_pipeline
from service.training.problem import ProblemFile
from service.training.splits import Rows
from service.training.tuning import list_parameters, search_grids


@dataclass(frozen=True)
class Released:
    """What step 9 did: the release now in place, and whether any byte of it changed."""

    release: Release
    changed: bool


def frame(bench: Workbench) -> Path:
    """Step 1: the problem file, checked, beside the classes that the data holds."""
    said = asdict(bench.problem)
    return bench.write("frame.json", said | {"classes": list(bench.classes), "prevalence_used": bench.prevalence})


def inspect_data(bench: Workbench) -> Path:
    """Step 2: schema and quality of the data."""
    return bench.write("data.json", report_quality(bench.dataset, bench.problem.ranges))


def explore_data(bench: Workbench) -> Path:
    """Step 3: statistics, distributions, correlations, and the projection with its decision boundaries."""
    explored = explore(bench)
    picture = plot_projection(explored, bench.truth, bench.classes)
    bench.folder.mkdir(parents=True, exist_ok=True)
    (bench.folder / "projection.png").write_bytes(picture.content)
    return bench.write("explore.json", explored.to_document())


def prepare(bench: Workbench) -> Path:
    """Step 4: how rows become numbers, and which rows are for what."""
    pipelines = {
        name: [step for step, _ in build_pipeline(name, {}, bench.dataset, classes=len(bench.classes)).steps]
        for name in bench.problem.grids
    }
    return bench.write(
        "prepare.json",
        {
            "input": {"datatype": bench.dataset.datatype, "features": list(bench.dataset.features)},
            "categorical": list(bench.dataset.categorical),
            "labels": {label: index for index, label in enumerate(bench.classes)},
            "class_weight": "balanced" if bench.balanced else "none",
            "pipelines": pipelines,
            "held_out_rows_copied_in_training": bench.copied_rows.tolist(),
            "splits": {"seed": bench.problem.splits.seed, **bench.splits.to_document()},
        },
    )


def train(bench: Workbench) -> Path:
    """Step 5: every algorithm once, at the first point of its grid, cross-validated on the training rows."""
    first = {
        name: {key: [value] for key, value in list_parameters(grid)[0].items()}
        for name, grid in bench.problem.grids.items()
    }
    if bench.budget is not None:  # what the search leaves time for
        return bench.write("train.json", {name: asdict(trials[0]) for name, trials in bench.trials.items()})
    found = search_grids(bench.bench, first, bench.splits.folds, bench.truth)
    return bench.write("train.json", {name: asdict(trials[0]) for name, trials in found.items()})


def tune(bench: Workbench) -> Path:
    """Step 6: every point of every grid, the best first."""
    return bench.write("tune.json", {name: [asdict(t) for t in trials] for name, trials in bench.trials.items()})


def evaluate(found: Findings) -> Path:
    """Step 7: every algorithm measured on the same rows."""
    return found.bench.write("metrics.json", found.to_document())


def present(found: Findings, *, released: Path | None = None) -> Path:
    """Step 8: the report, and the model card; beside what is released now."""
    found.bench.write_text("model-card.md", render_card(found))
    closer = examine(found)
    found.bench.write("closer.json", closer.to_document())
    beside = set_beside(found, _load_released(found.bench.problem, released))
    return found.bench.write_text("report.html", render_report(found, closer, beside))


def _load_released(problem: ProblemFile, released: Path | None) -> Release | None:
    return load_previous((released or home_of(problem)) / problem.name)


def release(found: Findings, *, now: datetime, released: Path | None = None, accept_draft: bool = False) -> Released:
    """Step 9: the candidate goes to the artifacts, and, when the gate lets it, to the released models.

    One of a draft goes to the drafts, which are not committed, and only where that is accepted. Raises ReleaseRefused,
    with every reason, when nothing was released.
    """
    bench, problem = found.bench, found.bench.problem
    target = (released or home_of(problem)) / problem.name
    previous = load_previous(target)
    candidate = _build_candidate(found)
    write_candidate(candidate, bench.folder, previous=previous, now=now)
    found.verdict.require()
    if problem.draft and not accept_draft:
        raise ReleaseRefused(
            f"{problem.name} is a draft: nobody has set its costs and floors, so nothing was released",
            hint="set them in its problem file and delete the line `draft = true`; or --accept-draft, of make "
            "ACCEPT_DRAFT=1",
        )
    written = write_candidate(candidate, target, previous=previous, now=now)
    return Released(written, changed=previous is None or previous.digest != written.digest)


def write_only(found: Findings, *, now: datetime, released: Path | None = None) -> Release:
    """The candidate goes to the artifacts, and nowhere else; its version is the next after what is released."""
    previous = _load_released(found.bench.problem, released)
    return write_candidate(_build_candidate(found), found.bench.folder, previous=previous, now=now)


def home_of(problem: ProblemFile) -> Path:
    """The folder that the problem's model is released into: that of the drafts, as long as it is one.

    So is what learnt from a fetched table: its golden rows and words are other people's mails, and not committed.
    """
    return DRAFTS if problem.draft or problem.data in SOURCES else RELEASED


def gather(
    bench: Workbench, *, released: Path | None = None, accept: tuple[str, ...] = (), fresh: Rows | None = None
) -> Findings:
    """Everything steps 7 to 9 need, measured against what is released now: on `fresh` rows, where these are named."""
    previous = _load_released(bench.problem, released)
    refuse_another_schema(bench, previous.manifest if previous else None)
    return gather_findings(bench, released=previous, resamples=RESAMPLES, accept=accept, fresh=fresh)


def _build_candidate(found: Findings) -> Candidate:
    bench, winner = found.bench, found.winner
    return Candidate(
        problem=bench.problem.name,
        algorithm=ALGORITHMS[winner.algorithm].title,
        dataset=bench.dataset,
        model=winner.model,
        classes=bench.classes,
        positive_class=bench.positive,
        thresholds=found.thresholds,
        predicted=[bench.classes[index] for index in found.cross_validated.evaluation.predicted],
        metrics=found.to_metrics(),
        verdict=found.verdict.to_document(),
    )


def summarise(found: Findings, done: Released | None) -> Mapping[str, Any]:
    """What `model` says at the end, as plain data."""
    judged = found.judged.estimates
    said: dict[str, Any] = {
        "problem": found.bench.problem.name,
        "winner": found.comparison.winner,
        "thresholds": found.thresholds,
        "passed": found.verdict.passed,
        "floors": {
            check.metric: {"floor": check.floor, "low": round(check.low, 4)}
            for check in found.verdict.floors
            if np.isfinite(check.low)
        },
        "held_out": found.select(found.winner.held_out.estimates),
        "judged": found.select(judged),
        "cross_validated": found.select(found.cross_validated.estimates),
        "left_out": [said["column"] for said in found.quality["left_out"]],
        "artifacts": str(found.bench.folder),
    }
    if done:
        said |= {"digest": done.release.digest, "version": done.release.manifest.version, "changed": done.changed}
    return said
