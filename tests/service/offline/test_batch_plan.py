"""The ranges of a plan are the file, cut where blocks end, with as many rows as are read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from service.bundle.folder import load_release
from service.errors import InvalidInput
from service.offline.batch_files import open_tables
from service.offline.batch_plan import Range, parse_plan, plan_ranges, render_plan
from service.offline.batch_rows import Block, read_blocks
from service.stores.matching import Found, find_files
from service.tables.csv_file import count_rows, open_csv, read_fields
from service.tables.parquet import ParquetText
from tests.service.offline.files import RELEASED, read_rows, write_parts

MANIFEST = load_release(RELEASED).manifest


def _numbers(blocks: Sequence[Block]) -> list[int]:
    return sorted([n for b in blocks for n in b.numbers] + [bad.row for b in blocks for bad in b.bad])


def test_ranges_follow_each_other_and_hold_every_row_once(tmp_path: Path) -> None:
    tables = open_tables(find_files(write_parts(tmp_path)), MANIFEST)
    ranges = plan_ranges(tables, size=20_000, block_bytes=6_000)
    assert [one.number for one in ranges] == list(range(len(ranges)))
    assert [one.file for one in ranges].count(1) == 1, "what is packed cannot be entered in the middle"
    assert [sum(one.rows for one in ranges if one.file == file) for file in range(3)] == [200, 100, 269]
    for before, one in pairwise(ranges):
        if before.file == one.file:
            assert (one.start, one.row) == (before.stop, before.row + before.rows)
    assert parse_plan(render_plan(ranges)) == ranges


def test_a_range_is_read_as_the_blocks_that_it_is_of_the_whole_file(tmp_path: Path) -> None:
    tables = open_tables(find_files(write_parts(tmp_path)), MANIFEST)
    wholes = [list(read_blocks(table, MANIFEST, size=6_000)) for table in tables.tables]
    for one in plan_ranges(tables, size=20_000, block_bytes=6_000):
        table, whole = tables.tables[one.file], wholes[one.file]
        part = list(read_blocks(table, MANIFEST, offset=one.start, row=one.row, size=6_000, stop=one.stop))
        assert [b.end for b in part] == [b.end for b in whole if one.start < b.end <= one.stop]
        assert [b.numbers for b in part] == [b.numbers for b in whole if one.start < b.end <= one.stop]
        assert _numbers(part) == list(range(one.row + 1, one.row + one.rows + 1))


def test_parquet_is_cut_behind_whole_row_groups(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    frame = read_rows().drop(columns="mean_area").assign(mean_area=1.0)[list(read_rows().columns)]
    table = arrow.Table.from_pandas(frame.infer_objects(), preserve_index=False)
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=150)
    tables = open_tables(Found((tmp_path / "t.parquet",), False), MANIFEST)
    text = tables.tables[0].file.path
    assert isinstance(text, ParquetText)
    ranges = plan_ranges(tables, size=1_000, block_bytes=2_000)
    assert len(ranges) == len(text.ends) == 4
    for one, end in zip(ranges, text.ends, strict=True):
        assert end <= one.stop < end + 2_000, "the first block that ends behind the group"
    assert sum(one.rows for one in ranges) == 569


def test_a_table_without_rows_has_no_range(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(read_rows()[:0].to_csv(index=False))
    assert plan_ranges(open_tables(Found((tmp_path / "t.csv",), False), MANIFEST)) == []


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='a1,"\n\r \u00a0\u2028\x1c', max_size=60), st.sampled_from(["a,b", "a"]))
def test_rows_are_counted_as_they_are_read(tmp_path: Path, text: str, head: str) -> None:
    (tmp_path / "t.csv").write_bytes(f"{head}\n{text}".encode())
    try:
        table = open_csv(tmp_path / "t.csv")
    except InvalidInput:  # a quotation mark that takes in the header
        assume(False)
    for part in table.read_parts(size=25):
        assert count_rows(part, table) == sum(1 for _ in read_fields(part, table))


def test_a_plan_is_plain_json() -> None:
    assert render_plan([Range(0, 0, 5, 10, 0, 2)]) == b"[[0, 0, 5, 10, 0, 2]]"
