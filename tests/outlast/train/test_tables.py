"""Tables are measured once; each cloud gets its own in the stated order, and none trains on other bytes unseen."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from outlast.train.tables import Table, choose_tables, find_tables, refuse_other_clouds
from service.errors import InvalidInput
from service.stores.address import Address
from service.stores.files import StoreFile

CLOUDS = ("aws", "azure", "gcp")


def _stored(scheme: str, name: str, sha256: str) -> Table:
    account = "account" if scheme == "az" else ""
    return Table(StoreFile(Address(scheme, account, "bucket", f"in/{name}"), 3, "1"), sha256, 3)


def _local(name: str, sha256: str) -> Table:
    return Table(Path(f"/data/{name}"), sha256, 3)


def test_files_are_found_and_measured_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    for name in ("b1.csv", "b2.csv", "a.csv"):
        (tmp_path / name).write_text(f"x,y\n1,{name}\n")
    tables = find_tables([f"{tmp_path}/b*.csv", str(tmp_path / "a.csv")])
    assert [table.name for table in tables] == ["b1.csv", "b2.csv", "a.csv"]
    content = (tmp_path / "a.csv").read_bytes()
    assert (tables[2].sha256, tables[2].size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert [table.scheme for table in tables] == ["", "", ""]


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no\.csv"):
        find_tables([str(tmp_path / "no.csv")])


def test_each_cloud_gets_its_own_and_what_is_here() -> None:
    tables = [
        _local("a.csv", "1"),
        _stored("s3", "b.csv", "2"),
        _stored("gs", "b.csv", "2"),
        _stored("az", "c.csv", "2"),
    ]
    chosen = choose_tables(tables, CLOUDS)
    assert {cloud: [str(table) for table in own] for cloud, own in chosen.items()} == {
        "aws": ["/data/a.csv", "s3://bucket/in/b.csv"],
        "azure": ["/data/a.csv", "az://account/bucket/in/c.csv"],
        "gcp": ["/data/a.csv", "gs://bucket/in/b.csv"],
    }
    assert choose_tables([], ("aws",)) == {"aws": ()}


def test_an_address_of_another_cloud_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        choose_tables([_stored("s3", "a.csv", "1"), _stored("gs", "b.csv", "2")], ("aws",))
    assert "gs://bucket/in/b.csv: lies in a store of another cloud than AWS" in str(caught.value)
    assert "s3://bucket" not in str(caught.value)
    assert "copy it to s3://" in caught.value.hint


def test_an_address_of_another_cloud_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidInput, match=r"gs://nowhere/b\.csv: lies in a store of another cloud than AWS and Azure"):
        refuse_other_clouds(["rows.csv", "s3://b/a.csv", "az://a/b/c.csv", "gs://nowhere/b.csv"], ("aws", "azure"))
    refuse_other_clouds(["rows.csv", "s3://b/a.csv"], ("aws",))


def test_other_bytes_on_one_cloud_are_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        choose_tables(
            [_stored("s3", "a.csv", "11"), _stored("az", "a.csv", "22"), _stored("gs", "a.csv", "11")], CLOUDS
        )
    (mistake,) = caught.value.mistakes
    assert "s3://bucket/in/a.csv has the SHA-256 11, and az://account/bucket/in/a.csv has 22" in mistake.what


def test_a_cloud_without_the_table_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        choose_tables([_stored("s3", "a.csv", "1"), _stored("az", "a.csv", "1")], CLOUDS)
    (mistake,) = caught.value.mistakes
    assert str(mistake) == "table 1: AWS has s3://bucket/in/a.csv, and Google Cloud has none"


def test_two_tables_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"2 of the tables are called a\.csv"):
        choose_tables([_local("a.csv", "1"), _stored("s3", "a.csv", "2")], ("aws",))
