"""A job's inputs lie under their own digests: uploaded once, never overwritten, and read by the job as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from outlast.train.tables import Table, find_tables
from outlast.train.upload import describe, upload
from service.bundle.folder import RELEASED, load_release
from service.errors import InvalidInput, OutlastError
from service.stores.address import Address
from service.stores.files import StoreFile
from service.stores.folder import FolderStore
from service.training.job_inputs import check_inputs, find_inputs
from service.training.problem import PROBLEMS

DIGITS = PROBLEMS / "digits.toml"


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Table, ...]:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    return find_tables([str(tmp_path / "a.csv")])


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "bucket")


def _list(store: FolderStore) -> list[str]:
    return [entry.key for entry in store.list()]


def test_what_is_uploaded_is_what_a_job_checks(store: FolderStore, tables: tuple[Table, ...]) -> None:
    uploaded = upload(store, DIGITS, tables, load_release(RELEASED / "digits"))
    folder, data = (Path(address) for address in uploaded.addresses)
    assert find_inputs([folder, data]) == (folder, uploaded.inputs)
    assert check_inputs(folder, uploaded.inputs, [folder, data]) == [data]
    assert set(uploaded.inputs.released) == {"manifest.json", "model.onnx", "golden.json"}
    assert uploaded.inputs.tables[0].address == str(data) and tables[0].sha256 in str(data)


def test_what_a_job_will_be_given_is_known_before_anything_is_uploaded(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "bucket")
    table = tmp_path / "visits of 2026 (new).csv.gz"
    table.write_bytes(b"x")
    told = describe(store, DIGITS, find_tables([str(table)]), {})
    assert _list(store) == []
    assert told == upload(store, DIGITS, find_tables([str(table)]), None)
    assert told.addresses[1].endswith("/visits-of-2026-new-.csv.gz"), "it can stand in an address, and ends as it did"


def test_a_second_start_writes_nothing_and_another_problem_something_else(
    store: FolderStore, tables: tuple[Table, ...]
) -> None:
    first = upload(store, DIGITS, tables, None)
    written = _list(store)
    assert upload(store, DIGITS, tables, None) == first
    assert _list(store) == written
    other = upload(store, PROBLEMS / "tumour.toml", tables, None)
    assert other.addresses[0] != first.addresses[0] and other.addresses[1] == first.addresses[1]


def test_a_table_in_a_store_stays_where_it_is(store: FolderStore) -> None:
    there = Table(StoreFile(Address("s3", "", "lake", "in/a.csv"), 3, "1"), "2" * 64, 3)
    uploaded = upload(store, DIGITS, [there], None)
    assert uploaded.addresses[1] == uploaded.inputs.tables[0].address == "s3://lake/in/a.csv"
    assert not any(key.startswith("tables/") for key in _list(store))


def test_what_was_changed_in_the_store_is_refused(store: FolderStore, tables: tuple[Table, ...]) -> None:
    folder, data = (Path(address) for address in upload(store, DIGITS, tables, None).addresses)
    (folder / "digits.toml").write_text("changed")
    with pytest.raises(InvalidInput, match=r"digits\.toml was changed since it was written"):
        upload(store, DIGITS, tables, None)
    data.write_text("x")
    with pytest.raises(OutlastError, match=r"holds 1, and .* has 8 bytes"):
        upload(store, DIGITS, tables, None)


def test_the_address_of_a_table_that_moved_makes_other_inputs(store: FolderStore, tables: tuple[Table, ...]) -> None:
    there = replace(tables[0], file=StoreFile(Address("s3", "", "lake", "in/a.csv"), 8, "1"))
    assert upload(store, DIGITS, [there], None).addresses[0] != upload(store, DIGITS, tables, None).addresses[0]


def test_a_table_that_changes_while_it_is_uploaded_leaves_nothing_under_its_digest(
    store: FolderStore, tables: tuple[Table, ...], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,3\n")  # as long as it was
    with pytest.raises(InvalidInput, match="was changed since it was read"):
        upload(store, DIGITS, tables, None)
    assert _list(store) == []
