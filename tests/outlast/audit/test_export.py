"""One file of all records: as they were written, or as columns."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from outlast.audit.export import check_target, parse_since, write_records
from outlast.audit.merged import merge
from service.errors import InvalidInput
from tests.outlast.chains import chain

RECORDS = merge(chain("aws", "task-1")).records
NOW = datetime.datetime(2026, 11, 29, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("90m", -1.5), ("2d", -48), ("2026-11-29T11:00", -1), ("2026-11-29T14:00+02:00", 0), ("2026-11-29", -12)],
)
def test_a_beginning_is_a_time_or_so_long_ago(text: str, hours: float) -> None:
    assert parse_since(text, NOW) == (NOW + datetime.timedelta(hours=hours)).timestamp()


def test_any_other_beginning_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_since("yesterday", NOW)
    assert "as 90m or 2d" in caught.value.mistakes[0].hint
    for ago in ("999999d", f"{10**30}d"):
        with pytest.raises(InvalidInput):
            parse_since(ago, NOW)


def test_lines_are_the_records(tmp_path: Path) -> None:
    write_records(RECORDS, tmp_path / "all.jsonl")
    assert [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()] == RECORDS


def test_columns_are_typed_and_hold_each_record_whole(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    feedback = {**RECORDS[0], "kind": "feedback", "truth": "benign", "predicted": ["malignant"]}
    write_records([*RECORDS, feedback], tmp_path / "all.parquet")
    table = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert [row["seq"] for row in table] == [0, 1, 2, 3, 4, 0]
    assert table[1]["time"] == datetime.datetime(1970, 1, 1, 0, 16, 41, tzinfo=datetime.UTC)
    assert (table[1]["status"], table[1]["seconds"], table[0]["status"]) == (200, 0.25, None)
    assert (table[-1]["truth"], table[-1]["predicted"]) == (["benign"], ["malignant"])
    assert json.loads(table[1]["record"]) == RECORDS[1]


def test_a_file_of_no_form_and_one_that_is_there_are_refused(tmp_path: Path) -> None:
    for name, told in (("all.csv", "end it in .jsonl or .parquet"), ("there.jsonl", "name another file")):
        (tmp_path / "there.jsonl").touch()
        with pytest.raises(InvalidInput) as caught:
            check_target(tmp_path / name)
        assert caught.value.mistakes[0].hint == told
    check_target(tmp_path / "new.parquet")
