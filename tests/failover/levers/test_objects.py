"""One object of each store, written by whoever is first: S3 and DynamoDB in moto, the others by their own words."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from moto import mock_aws

from failover.levers.clouds import Clouds
from failover.levers.objects import ABSENT, StoredObject, open_object
from service.errors import InvalidInput, Refused, Unavailable

AWS = {
    "s3": "https://outlast-drills.s3.us-east-1.amazonaws.com/faults/aws.json",
    "dynamodb": "dynamodb://us-east-1/outlast-drills/lock",
}
HTTP = {
    "azure": "https://outlastdrills.blob.core.windows.net/flags/aws.json",
    "google": "https://storage.googleapis.com/outlast-drills/aws.json",
}


class Bucket:
    """A store by HTTP: of Azure's and of Google's words for a version, whichever is spoken."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.number = 0
        self.missing = False

    @property
    def version(self) -> str:
        return str(self.number)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.missing:
            return httpx.Response(404)
        if not self._holds(request.headers):
            return httpx.Response(412)
        if request.method != "GET":
            self.content = request.content if request.method == "PUT" else None
            self.number += 1
        elif self.content is None:
            return httpx.Response(404)
        return httpx.Response(
            200, content=self.content or b"", headers={"etag": self.version, "x-goog-generation": self.version}
        )

    def _holds(self, headers: httpx.Headers) -> bool:
        current = "0" if self.content is None else self.version
        if headers.get("if-none-match") == "*":
            return self.content is None
        wanted = headers.get("if-match") or headers.get("x-goog-if-generation-match")
        return wanted is None or wanted == current


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture(scope="module")
def aws() -> Iterator[Clouds]:
    """Made once, because making a client reads the whole service model."""
    clouds = Clouds()
    with mock_aws():
        clouds.aws("s3", "us-east-1").create_bucket(Bucket="outlast-drills")
        clouds.aws("dynamodb", "us-east-1").create_table(
            TableName="outlast-drills",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield clouds


@pytest.fixture
def stores(aws: Clouds, bucket: Bucket, request: pytest.FixtureRequest) -> dict[str, StoredObject]:
    environ = {"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"}
    clouds = Clouds(environ, httpx.MockTransport(bucket.answer))
    own = f"-{abs(hash(request.node.name))}"
    found = {name: open_object(url + own, aws) for name, url in AWS.items()}
    return found | {name: open_object(url, clouds) for name, url in HTTP.items()}


@pytest.mark.parametrize("name", [*AWS, *HTTP])
def test_the_first_one_writes(stores: dict[str, StoredObject], name: str) -> None:
    store = stores[name]
    assert store.read() == (b"", ABSENT)
    store.write(b"mine", ABSENT)
    with pytest.raises(Refused):
        store.write(b"theirs", ABSENT)
    content, version = store.read()
    assert content == b"mine"
    store.write(b"again", version)
    with pytest.raises(Refused):
        store.write(b"late", version)
    content, version = store.read()
    assert content == b"again"
    store.delete(version)
    assert store.read() == (b"", ABSENT)


@pytest.mark.parametrize("name", [*AWS, *HTTP])
def test_what_is_no_longer_that_version_is_not_deleted(stores: dict[str, StoredObject], name: str) -> None:
    store = stores[name]
    store.write(b"mine", ABSENT)
    _, version = store.read()
    store.write(b"theirs", version)
    with pytest.raises(Refused):
        store.delete(version)
    assert store.read()[0] == b"theirs"


@pytest.mark.parametrize("url", [*HTTP.values()])
def test_no_client_stays_open(bucket: Bucket, url: str) -> None:
    class Counting(httpx.MockTransport):
        """Counts how often a client that uses it was closed."""

        closed = 0

        def close(self) -> None:
            self.closed += 1

    transport = Counting(bucket.answer)
    store = open_object(url, Clouds({"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"}, transport=transport))
    store.read()
    bucket.missing = True
    with pytest.raises(Unavailable):
        store.write(b"mine", ABSENT)
    assert transport.closed == 2


@pytest.mark.parametrize("name", [*HTTP])
def test_a_bucket_that_is_not_there_is_said(stores: dict[str, StoredObject], bucket: Bucket, name: str) -> None:
    bucket.missing = True
    with pytest.raises(Unavailable, match="no such bucket or container"):
        stores[name].write(b"mine", ABSENT)


def test_so_is_one_of_s3(aws: Clouds) -> None:
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        open_object(AWS["s3"].replace("outlast-drills", "another"), aws).read()


@pytest.mark.parametrize(
    "url",
    [
        "http://outlast-drills.s3.us-east-1.amazonaws.com/a",
        "https://outlast-drills.s3.us-east-1.amazonaws.com/",
        "https://example.com/a/b",
        "https://storage.googleapis.com/bucket",
        "dynamodb://us-east-1/table",
        "s3://bucket/key",
        "",
    ],
)
def test_an_address_of_no_store_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="of no known store"):
        open_object(url, Clouds())


def test_boto3_is_asked_once_for_a_client(aws: Clouds) -> None:
    assert aws.aws("s3", "us-east-1") is aws.aws("s3", "us-east-1")
