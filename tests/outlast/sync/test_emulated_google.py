"""What our own small server of Google's protocol shows, as far as others' emulators show it as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.sync.checking import check
from outlast.sync.plan import measure_lags
from outlast.sync.reading import look, read_source
from outlast.sync.restoring import restore
from outlast.sync.run import prepare
from service.errors import Unavailable
from service.stores.opening import open_store
from service.stores.store import Store, read_whole
from tests.outlast.sync.emulated_google import FAKE_GCS, TESTBENCH, Google, start_fake_gcs, start_testbench
from tests.outlast.sync.stores import digest, write_files

pytest.importorskip("obstore")
CONTENTS = {"a": b"one", "long": bytes(9_000_000), "sub/empty": b""}


@pytest.mark.slow
@pytest.mark.skipif(FAKE_GCS is None, reason="fake-gcs-server (1.56.1, a Go module) is not on PATH")
def test_a_copy_is_listed_checked_and_had_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = str(tmp_path / "copy")
    prepare(tmp_path, "data", str(write_files(tmp_path / "source", CONTENTS)), (copy,)).execute(lambda size: None)
    written = open_store(copy)
    with start_fake_gcs(monkeypatch) as server:
        address = f"{server.address}/below"
        store = open_store(address)
        _fill(written, store, server)
        assert [entry.key for entry in store.list()] == [entry.key for entry in written.list()]
        assert (store.find("gone"), check(store, address, lambda size: None).findings) == (None, [])
        held = [look(store, address, "data"), look(written, copy, "data")]
        assert not any(lag.is_behind for lag in measure_lags(held))
        assert restore(read_source(address, "data"), tmp_path / "back") == 3
        assert (tmp_path / "back" / "long").read_bytes() == CONTENTS["long"]
        key = f"sha256/{digest(b'one')}"
        server.put(f"below/{key}", b"onf")
        (finding,) = check(store, address, lambda size: None).findings
        assert finding == f"{address}/{key} was changed since it was written"


def _fill(written: Store, store: Store, server: Google) -> None:
    """By our own client where the server takes a plain PUT, else by its JSON API."""
    for entry in written.list():
        content = read_whole(written, entry.key)
        try:
            assert store.put_if_absent(entry.key, content)
        except Unavailable as error:
            assert "invalid uploadType" in str(error)
            server.put(f"below/{entry.key}", content)


@pytest.mark.slow
@pytest.mark.skipif(
    TESTBENCH is None, reason="storage-testbench (github.com/googleapis/storage-testbench) is not on PATH"
)
def test_google_refuses_the_second_of_two_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_testbench(monkeypatch) as server:
        store = open_store(server.address)
        with pytest.raises(Unavailable, match="ETag Header missing"):  # of the answer; the object is written
            store.put_if_absent("below/a", b"first")
        assert not store.put_if_absent("below/a", b"second")
        assert server.read("below/a") == b"first"
        assert store.find("below/gone") is None
