"""Merged feedback as a file: lines that the model's commands read, or typed columns."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from outlast.audit.feedback_export import rows_since, write
from outlast.audit.feedback_merged import merge_feedback
from outlast.audit.merged import merge
from service.bundle.folder import load_release
from service.offline.feedback import read_feedback
from tests.outlast.chains import chain, feedback
from tests.outlast.sync.stores import RELEASED

ENTRIES = [
    feedback("a", ["malignant"], time=2000.0),
    feedback("a", ["benign"], time=2001.0),
    *[feedback(f"b{number}", ["malignant"], time=3000.0 + number) for number in range(20)],
]
GIVEN = merge_feedback(merge(chain("aws", "task-1", 0, more=ENTRIES)).records)


def test_lines_are_those_that_shift_reads(tmp_path: Path) -> None:
    write(rows_since(GIVEN, 0.0), tmp_path / "all.jsonl")
    read = read_feedback(tmp_path / "all.jsonl", load_release(RELEASED / "tumour").manifest)
    assert (read.rows, read.first[:10]) == (21, "1970-01-01")


def test_what_was_given_before_a_time_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    write(rows_since(GIVEN, 3019.0), None)
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert row["feedback_id"] == "b19"


def test_columns_are_typed(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    write(rows_since(GIVEN, 0.0), tmp_path / "all.parquet")
    first = parquet.read_table(tmp_path / "all.parquet").to_pylist()[0]
    assert (first["label"], first["corrected"], first["times"], first["row"]) == ("benign", ["malignant"], 2, 0)
    assert first["given_at"] == datetime.datetime(1970, 1, 1, 0, 33, 21, tzinfo=datetime.UTC)
    assert first["time"].tzinfo is not None
