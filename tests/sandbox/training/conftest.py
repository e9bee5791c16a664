"""The tiny training image, and runs on a folder of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.images import store as images
from sandbox.training import run
from tests.sandbox.training.tiny_job import Bench, build_job_image


@pytest.fixture(scope="session")
def job_image(tmp_path_factory: pytest.TempPathFactory) -> images.Image:
    return build_job_image(tmp_path_factory.mktemp("job"))


@pytest.fixture
def bench(
    tmp_path: Path, job_image: images.Image, empty_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    monkeypatch.setattr(run, "POLL_WALL_SECONDS", 0.01)
    made = Bench(tmp_path, job_image)
    made.runs.start()
    yield made
    made.runs.stop()
