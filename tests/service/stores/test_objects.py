"""Buckets: what the clouds say is told in words, and Amazon's protocol is spoken to a server that checks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput, Refused, Unavailable
from service.stores import files, objects, parts
from service.stores.address import Address
from service.stores.matching import find_files
from service.stores.objects import ObjectStore
from service.stores.opening import open_store
from service.stores.store import read_whole
from service.tables.csv_file import open_csv, read_fields
from tests.service.stores.bucket import start_bucket
from tests.service.stores.clouds import start_cloud

exceptions = pytest.importorskip("obstore.exceptions")


class _Says:
    """A store of obstore's that answers everything with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get(self, key: str, options: Any) -> Any:
        raise self._error

    put = head = list = get


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("NotFoundError", InvalidInput, "there is no az://account/box/a.csv"),
        ("PreconditionError", Refused, "was changed while it was read"),
        ("PermissionDeniedError", Unavailable, "may not be read with the credentials"),
        ("UnauthenticatedError", Unavailable, "AZURE_STORAGE_ACCOUNT_KEY"),
        ("GenericError", Unavailable, "cannot be read: the first line"),
    ],
)
def test_what_a_cloud_says_is_told_with_the_address(error: str, kind: type[Exception], words: str) -> None:
    native = _Says(getattr(exceptions, error)("the first line\nand a page of XML"))
    store = ObjectStore(native, Address("az", "account", "box", ""))
    with pytest.raises(kind) as caught:
        store.read_range("a.csv", 0, 1)
    assert words in str(caught.value)
    assert "XML" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("one_request", [1 << 26, 1 << 20], ids=["in one request", "in parts"])
def test_amazons_protocol_is_spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_request: int) -> None:
    monkeypatch.setattr(objects, "ONE_REQUEST", one_request)
    monkeypatch.setattr(parts, "LEAST_PART", 5 << 20)  # S3's own least
    with start_bucket(monkeypatch) as bucket:
        _speak(bucket, tmp_path)


@pytest.mark.parametrize(
    "one_request",
    [pytest.param(1 << 26, id="in one request"), pytest.param(1 << 20, id="in parts", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("scheme", ["az", "gs"])
def test_azures_and_googles_protocols_are_spoken(
    scheme: str, one_request: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "ONE_REQUEST", one_request)
    monkeypatch.setattr(parts, "LEAST_PART", 1 << 20)
    with start_cloud(scheme, monkeypatch) as (bucket, server):
        _speak(bucket, tmp_path)
        assert server.largest == (11_000_000 if one_request > 11_000_000 else 1 << 20)
        server.refuses = True
        with pytest.raises(Unavailable, match="may not be read with the credentials that are set"):
            open_store(bucket).read_range("below/a.csv", 0, 1)


def _speak(bucket: str, tmp_path: Path) -> None:
    store = open_store(f"{bucket}/below")
    assert store.put_if_absent("a.csv", b"x,y\n1,2\n")
    assert not store.put_if_absent("a.csv", b"another")
    assert read_whole(store, "a.csv") == b"x,y\n1,2\n"
    assert store.find("gone") is None
    long = tmp_path / "long"
    long.write_bytes(np.random.default_rng(0).bytes(11_000_000))
    with long.open("rb") as stream:
        assert store.put_if_absent("sub/long", stream)
        stream.seek(0)
        assert not store.put_if_absent("sub/long", stream)
    assert store.read_range("sub/long", 10_000_000, 1_000_000) == long.read_bytes()[10_000_000:]
    assert [(entry.key, entry.size) for entry in store.list()] == [("a.csv", 8), ("sub/long", 11_000_000)]
    with pytest.raises(Refused, match="changed while it was read"):
        store.read_range("a.csv", 0, 1, version='"another"')
    with pytest.raises(InvalidInput, match=f"there is no {bucket}/below/gone"):
        read_whole(store, "gone")
    files._open.cache_clear()
    (file,) = find_files(f"{bucket}/below/*.csv").files
    table = open_csv(file)
    assert table.columns == ("x", "y")
    assert [row.fields for part in table.read_parts() for row in read_fields(part, table)] == [("1", "2")]


@pytest.mark.slow
def test_a_server_that_is_not_there_is_said_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(Unavailable, match=r"s3://bucket/a cannot be read: .*error sending request") as caught:
        open_store("s3://bucket").find("a")
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint
