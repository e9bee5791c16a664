"""The stack `training`: what the training jobs of one cloud need, and no job: a run is not a resource.

That is the image that a job runs, by its digest; the store of its data, its output and its checkpoints; and the
identity that it has, which may read the first and write the others. `outlast model train --on aws|azure|gcp` reads the
outputs.
"""

from __future__ import annotations

import importlib
from typing import Any

from infra import plan
from infra.settings.kinds import TrainingSettings

PREFIX = "outlast"
DATA, OUTPUT, CHECKPOINTS = "data", "output", "checkpoints"
"""The three parts of a store; a job may read the first, and writes the other two alone."""

UPLOAD_DAYS = 7
"""After which parts of an upload that nobody finished are deleted: they are paid for and seen by no listing."""


def program(settings: TrainingSettings) -> dict[str, Any]:
    """Register it all; export what a job is started with. Only the stack's own cloud is imported."""
    made: dict[str, Any] = importlib.import_module(f"infra.{settings.cloud}.training").make_training(settings)
    return {"cloud": settings.cloud, "region": settings.region, **made}


def name_training(settings: TrainingSettings) -> str:
    """The one name from which all that has no name of its own is named."""
    return plan.name_site(PREFIX, settings.name)


def name_identity(settings: TrainingSettings) -> str:
    """Of the role, the identity or the service account that a job has."""
    return f"{name_training(settings)}-job"
