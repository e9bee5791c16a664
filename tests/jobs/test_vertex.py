"""Vertex AI's request: every field is in the table, and the table is Google's protobuf where that is installed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from jobs.spec import checkpoints_of, job_name, marks, output_of
from jobs.vertex import FIELDS, artifacts_of, build_request, mounted
from tests.jobs.specs import ACCOUNT, GOOGLE, IMAGE, spec_for

SPEC = spec_for("gcp")
KEY = "projects/project/locations/us-central1/keyRings/r/cryptoKeys/k"
ISOLATED = replace(GOOGLE, network="projects/1/global/networks/n", kms_key_name=KEY)
# Field that holds a message -> the message's name in the protobuf.
MESSAGES = {
    "jobSpec": "CustomJobSpec",
    "encryptionSpec": "EncryptionSpec",
    "workerPoolSpecs": "WorkerPoolSpec",
    "scheduling": "Scheduling",
    "baseOutputDirectory": "GcsDestination",
    "machineSpec": "MachineSpec",
    "diskSpec": "DiskSpec",
    "containerSpec": "ContainerSpec",
    "env": "EnvVar",
}


def used(message: str, body: dict[str, Any], found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Message -> the fields of it that a request holds."""
    found.setdefault(message, set()).update(body)
    for name, value in body.items():
        for inner in value if isinstance(value, list) else [value]:
            if name in MESSAGES:
                used(MESSAGES[name], inner, found)
    return found


def test_the_table_names_every_field_and_no_other() -> None:
    found = used("CustomJob", build_request(SPEC, ISOLATED), {})
    assert found == {message: set(fields) for message, fields in FIELDS.items()}


def test_the_table_is_googles() -> None:
    reason = "google-cloud-aiplatform is no dependency: pip install it beside to compare the table"
    types = pytest.importorskip("google.cloud.aiplatform_v1.types", reason=reason)
    for message, fields in FIELDS.items():
        theirs = getattr(types, message).pb().DESCRIPTOR.fields_by_name.values()
        assert set(fields) <= {field.json_name for field in theirs}, message
    for request in (build_request(SPEC, ISOLATED), build_request(replace(SPEC, spot=True), GOOGLE)):
        job = types.CustomJob.from_json(json.dumps(request))
        assert job.job_spec.scheduling.strategy.name in ("STANDARD", "SPOT")


def test_the_container_runs_the_entry_point_with_plain_paths() -> None:
    worker = build_request(SPEC, GOOGLE, 2)["jobSpec"]["workerPoolSpecs"][0]
    container = worker["containerSpec"]
    assert container["imageUri"] == IMAGE and worker["replicaCount"] == "1"
    assert container["command"] == ["python", "-m", "service", "model"]
    assert container["args"] == [
        *("--data", "/gcs/bucket/data/set", "--data", "/gcs/bucket/more/rows.csv"),
        *("--checkpoints", mounted(checkpoints_of(SPEC)), "--out", f"/gcs/bucket/output/{job_name(SPEC, 2)}/model"),
        *("--problem", "it's $HOME"),
    ]
    assert container["env"] == [{"name": "OUTLAST_SEED", "value": "1"}]


@pytest.mark.parametrize(("spot", "strategy"), [(False, "STANDARD"), (True, "SPOT")])
def test_only_a_machine_that_is_taken_away_is_replaced(spot: bool, strategy: str) -> None:
    scheduling = build_request(replace(SPEC, spot=spot), GOOGLE)["jobSpec"]["scheduling"]
    assert scheduling == {"timeout": "3600s", "strategy": strategy, "disableRetries": not spot}


def test_identity_output_and_labels() -> None:
    request = build_request(SPEC, GOOGLE)
    assert request["jobSpec"]["serviceAccount"] == ACCOUNT
    assert request["jobSpec"]["baseOutputDirectory"] == {"outputUriPrefix": output_of(SPEC, 1)}
    assert request["displayName"] == job_name(SPEC, 1)
    assert request["labels"] == marks(SPEC, 1)
    # Google's rule for labels (cloud.google.com/resource-manager/docs/labels-overview).
    texts = [text for each in request["labels"].items() for text in each]
    assert [text for text in texts if not re.fullmatch(r"[a-z0-9_-]{0,63}", text)] == []
    assert "network" not in request["jobSpec"] and "encryptionSpec" not in request


def test_a_network_and_a_key_by_choice() -> None:
    request = build_request(SPEC, ISOLATED)
    assert request["jobSpec"]["network"] == "projects/1/global/networks/n"
    assert request["encryptionSpec"] == {"kmsKeyName": KEY}


def test_artifacts_lie_in_a_folder_of_the_output() -> None:
    assert artifacts_of("gs://b/o/job/") == artifacts_of("gs://b/o/job") == "gs://b/o/job/model/"
