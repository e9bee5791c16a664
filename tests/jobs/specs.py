"""One spec and one place for each cloud, shared by the tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jobs.place import AwsPlace, AzurePlace, GooglePlace
from jobs.spec import TrainingSpec

IMAGE = f"registry.example/outlast@sha256:{'a' * 64}"
ROLE = "arn:aws:iam::123456789012:role/outlast-training"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/outlast"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/outlast"
MANAGED = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/outlast"
CLIENT = "00000000-0000-0000-0000-000000000002"
ACCOUNT = "outlast-training@project.iam.gserviceaccount.com"

_ROOT = {"aws": "s3://bucket", "azure": "az://account/container", "gcp": "gs://bucket"}
_IDENTITY = {"aws": ROLE, "azure": MANAGED, "gcp": ACCOUNT}


def spec_for(cloud: str, **changes: Any) -> TrainingSpec:
    """The same training on this cloud: a folder and a file, an argument that a shell would read otherwise."""
    root = _ROOT[cloud]
    return replace(
        TrainingSpec(
            image=IMAGE,
            data=(f"{root}/data/set/", f"{root}/more/rows.csv"),
            output=f"{root}/output",
            checkpoints=f"{root}/checkpoints",
            arguments=("--problem", "it's $HOME"),
            cpu=2,
            memory_gib=8,
            max_seconds=3600,
            identity=_IDENTITY[cloud],
            environment={"OUTLAST_SEED": "1"},
            labels={"team": "fraud"},
        ),
        **changes,
    )


def _common(cloud: str) -> dict[str, str]:
    root = _ROOT[cloud]
    return {
        "region": {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"}[cloud],
        "training_image": IMAGE,
        "data_address": f"{root}/data",
        "output_address": f"{root}/output",
        "checkpoints_address": f"{root}/checkpoints",
        "identity": _IDENTITY[cloud],
    }


AWS = AwsPlace(**_common("aws"))
AZURE = AzurePlace(**_common("azure"), workspace_id=WORKSPACE, identity_client_id=CLIENT)
GOOGLE = GooglePlace(**_common("gcp"), project="project")
