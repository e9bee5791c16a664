"""Objects in parts: only parts are in memory, nothing is overwritten, no upload is left over (S3 as moto has it)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from service.stores import parts
from service.stores.address import Address
from service.stores.parts import Upload, choose_part, measure_rest, put_to_amazon

PART = 5 << 20  # the least that S3 takes
LONG = bytes(range(256)) * (12 << 12)


class _Watched(io.BytesIO):
    """Remembers the largest piece that was asked for; `before` is called before each is read."""

    def __init__(self, content: bytes, before: Callable[[int], None] = lambda number: None) -> None:
        super().__init__(content)
        self._before, self.pieces = before, list[int]()

    def read(self, size: int | None = -1, /) -> bytes:
        self._before(len(self.pieces))
        piece = super().read(size)
        self.pieces.append(len(piece))
        return piece


@pytest.fixture(scope="module")
def amazon() -> Iterator[Any]:
    import boto3

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "x")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield boto3.client("s3")


@pytest.fixture
def client(amazon: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(parts, "LEAST_PART", PART)
    amazon.create_bucket(Bucket="bucket")
    yield amazon
    for upload in amazon.list_multipart_uploads(Bucket="bucket").get("Uploads", []):
        amazon.abort_multipart_upload(Bucket="bucket", Key=upload["Key"], UploadId=upload["UploadId"])
    for entry in amazon.list_objects_v2(Bucket="bucket").get("Contents", []):
        amazon.delete_object(Bucket="bucket", Key=entry["Key"])


def _read(client: Any, key: str = "k") -> bytes:
    return bytes(client.get_object(Bucket="bucket", Key=key)["Body"].read())


def _left_over(client: Any) -> list[str]:
    return [upload["Key"] for upload in client.list_multipart_uploads(Bucket="bucket").get("Uploads", [])]


def test_a_part_is_no_smaller_than_a_request_is_worth_and_there_are_no_more_than_a_store_takes() -> None:
    assert choose_part(1 << 27) == 1 << 24
    assert choose_part(5 * 10**12) * 10_000 >= 5 * 10**12 > (choose_part(5 * 10**12) - 1) * 10_000
    assert measure_rest(b"abc") == 3
    content = io.BytesIO(b"abcdef")
    content.seek(2)
    assert (measure_rest(content), content.tell()) == (4, 2)


def test_no_more_than_a_part_is_read_at_once_and_the_object_is_whole(client: Any) -> None:
    content = _Watched(LONG)
    client.create_multipart_upload(Bucket="bucket", Key="below/k")  # as a killed run leaves it
    client.create_multipart_upload(Bucket="bucket", Key="below/k-of-another")
    assert put_to_amazon(Address("s3", "", "bucket", "below"), "k", content, len(LONG))
    assert content.pieces == [PART, PART, len(LONG) - 2 * PART, 0]
    assert _read(client, "below/k") == LONG
    assert _left_over(client) == ["below/k-of-another"]


def test_what_another_wrote_meanwhile_stays(client: Any) -> None:
    def interfere(number: int) -> None:
        client.put_object(Bucket="bucket", Key="k", Body=b"first")

    assert not Upload(client, "bucket", "k").write(_Watched(LONG, interfere), PART)
    assert _read(client) == b"first"
    assert _left_over(client) == []


def test_an_upload_that_another_run_ended_counts_as_written_where_its_object_is_there(client: Any) -> None:
    def end(number: int) -> None:
        if number == 3:  # at an earlier one moto fails by itself
            client.put_object(Bucket="bucket", Key="k", Body=b"first")
            Upload(client, "bucket", "k").drop_left_over()

    assert not Upload(client, "bucket", "k").write(_Watched(LONG, end), PART)
    assert _read(client) == b"first"


@pytest.mark.parametrize("error", [OSError("the disk"), KeyboardInterrupt()])
def test_what_fails_on_the_way_leaves_nothing(client: Any, error: BaseException) -> None:
    def fail(number: int) -> None:
        if number == 2:
            raise error

    with pytest.raises(type(error)):
        Upload(client, "bucket", "k").write(_Watched(LONG, fail), PART)
    assert _left_over(client) == []
    assert "Contents" not in client.list_objects_v2(Bucket="bucket")
