"""A candidate that a job trained, held here to what the job was started for, to the gate, and to its own answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from outlast.train.fetching import Trained
from service.bundle.classifier import Classifier
from service.bundle.folder import Release, load_release, write_release
from service.bundle.manifest import MANIFEST_FILE
from service.errors import Mistake, ModelMismatch, Refused, ReleaseRefused
from service.evaluation.steps import Released
from service.training.candidate import load_previous
from service.training.job_inputs import JobInputs
from service.training.problem import ProblemFile


@dataclass(frozen=True)
class Result:
    """What a job made, fetched into a folder: the candidate in it is a release that nobody has put in place."""

    cloud: str
    job: str
    folder: Path
    trained: Trained
    candidate: Release


def open_result(cloud: str, job: str, folder: Path, trained: Trained, inputs: JobInputs | None) -> Result:
    """Read what was fetched. Raises ModelMismatch where it is not of the inputs that the job was started with."""
    if inputs is not None and trained.inputs != inputs:
        what = f"the results of {job} were made of other inputs than it was started with"
        raise ModelMismatch(what, hint="start the training again")
    candidate = load_release(folder)
    if candidate.digest != trained.digest:
        what = f"{job} says that it made {trained.digest}, and what it left is {candidate.digest}"
        raise ModelMismatch(what, hint="start the training again")
    _refuse_other_answers(job, candidate)
    return Result(cloud, job, folder, trained, candidate)


def require_gate(result: Result, problem: ProblemFile, *, accept_draft: bool) -> None:
    """Raise ReleaseRefused where the gate said no in the job, or the problem file's floors do not hold here.

    The verdict is what the job wrote; the floors are held once more to the intervals in its manifest.
    """
    verdict = result.candidate.manifest.verdict
    reasons = [Mistake("", str(reason)) for reason in verdict.get("reasons", ())]
    reasons += _find_low_floors(result, problem)
    if reasons or not result.trained.passed:
        hint = f"nothing was released; read {result.folder / 'report.html'}, then mend the data, the grid or the floors"
        raise ReleaseRefused("the release gate said no", reasons, hint=hint)
    if problem.draft and not accept_draft:
        what = f"{problem.name} is a draft: nobody has set its costs and floors, so nothing was released"
        raise ReleaseRefused(what, hint="set them and delete the line `draft = true`; or --accept-draft")


def put_in_place(result: Result, target: Path, training: Mapping[str, Any]) -> Released:
    """Write the candidate, with how it was trained, into the folder of the released model.

    One that answers as the released model does changes no byte. Raises Refused where that model is another one than
    the candidate was held to.
    """
    previous, candidate = load_previous(target), result.candidate
    if previous is not None and _is_released(candidate, previous):
        return Released(previous, changed=False)
    _refuse_change_meanwhile(result, previous)
    manifest = replace(candidate.manifest, training=training)
    return Released(write_release(target, manifest, candidate.model_bytes, candidate.golden), changed=True)


def _is_released(candidate: Release, released: Release) -> bool:
    """Whether what is released is this candidate, byte for byte, or with how it was trained written into its manifest.

    A manifest pins the model and the golden rows by their digests.
    """
    if released.digest == candidate.digest:
        return True
    return replace(released.manifest, training=candidate.manifest.training) == candidate.manifest


def _refuse_other_answers(job: str, candidate: Release) -> None:
    """The golden rows are answered once more, on this machine's processor."""
    if failures := Classifier(candidate).golden_failures():
        mistakes = [Mistake("golden row", failure) for failure in failures]
        what = f"the model of {job} does not answer here as it did where it was trained"
        raise ModelMismatch(
            what, mistakes, hint="do not serve it: compare the versions in its manifest with these here"
        )


def _find_low_floors(result: Result, problem: ProblemFile) -> list[Mistake]:
    judged: Mapping[str, Any] = result.candidate.manifest.metrics.get("judged", {})
    floors = dict(problem.floors)
    classes = result.candidate.manifest.classes
    floors |= {f"{name}[{label}]": floor for name, floor in problem.per_class_floors.items() for label in classes}
    lows = {metric: judged.get(metric, {}).get("low") for metric in floors}
    told = {
        str(check.get("metric")) for check in result.candidate.manifest.verdict.get("floors", ()) if not check["holds"]
    }
    return [
        Mistake(metric, f"the lower end {lows[metric]} is below the floor {floor:g}")
        for metric, floor in floors.items()
        if metric not in told and not (isinstance(lows[metric], int | float) and lows[metric] >= floor)
    ]


def _refuse_change_meanwhile(result: Result, previous: Release | None) -> None:
    held_to = result.trained.inputs.released.get(MANIFEST_FILE)
    now = None if previous is None else hashlib.sha256((previous.folder / MANIFEST_FILE).read_bytes()).hexdigest()
    if held_to != now:
        what = f"the released {result.trained.problem} is another one than {result.job} was held to"
        raise Refused(what, hint="start the training again: the next job is held to that one")
