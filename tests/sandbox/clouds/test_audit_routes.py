"""Which lines of which site go where, and what in the resources keeps them from arriving, as in the real clouds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.audit import AZURE_CONTAINER
from sandbox.clouds.audit_routes import AZURE_SECONDS, Route, list_routes
from sandbox.clouds.aws.audit import STREAM, SUBSCRIPTION
from sandbox.clouds.azure.audit import SETTING
from sandbox.clouds.gcp.audit import SINK
from sandbox.clouds.retention import IMMUTABLE, LOG_BUCKET, S3_LOCK
from tests.sandbox.clouds.audits import ACCOUNT, DAYS, LOGS, RECORDS, ROLE_POLICY, make_audits
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.program import deploy

RECORD, OTHER = b'{"chain": "c", "seq": 0}\n', b'{"level": "INFO"}\n'
ENVIRONMENT = "azure-native:app:ManagedEnvironment"


def routes(clouds: Clouds) -> dict[str, Route]:
    return {route.stack: route for route in list_routes(clouds.world)}


def test_each_site_has_its_own_store_and_time(clouds: Clouds) -> None:
    make_audits(clouds)
    found = routes(clouds)
    assert {stack: (route.folder, route.seconds) for stack, route in found.items()} == {
        "aws": (f"{RECORDS}/audit/", 60.0),
        "azure": (f"{ACCOUNT}/{AZURE_CONTAINER}/", AZURE_SECONDS),
        "gcp": (f"logging.googleapis.com/outlast-sandbox/us-central1/{LOGS}/", 0.0),
    }
    assert {stack: (route.wants(RECORD), route.wants(OTHER)) for stack, route in found.items()} == {
        "aws": (True, False),
        "azure": (True, True),
        "gcp": (True, False),
    }
    assert not found["aws"].wants(b"{torn") and not found["gcp"].wants(b"text\n")


@pytest.mark.parametrize(
    ("type_", "name", "changed", "stack"),
    [
        (SUBSCRIPTION, "one", {"filterPattern": "{ $.level = ERROR }"}, "aws"),
        (ROLE_POLICY, "carrier", {"policy": json.dumps({"Statement": []})}, "aws"),
        (STREAM, "one", {"extendedS3Configuration": {}}, "aws"),
        (ENVIRONMENT, "one", {"appLogsConfiguration": {"destination": "none"}}, "azure"),
        (SETTING, "one", {"logs": [{"category": "ContainerAppSystemLogs", "enabled": True}]}, "azure"),
        (IMMUTABLE, "one", {"allowProtectedAppendWrites": False}, "azure"),
        (SINK, "one", {"destination": "logging.googleapis.com/projects/p/locations/l/buckets/b"}, "gcp"),
        (SINK, "one", {"filter": "severity>=ERROR"}, "gcp"),
        (SINK, "one", {"filter": 'resource.type="gce_instance"'}, "gcp"),
    ],
)
def test_what_is_set_up_wrong_carries_nothing(
    clouds: Clouds, type_: str, name: str, changed: dict[str, Any], stack: str
) -> None:
    make_audits(clouds)
    clouds.only(type_, name).inputs.update(changed)
    assert routes(clouds).keys() == {"aws", "azure", "gcp"} - {stack}


def test_without_a_filter_everything_is_carried(clouds: Clouds) -> None:
    make_audits(clouds)
    clouds.only(SUBSCRIPTION).inputs["filterPattern"] = ""
    clouds.only(SINK).inputs["filter"] = ""
    found = routes(clouds)
    assert found["aws"].wants(OTHER) and found["gcp"].wants(OTHER)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDKs warn of their own while they load
@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_the_programs_of_base_stacks_are_taken_with_an_audit_store(clouds: Clouds, cloud: str) -> None:
    exported = deploy(clouds, f"base-{cloud}", auditRetentionDays=DAYS)[f"base-{cloud}"]
    assert exported["audit"]["target"] and exported["audit"]["retention_days"] == DAYS
    holders = {"aws": S3_LOCK, "azure": IMMUTABLE, "gcp": LOG_BUCKET}
    assert clouds.only(holders[cloud])
