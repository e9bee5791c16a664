"""What a training stack's outputs say, and what they lack."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.place import AwsPlace, AzurePlace, GooglePlace, from_outputs
from service.errors import InvalidInput

COMMON = {
    "region": "somewhere",
    "trainingImage": f"registry.example/outlast@sha256:{'a' * 64}",
    "dataAddress": "s3://bucket/data",
    "outputAddress": "s3://bucket/output",
    "checkpointsAddress": "s3://bucket/checkpoints",
    "identity": "whoever",
}


def test_reads_a_place_on_aws() -> None:
    place = from_outputs({**COMMON, "cloud": "aws", "subnets": ["a", "b"], "securityGroups": ["c"], "kmsKeyArn": None})
    assert isinstance(place, AwsPlace)
    assert (place.subnets, place.security_groups, place.kms_key_arn) == (("a", "b"), ("c",), "")
    assert (place.cloud, place.region, place.data_address) == ("aws", "somewhere", "s3://bucket/data")


def test_reads_a_place_on_azure() -> None:
    place = from_outputs({**COMMON, "cloud": "azure", "workspaceId": "/ws", "identityClientId": "id", "kmsKeyId": "k"})
    assert isinstance(place, AzurePlace)
    assert (place.workspace_id, place.identity_client_id, place.kms_key_id) == ("/ws", "id", "k")


def test_reads_a_place_on_google_cloud() -> None:
    place = from_outputs({**COMMON, "cloud": "gcp", "project": "p", "network": "", "more": "ignored"})
    assert isinstance(place, GooglePlace)
    assert (place.project, place.network, place.kms_key_name) == ("p", "", "")


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({}, ["cloud is missing"]),
        ({"cloud": "moon"}, ["cloud is moon"]),
        ({**COMMON, "cloud": "azure", "identity": ""}, ["identity: is missing", "workspaceId: is missing"]),
        ({**COMMON, "cloud": "gcp"}, ["project: is missing or empty", "hint: pulumi up -s training-gcp"]),
        ({**COMMON, "cloud": "aws", "subnets": "one"}, ["subnets: is no list"]),
    ],
)
def test_says_what_the_outputs_lack(outputs: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(InvalidInput) as raised:
        from_outputs(outputs)
    assert [each for each in said if each not in str(raised.value)] == []
