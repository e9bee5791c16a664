"""The same records through three APIs, in whatever form a carrier gave them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import moto
import pytest

from failover.levers.clouds import Clouds
from infra.audit import AZURE_CONTAINER, AuditStore
from outlast.audit.reading import read_lines
from sandbox.daemon.private_stores import PrivateStores
from service.errors import Unavailable
from tests.outlast.chains import chain
from tests.sandbox.clouds import audits
from tests.sandbox.clouds.harness import Clouds as Simulated

RECORDS = chain("site", "replica")
PATH = f"projects/outlast-sandbox/locations/us-central1/buckets/{audits.LOGS}"
S3 = AuditStore("base-aws", "aws", "us-east-1", "records", 30, True)
BLOBS = AuditStore("base-azure", "azure", "eastus", audits.ACCOUNT, 30, False)
ENTRIES = AuditStore("base-gcp", "gcp", "us-central1", PATH, 30, True)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="records", ObjectLockEnabledForBucket=True)
        yield client


def test_objects_of_s3_are_read_though_somebody_hid_one(s3: Any) -> None:
    for number, line in enumerate(RECORDS):
        s3.put_object(Bucket="records", Key=f"audit/2026/{number}", Body=line)
    s3.put_object(Bucket="records", Key="errors/one", Body=b"no record\n")
    s3.delete_object(Bucket="records", Key="audit/2026/1")
    assert sorted(read_lines(S3, Clouds({}))) == sorted(RECORDS)


def test_a_bucket_that_is_not_there_is_told(s3: Any) -> None:
    gone = AuditStore("base-aws", "aws", "us-east-1", "nowhere", 30, True)
    with pytest.raises(Unavailable, match="could not read s3://nowhere/audit/"):
        list(read_lines(gone, Clouds({})))


@pytest.fixture
def vendors(clouds: Simulated) -> Clouds:
    """The sandbox's own stores, with nothing in them."""
    audits.make_azure(clouds)
    audits.make_gcp(clouds)
    stores = PrivateStores(clouds.world, clouds.world.objects, lambda cloud: False)

    def answer(request: httpx.Request) -> httpx.Response:
        reply = stores.answer(request.method, request.url.path, {}, request.content, dict(request.url.params))
        assert reply is not None, request.url
        return httpx.Response(reply.status, content=reply.body)

    environ = {f"OUTLAST_{name}_{what}": "http://127.0.0.1:1" for name in ("AZURE", "GOOGLE") for what in ("ENDPOINT",)}
    tokens = {f"OUTLAST_{name}_TOKEN": "token" for name in ("AZURE", "GOOGLE")}
    return Clouds({**environ, **tokens}, transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("form", ["text", "map", "properties as text"])
def test_blobs_are_read_in_each_form_that_a_diagnostic_setting_may_have(
    clouds: Simulated, vendors: Clouds, form: str
) -> None:
    def console(line: bytes) -> bytes:
        properties: Any = {"Log": json.loads(line) if form == "map" else line.decode().strip()}
        properties = json.dumps(properties) if form == "properties as text" else properties
        return json.dumps({"category": "ContainerAppConsoleLogs", "properties": properties}).encode() + b"\n"

    blob = f"{audits.ACCOUNT}/{AZURE_CONTAINER}/resourceId=/SUBSCRIPTIONS/S/y=2026/PT1H.json"
    clouds.world.objects.append(blob, b"".join(map(console, RECORDS)) + b"torn")
    *lines, torn = read_lines(BLOBS, vendors)
    assert [json.loads(line) for line in lines] == [json.loads(line) for line in RECORDS]
    assert torn == b"torn"


def test_a_container_that_is_not_there_is_told(vendors: Clouds) -> None:
    gone = AuditStore("base-azure", "azure", "eastus", "nowhere", 30, False)
    with pytest.raises(Unavailable, match="there is no such container"):
        list(read_lines(gone, vendors))


def test_entries_are_read_page_by_page(clouds: Simulated) -> None:
    pages = {"": (RECORDS[:2], "more"), "more": (RECORDS[2:], "")}

    def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        assert asked["resourceNames"] == [f"{PATH}/views/_AllLogs"]
        lines, token = pages[asked.get("pageToken", "")]
        return httpx.Response(
            200, json={"entries": [{"jsonPayload": json.loads(x)} for x in lines], "nextPageToken": token}
        )

    clouds_ = Clouds({"OUTLAST_GOOGLE_TOKEN": "token"}, transport=httpx.MockTransport(answer))
    assert [json.loads(line) for line in read_lines(ENTRIES, clouds_)] == [json.loads(line) for line in RECORDS]
