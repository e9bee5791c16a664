"""Objects as S3 keeps them, asked by boto3, and as files for whoever has no network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from failover.levers.objects import ABSENT, S3Object
from failover.simulator.store import in_process_client
from sandbox.clouds import object_store
from sandbox.clouds.object_store import ObjectStore
from service.errors import Refused

URL = "https://outlast-drills.s3.us-east-1.amazonaws.com/faults/aws.json"


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path)


@pytest.fixture
def s3(store: ObjectStore) -> Any:
    return in_process_client(store.answer, "s3")


def test_a_flag_of_a_drill_lies_where_replicas_read_it(store: ObjectStore, s3: Any) -> None:
    flag, file = S3Object(s3, "outlast-drills", "faults/aws.json"), store.local_path(URL)
    assert file is not None
    assert flag.read() == (b"", ABSENT)
    flag.write(b"{}", ABSENT)
    assert file.read_bytes() == b"{}"
    with pytest.raises(Refused):
        flag.write(b"[]", ABSENT)
    content, version = flag.read()
    flag.write(b"[]", version)
    with pytest.raises(Refused):
        flag.write(b"late", version)
    flag.delete(flag.read()[1])
    assert content == b"{}" and not file.exists()


def test_a_delete_may_have_a_condition_too(s3: Any) -> None:
    s3.put_object(Bucket="outlast-drills", Key="lock", Body=b"a")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.delete_object(Bucket="outlast-drills", Key="lock", IfMatch='"another"')
    assert s3.head_object(Bucket="outlast-drills", Key="lock")["ResponseMetadata"]["HTTPStatusCode"] == 200
    s3.delete_object(Bucket="outlast-drills", Key="lock")
    s3.delete_object(Bucket="outlast-drills", Key="lock")


@pytest.mark.parametrize(
    "url",
    [
        "http://outlast-drills.s3.us-east-1.amazonaws.com/a",
        "https://outlast-drills.s3.us-east-1.amazonaws.com/../../etc/passwd",
        "https://outlast-drills.s3.us-east-1.amazonaws.com/%2e%2e/a",
        "https://outlast-drills.s3.us-east-1.amazonaws.com/",
        "https://example.com/a",
        "https://[no address",
        "/etc/passwd",
        "info",
    ],
)
def test_nothing_else_is_a_file_here(store: ObjectStore, url: str) -> None:
    assert store.local_path(url) is None


@pytest.mark.parametrize("key", ["../secret", "a//b", "a/./b", "x" * 300])
def test_names_that_leave_the_folder_are_refused(s3: Any, key: str) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.put_object(Bucket="outlast-drills", Key=key, Body=b"")


def test_what_is_not_simulated_is_said(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "_LARGEST", 10)
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.list_objects_v2(Bucket="outlast-drills")
    with pytest.raises(ClientError, match="EntityTooLarge"):
        s3.put_object(Bucket="outlast-drills", Key="large", Body=b"x" * 11)


def test_lines_are_added_in_place_and_read_whole_and_the_oldest_objects_make_room(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    store.extend("logs/a/one", b"first\nsec")
    assert store.whole_lines("logs/a/one") == [b"first"]
    store.extend("logs/a/one", b"ond\n")
    assert store.whole_lines("logs/a/one") == [b"first", b"second"] and store.whole_lines("logs/a/none") == []
    for at, name in enumerate(("b", "c"), 1):
        store.extend(f"logs/a/{name}", b"x" * 10)
        os.utime(tmp_path / "logs" / "a" / name, (at, at))
    store.trim("logs/a", 13 + 10)
    assert store.names("logs") == ["logs/a/c", "logs/a/one"]
    store.trim("logs/nowhere", 0)
