"""Copies in Azurite: what our own small server of Azure's protocol shows is shown by Microsoft's emulator as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlast.sync.checking import check
from outlast.sync.copying import worst_of
from outlast.sync.plan import measure_lags
from outlast.sync.reading import look, read_source
from outlast.sync.restoring import restore
from outlast.sync.run import prepare
from service.stores import objects
from service.stores.opening import open_store
from tests.outlast.sync.azurite import PROGRAM, start_azurite
from tests.outlast.sync.stores import digest, write_files

obstore = pytest.importorskip("obstore")


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="azurite-blob is not on PATH (npm install azurite@3.35.0 runs on Node 20)")
def test_a_copy_is_whole_in_step_had_again_and_a_changed_byte_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "ONE_REQUEST", 1 << 20)  # the long one goes in blocks
    contents = {"a": b"one", "long": bytes(9_000_000), "empty": b""}
    source = str(write_files(tmp_path / "source", contents))
    with start_azurite(monkeypatch) as address:
        for _ in range(2):
            run = prepare(tmp_path, "data", source, (f"{address}/below", str(tmp_path / "copy")))
            run.execute(lambda size: None)
            assert worst_of(target.error for target in run.targets) is None
        assert [target.written for target in run.targets] == [0, 0]
        store = open_store(f"{address}/below")
        assert check(store, address, lambda size: None).findings == []
        assert not any(lag.is_behind for lag in measure_lags([look(store, address, "data")]))
        assert restore(read_source(f"{address}/below", "data"), tmp_path / "back") == 3
        assert (tmp_path / "back" / "long").read_bytes() == contents["long"]
        key = f"sha256/{digest(b'one')}"
        obstore.put(vars(store)["_native"], key, b"onf")
        assert check(store, f"{address}/below", lambda size: None).findings == [
            f"{address}/below/{key} was changed since it was written"
        ]
