"""A part is written once and whole, says what it holds, and is not joined where it is not what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from service.bundle.folder import load_release
from service.errors import InvalidInput
from service.offline.batch_files import open_tables
from service.offline.batch_parts import Job, Record, collect_parts, read_records, score_range, verify_parts
from service.offline.batch_plan import Range, plan_ranges
from service.stores.folder import FolderStore
from service.stores.matching import find_files
from tests.service.offline.files import RELEASED, write_parts

RELEASE = load_release(RELEASED)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    tables = open_tables(find_files(write_parts(tmp_path / "in")), RELEASE.manifest)
    return Job(RELEASE, tables, str(tmp_path / "parts"), 6_000)


def _plan(job: Job) -> list[Range]:
    return plan_ranges(job.tables, size=20_000, block_bytes=job.block_bytes)


def test_a_part_says_what_it_holds_and_scoring_it_again_changes_nothing(job: Job) -> None:
    planned = _plan(job)[0]
    record = score_range(job, planned)
    files = {path.name: path.read_bytes() for path in Path(job.parts).iterdir()}
    assert sorted(files) == ["000000.bad.csv", "000000.csv", "000000.json"]
    assert (record.predicted + record.bad, record.bad) == (planned.rows, 1)
    assert (record.first, record.last, record.size) == (1, planned.rows, len(files["000000.csv"]))
    assert score_range(job, planned) == record
    assert {path.name: path.read_bytes() for path in Path(job.parts).iterdir()} == files
    assert read_records(FolderStore(Path(job.parts))) == {0: record}


def test_a_part_without_its_record_is_not_finished(job: Job) -> None:
    planned = _plan(job)[0]
    record = score_range(job, planned)
    (Path(job.parts) / "000000.json").unlink()
    assert read_records(FolderStore(Path(job.parts))) == {}
    assert score_range(job, planned) == record


@pytest.mark.parametrize("text", ['{"number": 0, "ro', '{"rows": 1}', "[]"])
def test_a_record_of_another_shape_is_named(job: Job, text: str) -> None:
    score_range(job, _plan(job)[0])
    (Path(job.parts) / "000000.json").write_text(text)
    with pytest.raises(InvalidInput, match=r"000000\.json is no record of a part"):
        read_records(FolderStore(Path(job.parts)))


def test_every_range_has_to_be_there_with_its_rows(job: Job) -> None:
    ranges = _plan(job)
    records = {one.number: score_range(job, one) for one in ranges}
    verify_parts(ranges, records)
    with pytest.raises(InvalidInput, match=f"1 of {len(ranges)} ranges are not finished, number 2 first"):
        verify_parts(ranges, {number: record for number, record in records.items() if number != 2})
    for wrong in (replace(records[1], predicted=records[1].predicted - 1), replace(records[1], last=7)):
        with pytest.raises(InvalidInput, match="do not hold the rows") as caught:
            verify_parts(ranges, records | {1: wrong})
        assert [mistake.place for mistake in caught.value.mistakes] == ["range 1"]


def test_a_part_that_was_changed_is_not_joined(job: Job, tmp_path: Path) -> None:
    ranges = _plan(job)
    records: dict[int, Record] = {one.number: score_range(job, one) for one in ranges}
    path = Path(job.parts) / "000001.csv"
    path.write_bytes(path.read_bytes().replace(b"benign", b"malign"))
    with pytest.raises(InvalidInput, match=r"000001\.csv was changed since it was written"):
        collect_parts(FolderStore(Path(job.parts)), ranges, records, tmp_path / "out", tmp_path / "bad")


def test_a_worker_that_sees_another_file_or_none_says_so(job: Job, tmp_path: Path) -> None:
    planned = _plan(job)[0]
    path = tmp_path / "in/a.csv"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"p7", b"p8"))
    with pytest.raises(InvalidInput, match="is not the file that the plan was made of"):
        score_range(job, planned)
    path.unlink()
    with pytest.raises(InvalidInput, match=r"there is no file .* on the worker") as caught:
        score_range(job, planned)
    assert "s3://" in caught.value.hint
    assert not Path(job.parts).exists()
