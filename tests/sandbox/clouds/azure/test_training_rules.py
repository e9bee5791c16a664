"""What Azure ML refuses at the call, and what ends a job before its container starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.clouds.azure.training_api import AzureMl
from sandbox.clouds.azure.training_rules import judge, refuse_change
from sandbox.clouds.object_store import ObjectStore
from sandbox.clouds.store import CloudRefused
from sandbox.images import store as images
from sandbox.training.order import Record
from sandbox.training.runs import TrainingRuns
from sandbox.training.surroundings import Surroundings, Verdict
from tests.sandbox.clouds.azure.azure_ml import Workspace
from tests.sandbox.clouds.harness import Clouds


class Service:
    """A workspace, its API, and a request that it takes."""

    def __init__(self, clouds: Clouds, folder: Path, image: images.Image, lacks: str = "") -> None:
        self.clouds, self.objects = clouds, ObjectStore(folder / "objects")
        clouds.world.objects = self.objects
        self.made = Workspace(clouds, self.objects, image, lacks)
        around = Surroundings(lambda record: Verdict(), lambda order: ((), {}, folder))
        self.runs = TrainingRuns(self.objects, folder / "jobs", around)  # never started: nothing leaves the queue
        self.api = AzureMl(clouds.world, self.runs, lambda: 5.0, b"secret")
        self.path = str(self.made.workspace.id)
        self.environment = f"{self.path}/environments/outlast/versions/1"
        self.put("environments/outlast/versions/1", {"image": self.made.image})

    def put(self, below: str, properties: dict[str, Any]) -> dict[str, Any]:
        return self.api.answer("PUT", f"{self.path}/{below}", {"properties": properties})

    def request(self, **more: Any) -> dict[str, Any]:
        blob = "blob.core.windows.net"
        data = {"jobInputType": "uri_folder", "uri": f"wasbs://data@trainstore.{blob}/inputs/"}
        out = {
            "jobOutputType": "uri_folder",
            "mode": "ReadWriteMount",
            "uri": f"wasbs://output@trainstore.{blob}/jobs/1/",
        }
        return {
            "jobType": "Command",
            "command": "python -m service model --data ${{inputs.in00}} --out ${{outputs.out}} --note 'it is'",
            "environmentId": self.environment,
            "inputs": {"in00": data},
            "outputs": {"out": out},
            "resources": {"instanceType": "Standard_D2s_v3", "instanceCount": 1},
            "identity": {"identityType": "Managed", "resourceId": self.made.identity.id},
            "limits": {"timeout": "PT1H30S"},
            **more,
        }

    def record(self, name: str = "one", **more: Any) -> Record:
        self.put(f"jobs/{name}", self.request(**more))
        record = self.runs.find(f"{self.path}/jobs/{name}")
        assert record is not None
        return record


@pytest.fixture
def service(clouds: Clouds, tmp_path: Path, tiny_image: images.Image) -> Service:
    return Service(clouds, tmp_path, tiny_image)


def test_a_request_becomes_an_order(service: Service) -> None:
    order = service.record().order
    data, out = (mount.path for mount in order.mounts)
    assert data.startswith("/mnt/azureml/cr/j/") and data.endswith("/wd/INPUT_in00")
    assert order.command == ("python", "-m", "service", "model", "--data", data, "--out", out, "--note", "it is")
    assert (order.max_seconds, order.stack, order.spot) == (3630.0, "training-azure", False)
    assert [(mount.bucket, mount.key) for mount in order.mounts] == [
        ("trainstore/data", "inputs"),
        ("trainstore/output", "jobs/1"),
    ]
    assert judge(service.clouds.world, service.record("two")) == Verdict()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"jobType": "Sweep"}, "jobs of type Command"),
        ({"command": ""}, "command: Required property"),
        ({"resources": {"instanceType": "m5.large"}}, "VM size 'm5.large' is not supported"),
        ({"environmentId": "/none/environments/a/versions/1"}, "not found"),
        ({"limits": {"timeout": "an hour"}}, "no duration"),
        ({"outputs": {"out": {"uri": "azureml://datastores/x"}}}, "Invalid uri"),
    ],
)
def test_what_cannot_be_is_refused_at_the_call(service: Service, more: dict[str, Any], told: str) -> None:
    with pytest.raises(CloudRefused, match=told):
        service.record(**more)
    with pytest.raises(CloudRefused, match="Invalid job name"):
        service.put("jobs/under score", service.request())


def test_a_put_on_a_job_that_is_there_changes_what_describes_it_alone(service: Service) -> None:
    record = service.record()
    told = service.put("jobs/one", service.request(tags={"team": "fraud"}))
    assert told["properties"]["tags"] == record.request["properties"]["tags"] == {"team": "fraud"}
    with pytest.raises(CloudRefused, match=r"already exists.*existing job's Command, Limits cannot be changed"):
        service.put("jobs/one", service.request(command="python -m other", limits={"timeout": "PT1H"}))
    refuse_change({"command": "a"}, {"command": "a", "displayName": "b", "isArchived": True})


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ("pull", "ImagePullFailure: Failed to pull Docker image"),
        ("read", "ScriptExecution.StreamAccess.Authentication: AuthorizationPermissionMismatch"),
        ("write", "ScriptExecution.WriteStreams.Authentication"),
    ],
)
def test_an_identity_without_a_role_fails_the_job(
    clouds: Clouds, tmp_path: Path, tiny_image: images.Image, lacks: str, told: str
) -> None:
    service = Service(clouds, tmp_path, tiny_image, lacks)
    assert told in judge(clouds.world, service.record()).fails


def test_what_is_not_there_fails_the_job(service: Service) -> None:
    blob = "blob.core.windows.net"
    for name, place in (("a", f"data@trainstore.{blob}/none/"), ("b", f"none@trainstore.{blob}/inputs/")):
        data = {"in00": {"jobInputType": "uri_folder", "uri": f"wasbs://{place}"}}
        record = service.record(name, inputs=data, command="python ${{inputs.in00}} ${{outputs.out}}")
        assert "ScriptExecution.StreamAccess.NotFound" in judge(service.clouds.world, record).fails
    kind = "azure-native:managedidentity:UserAssignedIdentity"
    other = service.made.make(kind, "other", resourceName="other", **_GROUP)
    record = service.record("c", identity={"identityType": "Managed", "resourceId": other.id})
    assert "is not assigned to the workspace" in judge(service.clouds.world, record).fails


_GROUP = {"resourceGroupName": "train", "location": "eastus"}
