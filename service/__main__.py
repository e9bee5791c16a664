"""`python -m service …`: the model, its evaluation and its server.

Commands are imported when they are called: the image holds what serving needs and nothing of training.
"""

from __future__ import annotations

import click

from service.command_line import CONTEXT, LazyGroup, Row

_SERVER, _STEPS, _OFFLINE = "service.server.commands", "service.evaluation.commands", "service.offline"
SECTIONS = {
    "Serve": (
        Row("serve", _SERVER, "Serve the released models over HTTP."),
        Row("probe", _SERVER, "Ask the server on this machine whether it is healthy."),
        Row("key", _SERVER, "Make an API key and the entry that the server stores of it."),
        Row("audit", _SERVER, "Verify audit logs."),
    ),
    "Train and release": (
        Row("model", "service.evaluation.job_command", "All nine steps, here or as a container's training job."),
        Row("frame", _STEPS, "Step 1: the problem file, checked."),
        Row("data", _STEPS, "Step 2: schema and quality of the data."),
        Row("explore", _STEPS, "Step 3: statistics, correlations, a projection."),
        Row("prepare", _STEPS, "Step 4: how rows become numbers, and the splits."),
        Row("train", _STEPS, "Step 5: every algorithm once."),
        Row("tune", _STEPS, "Step 6: grid search, resumable."),
        Row("evaluate", _STEPS, "Step 7: every algorithm measured on the same rows."),
        Row("present", _STEPS, "Step 8: the report and the model card."),
        Row("release", _STEPS, "Step 9: the gate, and the release."),
        Row("fetch", "service.training.commands", "Fetch the table of a worked problem, by npm."),
        Row("advise", _STEPS, "Say what to optimise and where to put the threshold."),
        Row("savedmodel", _STEPS, "Write a linear model as a TensorFlow SavedModel (an extra)."),
    ),
    "Use offline": (
        Row("predict", f"{_OFFLINE}.batch", "Classify a CSV file, here or by an endpoint."),
        Row("shift", f"{_OFFLINE}.shift", "Compare live predictions with what was released."),
        Row("retrain", f"{_OFFLINE}.retrain", "Train a candidate with labelled rows that came back."),
    ),
}
# Where commands are that were here one release ago.
MOVED = {"bench-metrics": "python -m bench.metrics", "image": "python -m tools.image"}


@click.group(cls=LazyGroup, sections=SECTIONS, moved=MOVED, context_settings=CONTEXT)
def main() -> None:
    """The model, its evaluation harness and its server. Nothing here knows a cloud."""


if __name__ == "__main__":
    main(prog_name="python -m service")
