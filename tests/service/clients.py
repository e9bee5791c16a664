"""A released model of somebody's table with texts, trained in the test: `none` is a category in it, `NA` is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
from sklearn.pipeline import Pipeline

from service.bundle.folder import Release
from service.training.candidate import Candidate, write_candidate
from service.training.datasets import Dataset, load_csv
from service.training.export import export_onnx
from service.training.pipeline import build_pipeline, encode_labels, fit_pipeline
from tests.service.server.harness import running

NAME = "clients"


class Trained(NamedTuple):
    """The release, the pipeline that it was exported from, and the table that it was fitted on."""

    release: Release
    pipeline: Pipeline
    dataset: Dataset


def write_table(path: Path, *, rows: int = 240) -> Path:
    """Who has no plan (`none`) leaves; `NA` and empty fields are missing, in a number as in a category."""
    rng = np.random.default_rng(7)
    lines = ["age,plan,country,churn"]
    for _ in range(rows):
        age, plan = int(rng.integers(18, 90)), rng.choice(["basic", "plus", "none", "NA"], p=[0.3, 0.3, 0.3, 0.1])
        country = rng.choice(["FR", "DE", "NA"])
        churn = (plan == "none") != (rng.random() < 0.03)
        lines.append(f"{'' if rng.random() < 0.1 else age},{plan},{country},{'yes' if churn else 'no'}")
    path.write_text("\n".join(lines) + "\n")
    return path


def train(folder: Path) -> Trained:
    """Train it, and release it into `<folder>/clients` without asking the gate."""
    dataset = load_csv(write_table(folder / f"{NAME}.csv"), "churn")
    classes, truth = encode_labels(dataset, "yes")
    rows: Any = dataset.rows()
    pipeline = fit_pipeline(build_pipeline("softmax", {"C": 1.0}, dataset, classes=2), rows, truth)
    model = export_onnx(pipeline, name=NAME, spec=dataset.spec)
    predicted = [classes[i] for i in pipeline.predict(rows)]
    candidate = Candidate(NAME, "softmax", dataset, model, classes, "yes", {"yes": 0.4}, predicted)
    release = write_candidate(candidate, folder / NAME, previous=None, now=datetime(2026, 1, 1, tzinfo=UTC))
    return Trained(release, pipeline, dataset)


@contextmanager
def serving(trained: Trained, folder: Path) -> Iterator[Callable[[httpx.Request], httpx.Response]]:
    """The release at an endpoint, for `httpx.MockTransport`: every request, to whatever host, is sent on to it."""
    settings = {"OUTLAST_MODELS": str(trained.release.folder.parent), "OUTLAST_AUTH": "off"}
    with running(folder, **settings) as server, server.client() as client:

        def pass_on(request: httpx.Request) -> httpx.Response:
            headers = {"content-type": request.headers.get("content-type", "")}
            return client.request(request.method, request.url.path, content=request.content, headers=headers)

        yield pass_on
