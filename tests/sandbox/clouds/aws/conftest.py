"""SageMaker on empty clouds, whose jobs are the tiny program's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.clouds.aws.training_rules import judge
from sandbox.images import store as images
from sandbox.training import run
from tests.sandbox.clouds.aws.sagemaker import Service
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.training.tiny_job import Bench, build_job_image


@pytest.fixture(scope="module")
def job_image(tmp_path_factory: pytest.TempPathFactory) -> images.Image:
    return build_job_image(tmp_path_factory.mktemp("job"))


@pytest.fixture
def service(
    clouds: Clouds, tmp_path: Path, job_image: images.Image, empty_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    monkeypatch.setattr(run, "POLL_WALL_SECONDS", 0.01)
    bench = Bench(tmp_path, job_image)
    bench.judge = lambda record: judge(clouds.world, record)
    clouds.world.objects = bench.objects
    bench.runs.start()
    made = Service(clouds, bench.runs, bench.objects, bench.image)
    made.bench = bench
    yield made
    bench.runs.stop()
