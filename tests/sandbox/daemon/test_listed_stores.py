"""What readers of an audit log are answered, and what nobody may change is refused in each cloud's words."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from werkzeug import Response

from infra.audit import AZURE_CONTAINER
from sandbox.daemon.listed_stores import answer_s3, list_entries
from sandbox.daemon.private_stores import PrivateStores
from service.stores.opening import open_store
from tests.sandbox.clouds.audits import ACCOUNT, LOGS, RECORDS, make_audits
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.daemon.speaking import serve, speak

BLOBS = f"{ACCOUNT}.blob.core.windows.net"
KEY = "audit/2026/11/29/one"


def s3(clouds: Clouds, method: str, path: str, query: str = "", body: bytes = b"") -> tuple[int, str]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    reply = answer_s3(clouds.world, clouds.world.objects, environ) or clouds.world.objects.answer(environ)
    return reply.status, bytes(reply.body).decode()


def test_versions_are_listed_by_their_prefix(clouds: Clouds) -> None:
    make_audits(clouds)
    clouds.world.objects.append(f"{RECORDS}/{KEY}", b"record")
    clouds.world.objects.append(f"{RECORDS}/errors/one", b"?")
    status, listing = s3(clouds, "GET", f"/{RECORDS}", "versions&prefix=audit%2F")
    assert status == 200 and listing.count("<Version>") == 1
    assert f"<Key>{KEY}</Key>" in listing and "<Size>6</Size>" in listing
    assert s3(clouds, "GET", f"/{RECORDS}/{KEY}", "versionId=x") == (200, "record")


def test_the_port_to_stores_finds_all_that_it_asks_for(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        reply = answer_s3(clouds.world, clouds.world.objects, environ) or clouds.world.objects.answer(environ)
        return Response(reply.body, reply.status, dict(reply.headers))(environ, start_response)

    with serve(answer) as url:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.setenv(name, "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        speak(open_store("s3://training/below"))


def test_a_version_under_the_lock_is_not_deleted_and_not_written_over(clouds: Clouds) -> None:
    make_audits(clouds)
    clouds.world.objects.append(f"{RECORDS}/{KEY}", b"record")
    status, told = s3(clouds, "DELETE", f"/{RECORDS}/{KEY}", "versionId=x")
    assert status == 403 and "AccessDenied" in told and "object protected by object lock" in told
    assert s3(clouds, "DELETE", f"/{RECORDS}/{KEY}")[0] == 501
    assert s3(clouds, "PUT", f"/{RECORDS}/{KEY}", body=b"forged")[0] == 501
    assert clouds.world.objects.read(f"{RECORDS}/{KEY}") == b"record"
    assert s3(clouds, "PUT", f"/{RECORDS}/audit/two", body=b"record")[0] == 200


def test_a_bucket_without_a_lock_is_answered_as_before(clouds: Clouds) -> None:
    clouds.world.objects.append("switches-aws/flags/one", b"")
    assert s3(clouds, "DELETE", "/switches-aws/flags/one")[0] == 204


@pytest.fixture
def stores(clouds: Clouds) -> PrivateStores:
    make_audits(clouds)
    clouds.world.objects.append(f"{ACCOUNT}/{AZURE_CONTAINER}/hour.json", b"record\n")
    return PrivateStores(clouds.world, clouds.world.objects, lambda cloud: cloud == "gcp")


def test_a_blob_under_the_policy_is_listed_read_and_never_changed(clouds: Clouds, stores: PrivateStores) -> None:
    query = {"restype": "container", "comp": "list", "prefix": "ho"}
    listing = stores.answer("GET", f"/{BLOBS}/{AZURE_CONTAINER}", {}, b"", query)
    assert listing and b"<Name>hour.json</Name>" in listing.body
    blob = f"/{BLOBS}/{AZURE_CONTAINER}/hour.json"
    for method in ("DELETE", "PUT"):
        refused = stores.answer(method, blob, {}, b"forged")
        assert refused and refused.status == 409 and b"BlobImmutableDueToPolicy" in refused.body
    found = stores.answer("GET", blob, {}, b"")
    assert found and found.body == b"record\n"
    missing = stores.answer("GET", f"/{BLOBS}/nowhere", {}, b"", query)
    assert missing and missing.status == 404


def test_entries_are_listed_by_log_bucket_and_time(clouds: Clouds, stores: PrivateStores) -> None:
    path = f"projects/outlast-sandbox/locations/us-central1/buckets/{LOGS}"
    for hour in (13, 12):
        entry = {"timestamp": f"2026-11-29T{hour}:00:00.000000Z", "jsonPayload": {"seq": hour}}
        name = f"logging.googleapis.com/outlast-sandbox/us-central1/{LOGS}/day/{hour}"
        clouds.world.objects.append(name, json.dumps(entry).encode() + b"\n")

    def listed(**asked: Any) -> list[int]:
        found = json.loads(list_entries(clouds.world.objects, json.dumps(asked).encode()))
        return [entry["jsonPayload"]["seq"] for entry in found["entries"]]

    view = [f"{path}/views/_AllLogs"]
    assert listed(resourceNames=view) == [12, 13]
    assert listed(resourceNames=view, filter='timestamp>="2026-11-29T12:30:00Z"') == [13]
    assert listed(resourceNames=["projects/outlast-sandbox"]) == []
    dark = stores.answer("POST", "/logging.googleapis.com/v2/entries:list", {}, b"{}")
    assert dark and dark.status == 504, "Google Cloud is dark"
