"""The one transformation by which labels reach everything that takes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.tagging import FULL
from sandbox.engine import sdk
from tests.infra.goldens import NAMES
from tests.infra.harness import Run

RunOf = Callable[[str], Run]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_takes_labels_carries_them(run_of: RunOf, name: str) -> None:
    carrying = set[str]()
    for resource in run_of(name).resources:
        field = "labels" if resource.type.startswith("gcp:") else "tags"
        field = "userLabels" if resource.type.startswith("gcp:monitoring/") else field
        ours = resource.type.startswith(("aws:", "azure-native:", "gcp:"))
        if not ours or resource.type in FULL or field not in sdk.inputs_of(resource.type).fields:
            continue
        carried = resource.inputs[field]
        assert (carried["project"], carried["stack"]) == ("outlast", run_of(name).stack), resource.type
        assert name not in ("aws-production", "azure-production", "gcp-production") or carried["owner"] == "ml-platform"
        carrying.add(resource.type)
    assert carrying or name == "traffic"


def test_a_resources_own_tags_stay_beside_them(run_of: RunOf) -> None:
    assert run_of("aws").one("aws:ec2/vpc:Vpc").inputs["tags"] == {
        "project": "outlast",
        "stack": "aws",
        "site": "aws",
        "Name": "outlast-aws",
    }


def test_a_channels_labels_are_its_address_and_nothing_else(run_of: RunOf) -> None:
    channel = run_of("gcp").one("gcp:monitoring/notificationChannel:NotificationChannel").inputs
    assert list(channel["labels"]) == ["email_address"]


def test_an_images_tags_are_no_labels_and_health_checks_have_no_room(run_of: RunOf) -> None:
    assert isinstance(run_of("aws").one("docker-build:index:Image").inputs["tags"], list)
    for check in run_of("traffic").all(FULL[0]).values():
        assert "stack" not in check.inputs["tags"] and len(check.inputs["tags"]) <= 10


def test_the_limit_of_a_health_check_is_still_the_vendors() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("route53").shape_for("ChangeTagsForResourceRequest")
    assert "maximum of 10 tags" in model.members["AddTags"].documentation
