"""Copies: whatever dies at whichever step, a manifest never names what is not there, and the next run ends alike."""

from __future__ import annotations

import errno
import io
import os
import threading
from typing import BinaryIO

import pytest

from outlast.sync import reading
from outlast.sync.checking import check
from outlast.sync.copying import Target, copy, worst_of
from outlast.sync.manifest import Manifest
from outlast.sync.plan import measure_lags
from outlast.sync.reading import Source, look
from service.errors import Deviated, OutlastError, Unavailable
from tests.outlast.sync.stores import Killed, Memory, digest, plan, source_of, sync

CONTENTS = {"a.csv": b"1,2,3", "b/c.csv": b"4,5,6,7", "b/again.csv": b"1,2,3", "empty": b""}


def _assert_whole(stores: dict[str, Memory]) -> None:
    for name, store in stores.items():
        store.on_call = lambda call: None
        assert check(store, name, lambda size: None).findings == []


def _assert_alike(stores: dict[str, Memory]) -> None:
    first, *others = (store.objects for store in stores.values())
    assert all(other == first for other in others)
    assert {digest(content) for content in CONTENTS.values()} == {
        key.removeprefix("sha256/") for key in first if key.startswith("sha256/")
    }


def _count_calls() -> int:
    calls = 0

    def count(call: str) -> None:
        nonlocal calls
        calls += 1

    stores = {name: Memory(name) for name in "xyz"}
    for store in stores.values():
        store.on_call = count
    sync(source_of(CONTENTS), dict(stores))
    return calls


CALLS = _count_calls()


@pytest.mark.parametrize("last", range(CALLS))
def test_killed_at_any_step_nothing_half_is_named_and_the_next_run_goes_on(last: int) -> None:
    stores = {name: Memory(name) for name in "xyz"}
    left = last

    def die(call: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed(call)

    for store in stores.values():
        store.on_call = die
    with pytest.raises(Killed):
        sync(source_of(CONTENTS), dict(stores))
    _assert_whole(stores)
    sync(source_of(CONTENTS), dict(stores))
    _assert_whole(stores)
    _assert_alike(stores)


def test_what_is_there_is_not_moved_again() -> None:
    stores = {name: Memory(name) for name in "xyz"}
    _, first = sync(source_of(CONTENTS), dict(stores))
    assert first.fetched == 12  # one content under two names is moved once, and once for three stores
    assert [(target.written, target.read) for target in first.targets] == [(12, 12 + _manifest_bytes(stores))] * 3
    _, second = sync(source_of(CONTENTS), dict(stores))
    assert (second.fetched, [(target.written, target.read) for target in second.targets]) == (0, [(0, 0)] * 3)


def _manifest_bytes(stores: dict[str, Memory]) -> int:
    return sum(len(content) for key, content in stores["x"].objects.items() if key.startswith("manifests/"))


def test_a_store_that_refuses_is_left_out_and_the_others_are_copied_to() -> None:
    stores = {name: Memory(name) for name in "xyz"}

    def refuse(call: str) -> None:
        if call.startswith("before put"):
            raise Unavailable("y may not be written")

    stores["y"].on_call = refuse
    _, done = sync(source_of(CONTENTS), dict(stores))
    assert [target.address for target in done.targets if target.error] == ["y"]
    assert isinstance(worst_of(target.error for target in done.targets), Unavailable)
    assert not stores["y"].objects
    stores["y"].on_call = lambda call: None
    sync(source_of(CONTENTS), dict(stores))
    _assert_alike(stores)


def test_a_byte_that_a_store_changed_while_it_wrote_is_found_and_no_manifest_names_it() -> None:
    stores = {name: Memory(name) for name in "xy"}
    key = f"sha256/{digest(b'4,5,6,7')}"
    stores["y"].on_call = lambda call: stores["y"].flip(key) if call == f"after put {key}" else None
    _, done = sync(source_of(CONTENTS), dict(stores))
    error = worst_of(target.error for target in done.targets)
    assert isinstance(error, Deviated)
    assert f"y/{key} has the SHA-256" in str(error)
    assert not look(stores["y"], "y", "data").manifests
    assert look(stores["x"], "x", "data").number == 1


def test_every_wrong_blob_is_named_the_rest_is_copied_and_no_manifest_names_them() -> None:
    store = Memory("x")
    short, changed = (f"sha256/{digest(content)}" for content in (b"1,2,3", b"4,5,6,7"))
    store.objects = {short: b"1,2", changed: b"4,5,6,8"}
    told: list[int] = []
    _, manifest, targets = plan(source_of(CONTENTS), {"x": store})
    done = copy(source_of(CONTENTS), manifest, targets, told.append)
    error = worst_of(target.error for target in done.targets)
    assert isinstance(error, Deviated)
    assert str(error).startswith("x: 2 objects are not what was written:\n- x/sha256/")
    assert f"- x/{short} has 3 bytes, not 5" in str(error)
    assert f"- x/{changed} has the SHA-256 {digest(b'4,5,6,8')}" in str(error)
    assert store.objects.keys() == {short, changed, f"sha256/{digest(b'')}"}
    assert sum(told) == sum(work.write_bytes + work.read_bytes for work in (target.work for target in targets))


def test_ctrl_c_ends_the_reading_of_long_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE", 1)
    source, begun = source_of({"long": bytes(200_000), "short": b"1"}), threading.Event()
    assert isinstance(source.store, Memory)
    told: list[int] = []

    def tell(size: int) -> None:
        told.append(size)
        begun.set()

    def interrupt(call: str) -> None:
        if call == "read short":
            assert begun.wait(10)
            raise KeyboardInterrupt

    source.store.on_call = interrupt
    _, manifest, targets = plan(source, {"x": Memory("x")})
    with pytest.raises(KeyboardInterrupt):
        copy(source, manifest, targets, tell, at_once=2)
    assert 0 < len(told) < 200_000


def test_ctrl_c_ends_the_writing_of_long_files() -> None:
    source, begun, read = source_of({"long": bytes(200_000), "short": b"1"}), threading.Event(), list[bytes]()

    class Slow(Memory):
        def put_if_absent(self, key: str, content: bytes | BinaryIO) -> bool:
            assert not isinstance(content, bytes)
            if content.seek(0, os.SEEK_END) == 1:
                assert begun.wait(10)
                raise KeyboardInterrupt
            content.seek(0)
            while piece := content.read(1):
                begun.set()
                read.append(piece)
            return super().put_if_absent(key, content)

    slow = Slow("x")
    _, manifest, targets = plan(source, {"x": slow})
    with pytest.raises(KeyboardInterrupt):
        copy(source, manifest, targets, lambda size: None, at_once=2)
    assert 0 < len(read) < 200_000 and not slow.objects


def test_a_full_disk_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, piece: object, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("outlast.sync.copying.tempfile.SpooledTemporaryFile", lambda size: Full())
    with pytest.raises(Unavailable, match=r"a\.csv \(1 bytes\) cannot be kept in .*: No space left on device"):
        sync(source_of({"a.csv": b"1"}), {"x": Memory("x")})


def test_a_blob_that_a_killed_run_left_is_read_back_before_a_manifest_names_it() -> None:
    store = Memory("x")
    store.objects[f"sha256/{digest(b'1,2,3')}"] = b"1,2,4"
    _, done = sync(source_of(CONTENTS), {"x": store})
    assert isinstance(worst_of(target.error for target in done.targets), Deviated)
    assert not look(store, "x", "data").manifests


def test_a_source_that_changed_since_it_was_hashed_is_not_copied() -> None:
    source, store = source_of(CONTENTS), Memory("x")
    assert isinstance(source.store, Memory)
    source.store.flip("a.csv")
    with pytest.raises(Deviated, match=r"source/a\.csv is not what it was"):
        sync(source, {"x": store})
    assert not look(store, "x", "data").manifests


def test_two_runs_at_once_are_told_and_the_next_one_settles_it() -> None:
    """Both have planned a number 1, and each writes it before it looks whether it is alone."""
    store, both = Memory("x"), threading.Barrier(2, timeout=10)
    plans = [plan(source_of({"a": content}), {"x": store}) for content in (b"one", b"two")]
    errors: list[OutlastError | None] = []

    def run(source: Source, manifest: Manifest, targets: list[Target]) -> None:
        errors.append(worst_of(target.error for target in copy(source, manifest, targets, lambda size: None).targets))

    def wait(call: str) -> None:
        if call.startswith("after put manifests/"):
            both.wait()

    store.on_call = wait
    runs = [threading.Thread(target=run, args=one) for one in plans]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert [isinstance(error, Deviated) for error in errors] == [True, True]
    store.on_call = lambda call: None
    assert measure_lags([look(store, "x", "data")])[0].contested
    manifest, done = sync(source_of({"a": b"one"}), {"x": store})
    assert (manifest.number, worst_of(target.error for target in done.targets)) == (2, None)
    assert check(store, "x", lambda size: None).findings == []


def test_many_at_once_copy_what_one_by_one_does() -> None:
    contents = {f"{number}.bin": bytes([number]) * 1000 for number in range(40)}
    one, many = Memory("one"), Memory("many")
    sync(source_of(contents), {"one": one}, at_once=1)
    sync(source_of(contents), {"many": many}, at_once=8)
    assert one.objects == many.objects
