"""`python -m service model`."""

from __future__ import annotations

import json

import click
import numpy as np
from sklearn.linear_model import LogisticRegression

from service.model.datasets import load_bundled
from service.model.export import export_onnx
from service.model.pipeline import build_pipeline
from service.model.release import RELEASED, Candidate, load_previous, read_now, write_candidate


@click.command("model")
@click.option("--problem", default="tumour", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
def make_model(problem: str, as_json: bool) -> None:
    """Train a logistic regression and write it to service/released."""
    dataset = load_bundled(problem)
    classes, positive = ("benign", "malignant"), "malignant"
    encoded = np.array([classes.index(label) for label in dataset.labels])
    pipeline = build_pipeline(LogisticRegression(max_iter=1000)).fit(dataset.rows(), encoded)
    model = export_onnx(pipeline, name=problem, features=len(dataset.features), datatype=dataset.datatype)
    candidate = Candidate(problem, "logistic regression", dataset, model, classes, positive, {positive: 0.5})
    folder = RELEASED / problem
    release = write_candidate(candidate, folder, previous=load_previous(folder), now=read_now())
    said = {"problem": problem, "digest": release.digest, "version": release.manifest.version, "folder": str(folder)}
    click.echo(json.dumps(said) if as_json else f"released {problem} version {said['version']}: {said['digest']}")


COMMANDS = {"model": make_model}
