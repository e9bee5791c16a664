"""Vertex AI on empty clouds, whose jobs are the tiny program's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.images import store as images
from sandbox.training import run
from tests.sandbox.clouds.gcp.vertex import Vertex
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.training.tiny_job import build_job_image


@pytest.fixture(scope="module")
def job_image(tmp_path_factory: pytest.TempPathFactory) -> images.Image:
    return build_job_image(tmp_path_factory.mktemp("job"))


@pytest.fixture
def vertex(
    clouds: Clouds, tmp_path: Path, job_image: images.Image, empty_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Vertex]:
    monkeypatch.setattr(run, "POLL_WALL_SECONDS", 0.01)
    made = Vertex(clouds, tmp_path, job_image)
    made.bench.runs.start()
    yield made
    made.bench.runs.stop()
