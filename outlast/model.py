"""`outlast model …`: the nine steps to a release, and what a released model needs afterwards."""

from __future__ import annotations

import click

from service.command_line import LazyGroup, Row

_STEPS, _MODELS = "service.evaluation.commands", "outlast.models"
SECTIONS = {
    "All at once": (
        Row("train", "outlast.train.command", "All nine steps, to the released model; here, or --on CLOUD."),
        Row("jobs", "outlast.train.jobs_command", "Training jobs on the clouds: list them, come back to one, stop it."),
    ),
    "Step by step": (
        Row("frame", _STEPS, "Step 1: the problem file, checked."),
        Row("data", _STEPS, "Step 2: schema and quality of the data."),
        Row("explore", _STEPS, "Step 3: statistics, correlations, a projection."),
        Row("prepare", _STEPS, "Step 4: how rows become numbers, and the splits."),
        Row("fit", _STEPS, "Step 5: every algorithm once.", "train"),
        Row("tune", _STEPS, "Step 6: grid search, resumable."),
        Row("evaluate", _STEPS, "Step 7: every algorithm measured on the same rows."),
        Row("present", _STEPS, "Step 8: the report and the model card."),
        Row("release", _STEPS, "Step 9: the gate, and the release."),
    ),
    "The models that are here": (
        Row("list", _MODELS, "Each with digest, problem, metrics and the stacks that name it."),
        Row("default", _MODELS, "Which one the sandbox serves and is asked for; choose it."),
        Row("remove", _MODELS, "Delete one that no stack names."),
    ),
    "From elsewhere": (
        Row("import", "outlast.importing", "Bring in a model that was trained elsewhere, or evaluate predictions."),
    ),
    "Before and after": (
        Row("fetch", "service.training.commands", "Fetch the table of a worked problem, by npm."),
        Row("advise", _STEPS, "Say what to optimise and where to put the threshold."),
        Row("shift", "service.offline.shift", "Compare live predictions with what was released."),
        Row("savedmodel", _STEPS, "Write a linear model as a TensorFlow SavedModel (an extra)."),
    ),
}


@click.group("model", cls=LazyGroup, sections=SECTIONS)
def model() -> None:
    """Train a model, hold it to the gate, release it, and watch what is released.

    `train` is all nine steps, and each step is a command of its own; finished fits are not repeated.
    """


COMMANDS = {"model": model}
