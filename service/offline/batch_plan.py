"""The ranges that several machines score: each a run of whole blocks, so that its bytes are those of one machine.

A range of CSV begins where a row does. A file packed by gzip is one range, since nothing in it can be found without
unpacking what stands before; one of Parquet is cut behind whole row groups.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from service.offline.batch_files import Tables, measure
from service.offline.batch_rows import BLOCK_BYTES, Table
from service.tables.csv_file import count_rows
from service.tables.parquet import ParquetText

RANGE_BYTES = 32_000_000


@dataclass(frozen=True)
class Range:
    """`rows` rows of a file behind its row number `row`: the bytes of its text from `start` to `stop`."""

    number: int
    file: int
    start: int
    stop: int
    row: int
    rows: int


def plan_ranges(
    tables: Tables,
    *,
    size: int = RANGE_BYTES,
    block_bytes: int = BLOCK_BYTES,
    announce: Callable[[str, int, int], None] = lambda step, done, of: None,
) -> list[Range]:
    """Read every file once in order, and cut it into ranges of about so many bytes."""
    ranges: list[Range] = []
    total, before = tables.size, 0
    for file, table in enumerate(tables.tables):
        for start, stop, row, rows in _cut(table, size, block_bytes):
            ranges.append(Range(len(ranges), file, start, stop, row, rows))
            announce("plan", before + stop, total)
        before += measure(table)
    return ranges


def _cut(table: Table, size: int, block_bytes: int) -> Iterator[tuple[int, int, int, int]]:
    """(start, stop, row before, rows) of each range of a file."""
    start = stop = table.file.body
    row = rows = 0
    for part in table.file.read_parts(size=block_bytes):
        stop = part.end
        rows += count_rows(part, table.file)
        if stop - start >= size and _may_end(table, start, stop):
            yield start, stop, row, rows
            start, row, rows = stop, row + rows, 0
    if stop > start:
        yield start, stop, row, rows


def _may_end(table: Table, start: int, stop: int) -> bool:
    """Whether a range is better not made longer: a row group would be converted for each range that it is in."""
    text = table.file.path
    if isinstance(text, ParquetText):
        return bisect_right(text.ends, start) < bisect_right(text.ends, stop)
    return not table.file.dialect.encoding.compressed


def render_plan(ranges: Sequence[Range]) -> bytes:
    """The plan as JSON."""
    return json.dumps([list(asdict(one).values()) for one in ranges]).encode()


def parse_plan(content: bytes) -> list[Range]:
    """What `render_plan` wrote."""
    return [Range(*values) for values in json.loads(content)]
