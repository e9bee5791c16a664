"""A check reads everything back and names what is not as it was written."""

from __future__ import annotations

import pytest

from outlast.sync.checking import check, measure
from tests.outlast.sync.stores import Memory, digest, source_of, sync

ONE, TWO = f"sha256/{digest(b'one')}", f"sha256/{digest(b'two')}"


def _store() -> Memory:
    store = Memory("x")
    sync(source_of({"a": b"old"}), {"x": store})
    sync(source_of({"a": b"one", "b": b"two"}), {"x": store})
    sync(source_of({"a": b"one"}), {"x": store}, what="feedback")
    return store


def _check(store: Memory) -> tuple[list[str], int, int]:
    read: list[int] = []
    found = check(store, "s3://x/", read.append)
    assert sum(read) == found.size
    return found.findings, found.gone, found.extra


def test_everything_of_every_set_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = _store()
    found = check(store, "x", lambda size: None)
    assert (found.manifests, found.blobs, found.size, found.findings) == (3, 3, 9, [])
    assert measure(store) == sum(map(len, store.objects.values()))
    assert found.document()["address"] == "x"


@pytest.mark.parametrize("key", [ONE, TWO])
def test_one_flipped_byte_is_named_by_its_key(key: str) -> None:
    store = _store()
    store.flip(key)
    assert _check(store)[0] == [f"s3://x/{key} was changed since it was written"]


def test_a_flipped_byte_of_a_manifest_is_named_as_well() -> None:
    store = _store()
    key = next(key for key in store.objects if key.startswith("manifests/data/00000002"))
    store.flip(key)
    assert f"s3://x/{key} was changed since it was written" in _check(store)[0]


def test_what_the_newest_names_is_missing_and_what_an_earlier_one_names_is_gone() -> None:
    store = _store()
    del store.objects[TWO]
    del store.objects[f"sha256/{digest(b'old')}"]
    assert _check(store) == ([f"s3://x/{TWO} is missing"], 1, 0)


def test_what_no_manifest_names_is_extra_and_no_fault() -> None:
    store = _store()
    store.objects[f"sha256/{digest(b'more')}"] = b"more"
    assert _check(store) == ([], 0, 1)
