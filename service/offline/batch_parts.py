"""The parts that ranges leave in a store: written whole and once, verified against the plan, and joined in order.

<number>.csv        the answers
<number>.bad.csv    the rows set apart, where there are any
<number>.json       written last: how many rows, the first and the last, size and SHA-256 of both files
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from socket import gethostname
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

from service.bundle.classifier import Classifier
from service.bundle.folder import Release
from service.errors import InvalidInput, Mistake
from service.offline.batch_files import Tables
from service.offline.batch_lines import render_block
from service.offline.batch_plan import Range
from service.offline.batch_rows import BLOCK_BYTES, read_blocks
from service.stores.matching import version_of
from service.stores.opening import open_store
from service.stores.store import Store, check_digest, read_whole
from service.tables.parquet import ParquetText

_PIECE = 8_000_000
_SHOWN = 10
_LOADED: dict[str, Classifier] = {}


@dataclass(frozen=True)
class Job:
    """What every range of a run needs: the model, the files, the address of the parts, and how blocks are cut."""

    release: Release
    tables: Tables
    parts: str
    block_bytes: int = BLOCK_BYTES


@dataclass(frozen=True)
class Record:
    """What a finished range says of itself; `first` and `last` are the numbers of its rows in their file."""

    number: int
    predicted: int
    bad: int
    first: int
    last: int
    size: int
    sha256: str
    bad_size: int
    bad_sha256: str


def score_range(job: Job, planned: Range) -> Record:
    """Score one range, wherever this runs, and leave its part. A part that is there already stays as it is."""
    table = job.tables.tables[planned.file]
    _refuse_other_file(job.tables, planned.file)
    classifier = _load(job.release)
    predicted = bad = 0
    last = planned.row
    with TemporaryFile() as good, TemporaryFile() as poor:
        for block in read_blocks(
            table,
            job.release.manifest,
            offset=planned.start,
            row=planned.row,
            size=job.block_bytes,
            stop=planned.stop,
        ):
            answers, apart = render_block(block, planned.file, job.tables, classifier)
            good.write(answers)
            poor.write(apart)
            predicted, bad, last = predicted + len(block.numbers), bad + len(block.bad), block.last
        record = Record(
            planned.number, predicted, bad, planned.row + 1, last, good.tell(), _hash(good), poor.tell(), _hash(poor)
        )
        verify_parts([planned], {planned.number: record})
        _keep(open_store(job.parts), record, good, poor)
    return record


def _keep(store: Store, record: Record, good: IO[bytes], poor: IO[bytes]) -> None:
    """Put the files in place; a second worker that scored the same range wrote the same bytes."""
    for kind, stream, size in (("csv", good, record.size), ("bad.csv", poor, record.bad_size)):
        if size:
            stream.seek(0)
            store.put_if_absent(name_part(record.number, kind), cast(BinaryIO, stream))
    store.put_if_absent(name_part(record.number, "json"), json.dumps(asdict(record)).encode())


def name_part(number: int, kind: str) -> str:
    """The key of one of a part's files."""
    return f"{number:06d}.{kind}"


def find_finished(store: Store) -> set[int]:
    """The numbers of the parts that are finished."""
    names = [entry.key.partition(".") for entry in store.list()]
    return {int(number) for number, _, kind in names if kind == "json" and number.isdecimal()}


def read_records(store: Store) -> dict[int, Record]:
    """What the parts that are finished say of themselves, by their numbers."""
    keys = [name_part(number, "json") for number in sorted(find_finished(store))]
    return {record.number: record for record in (_read_record(store, key) for key in keys)}


def _read_record(store: Store, key: str) -> Record:
    try:
        return Record(**json.loads(read_whole(store, key)))
    except (ValueError, TypeError) as error:
        what = f"{key} is no record of a part: {error}"
        raise InvalidInput(what, hint="remove it, then repeat the command: that range is done again") from error


def verify_parts(ranges: Sequence[Range], records: Mapping[int, Record]) -> None:
    """Raises InvalidInput unless every range is there once, and holds the rows that it was planned to hold."""
    absent = [one.number for one in ranges if one.number not in records]
    if absent:
        what = f"{len(absent)} of {len(ranges)} ranges are not finished, number {absent[0]} first"
        raise InvalidInput(what, hint="repeat the command: it goes on from there")
    wrong = [Mistake(f"range {one.number}", why) for one in ranges if (why := _find_wrong(one, records[one.number]))]
    if wrong:
        what = f"{len(wrong)} of {len(ranges)} ranges do not hold the rows that were planned"
        raise InvalidInput(what, wrong[:_SHOWN], hint="was the input changed? Begin anew with another --parts or --out")


def collect_parts(store: Store, ranges: Sequence[Range], records: Mapping[int, Record], out: Path, bad: Path) -> None:
    """Append every part to the two files, in order. Raises InvalidInput for a part that is not what its record says."""
    with out.open("ab") as good, bad.open("ab") as poor:
        for planned in ranges:
            record = records[planned.number]
            _copy(store, name_part(record.number, "csv"), record.size, record.sha256, good)
            _copy(store, name_part(record.number, "bad.csv"), record.bad_size, record.bad_sha256, poor)
        for stream in (good, poor):
            stream.flush()
            os.fsync(stream.fileno())


def _copy(store: Store, key: str, size: int, sha256: str, out: IO[bytes]) -> None:
    digest = hashlib.sha256()
    for start in range(0, size, _PIECE):
        piece = store.read_range(key, start, min(_PIECE, size - start))
        digest.update(piece)
        out.write(piece)
    check_digest(store.name(key), digest.hexdigest(), sha256)


def _find_wrong(planned: Range, record: Record) -> str:
    rows = record.predicted + record.bad
    if (rows, record.last) == (planned.rows, planned.row + planned.rows):
        return ""
    return f"holds {rows} rows up to {record.last}, planned were {planned.rows} up to {planned.row + planned.rows}"


def _refuse_other_file(tables: Tables, file: int) -> None:
    """A worker on another machine may see another file under that path, or none."""
    source = tables.tables[file].file.path
    source = source.source if isinstance(source, ParquetText) else source
    if not source.is_file():
        hint = "put the input on a disk that all machines share, or in a store: s3://, az:// or gs://"
        raise InvalidInput(f"there is no file {source} on the worker {gethostname()}", hint=hint)
    if version_of(source) != tables.versions[file]:
        what = f"{source} on the worker {gethostname()} is not the file that the plan was made of"
        raise InvalidInput(what, hint="was it changed, or copied? Repeat the command; let all machines share one disk")


def _load(release: Release) -> Classifier:
    """The model in memory, opened once in each worker."""
    classifier = _LOADED.get(release.digest)
    if classifier is None:
        classifier = Classifier(release)
        _LOADED.clear()
        _LOADED[release.digest] = classifier
    return classifier


def _hash(stream: IO[bytes]) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while piece := stream.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
