"""The address decides which store it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import InvalidInput, Unavailable
from service.stores import objects
from service.stores.folder import FolderStore
from service.stores.objects import ObjectStore
from service.stores.opening import open_store


def test_a_path_is_a_folder(tmp_path: Path) -> None:
    assert open_store(str(tmp_path)) == FolderStore(tmp_path)
    assert open_store(f"file://{tmp_path}") == FolderStore(tmp_path)


@pytest.mark.parametrize("address", ["s3://bucket/below", "az://account/container/below", "gs://bucket/below"])
def test_an_address_is_a_bucket_and_nothing_is_asked_of_it_yet(address: str) -> None:
    pytest.importorskip("obstore")
    store = open_store(address)
    assert isinstance(store, ObjectStore)
    assert store.name("a.csv") == f"{address}/a.csv"


def test_another_scheme_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no known kind"):
        open_store("ftp://host/a")


def test_without_obstore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(module: str) -> None:
        raise ModuleNotFoundError(module)

    monkeypatch.setattr(objects, "import_module", fail)
    with pytest.raises(Unavailable) as caught:
        open_store("s3://bucket/a")
    assert "outlast[stores]" in caught.value.hint
