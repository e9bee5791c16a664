"""Every store keeps one contract: a folder, and a bucket (obstore's, in memory)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import InvalidInput, Refused
from service.stores.address import Address
from service.stores.folder import FolderStore
from service.stores.objects import ObjectStore
from service.stores.store import Store, check_digest, read_whole


def _in_folder(folder: Path) -> Store:
    return FolderStore(folder / "not yet there")


def _in_bucket(folder: Path) -> Store:
    memory = pytest.importorskip("obstore.store").MemoryStore()
    return ObjectStore(memory, Address("s3", "", "bucket", ""))


@pytest.fixture(params=[_in_folder, _in_bucket], ids=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    make: Callable[[Path], Store] = request.param
    return make(tmp_path)


def test_what_is_there_is_never_overwritten(store: Store) -> None:
    assert store.put_if_absent("a/b.csv", b"first")
    assert not store.put_if_absent("a/b.csv", b"second")
    assert not store.put_if_absent("a/b.csv", io.BytesIO(b"third"))
    assert read_whole(store, "a/b.csv") == b"first"


def test_a_stream_is_written_from_where_it_stands(store: Store) -> None:
    stream = io.BytesIO(b"x" * 3_000_000)
    assert store.put_if_absent("long", stream)
    entry = store.find("long")
    assert entry is not None
    assert entry.size == 3_000_000


def test_a_range_is_a_range(store: Store) -> None:
    store.put_if_absent("a", b"0123456789")
    assert store.read_range("a", 3, 4) == b"3456"
    assert store.read_range("a", 10, 0) == b""
    assert store.read_range("a", 8, 2) == b"89"


def test_keys_are_listed_in_order_below_a_prefix(store: Store) -> None:
    for key in ("b/2", "a/1", "b/10", "b/sub/3", "bc"):
        store.put_if_absent(key, key.encode())
    assert [(entry.key, entry.size) for entry in store.list("b/")] == [("b/10", 4), ("b/2", 3), ("b/sub/3", 7)]
    assert [entry.key for entry in store.list()] == ["a/1", "b/10", "b/2", "b/sub/3", "bc"]
    assert list(store.list("nothing/")) == []


def test_what_is_not_there_is_named_by_its_address(store: Store) -> None:
    assert store.find("gone") is None
    with pytest.raises(InvalidInput, match=r"there is no .*gone"):
        read_whole(store, "gone")
    with pytest.raises(InvalidInput, match=r"there is no .*gone"):
        store.read_range("gone", 0, 1)


def test_another_version_is_refused_while_it_is_read(store: Store) -> None:
    store.put_if_absent("a", b"0123")
    entry = store.find("a")
    assert entry is not None
    assert store.read_range("a", 0, 2, version=entry.version) == b"01"
    with pytest.raises(Refused, match="changed while it was read"):
        store.read_range("a", 0, 2, version="another")


def test_the_digest_decides_whether_content_is_what_was_written(store: Store) -> None:
    store.put_if_absent("a", b"0123")
    assert read_whole(store, "a", sha256=hashlib.sha256(b"0123").hexdigest()) == b"0123"
    with pytest.raises(InvalidInput, match="was changed since it was written"):
        read_whole(store, "a", sha256=hashlib.sha256(b"3210").hexdigest())
    check_digest("a", "ab", "ab")
