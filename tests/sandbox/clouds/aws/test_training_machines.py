"""The table of machines is botocore's."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from jobs.machines import MACHINES
from sandbox.clouds.aws.training_machines import TYPES


@pytest.mark.slow
def test_the_types_are_those_of_the_services_model() -> None:
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    assert frozenset(shapes["TrainingInstanceType"]["enum"]) == TYPES


def test_what_jobs_ask_for_is_among_them() -> None:
    assert {machine.name for machine in MACHINES["aws"]} <= TYPES
