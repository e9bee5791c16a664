"""A Parquet file is read as the CSV file that says the same."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidInput, Unavailable
from service.tables import parquet
from service.tables.csv_file import open_csv
from service.tables.parquet import ParquetText, is_parquet, read_as_text
from service.training.datasets import load_csv

arrow = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def _write(path: Path, **columns: object) -> Path:
    pq.write_table(arrow.table(columns), path)
    return path


def test_numbers_texts_and_what_is_missing_come_as_from_csv(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = [*rng.normal(size=98).tolist(), None, 1e-300]
    colours = arrow.array(rng.choice(["red", 'gr"een, dark'], 100).tolist()).dictionary_encode()
    columns = {
        "size": arrow.array(sizes),
        "small": arrow.array(rng.normal(size=100), type=arrow.float32()),
        "colour": colours,
        "ok": arrow.array((rng.random(100) > 0.5).tolist()),
    }
    dataset = load_csv(_write(tmp_path / "t.parquet", **columns), "ok")
    assert dataset.features == ("size", "small", "colour")
    assert dataset.categorical == ("colour",)
    assert set(dataset.labels) == {"true", "false"}
    np.testing.assert_array_equal(dataset.frame["size"], [np.nan if s is None else s for s in sizes])
    small = dataset.frame["small"].to_numpy().astype(np.float32)
    np.testing.assert_array_equal(small, columns["small"].to_numpy())
    assert set(dataset.frame["colour"]) == {"red", 'gr"een, dark'}


def test_dates_are_written_as_iso_does_so_that_parse_reads_them(tmp_path: Path) -> None:
    days = [datetime.date(1970, 1, 1) + datetime.timedelta(days=7 * i) for i in range(60)]
    noise = np.random.default_rng(0).normal(size=60)
    path = _write(tmp_path / "d.parquet", day=days, x=noise, y=["a", "b"] * 30)
    assert list(load_csv(path, "y").doubts) == ["day"]
    read = load_csv(path, "y", parse=["day"]).frame["day"]
    np.testing.assert_array_equal(read, np.arange(60) * 7.0)


def _read(text: ParquetText) -> bytes:
    with text.open("rb") as stream:
        return stream.read()


def test_another_file_under_the_name_is_read_anew_or_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.parquet", a=[1, 2], b=["x", "y"])
    text = read_as_text(path)
    assert _read(text) == b'"a","b"\n1,"x"\n2,"y"\n'
    assert (text.sizes, text.lines, text.name, str(text)) == ((20,), 3, "t.parquet", str(path))
    assert is_parquet(path)
    assert not is_parquet(text)
    assert open_csv(path).columns == ("a", "b")
    before = open_csv(path)
    _write(path, c=[1, 2, 3])
    assert open_csv(path).columns == ("c",), "another file under that name"
    with pytest.raises(InvalidInput, match="was changed while it was read"):
        list(before.read_parts())


def test_row_groups_are_one_text_and_converted_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    table = arrow.table({"n": list(range(1000)), "t": [f"é{n}\n" for n in range(1000)]})
    pq.write_table(table, path, row_group_size=300)
    text = read_as_text(path)
    whole = _read(text)
    assert whole.startswith(b'"n","t"\n0,"')
    assert (len(text.sizes), sum(text.sizes), whole.count(b"\n")) == (4, len(whole), text.lines)
    converted = list[int]()
    convert = parquet._convert

    def note(*asked: Any) -> bytes:
        converted.append(asked[-1])
        return convert(*asked)

    monkeypatch.setattr(parquet, "_convert", note)
    with text.open("rb") as stream:
        for offset in (text.ends[1] - 3, text.ends[1] + 3, 0, len(whole) - 2, len(whole) + 5):
            stream.seek(offset)
            assert stream.read(7) == whole[offset : offset + 7]
        assert stream.seek(-5, 2) == len(whole) - 5
        assert stream.read() == whole[-5:]
    assert converted == [1, 2, 0, 3]


def test_a_table_without_rows_is_its_header(tmp_path: Path) -> None:
    assert _read(read_as_text(_write(tmp_path / "t.parquet", a=arrow.array([], type=arrow.int64())))) == b'"a"\n'


def test_what_memory_does_not_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "LARGEST_GROUP", 100)
    with pytest.raises(InvalidInput, match="as CSV, which is read into memory"):
        read_as_text(_write(tmp_path / "t.parquet", a=list(range(100))))


def test_a_zero_byte_in_a_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="a zero byte is in row 2"):
        open_csv(_write(tmp_path / "t.parquet", a=["x", "y\0", "z"]))


def test_nested_columns_and_damaged_files_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no numbers, texts or times") as caught:
        open_csv(_write(tmp_path / "n.parquet", a=[[1], [2]], b=[b"x", b"y"], c=[1, 2]))
    assert [m.place for m in caught.value.mistakes] == ["column a", "column b"]
    path = tmp_path / "half.parquet"
    path.write_bytes(_write(tmp_path / "t.parquet", a=[1, 2]).read_bytes()[:-6])
    with pytest.raises(InvalidInput, match="cannot be read as a Parquet table"):
        open_csv(path)


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "t.parquet", a=[1, 2])

    def fail(module: str) -> None:
        raise ModuleNotFoundError(module)

    monkeypatch.setattr(parquet, "import_module", fail)
    with pytest.raises(Unavailable) as caught:
        open_csv(path)
    assert "outlast[parquet]" in caught.value.hint
