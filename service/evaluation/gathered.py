"""The table that --csv names, as one file on this disk: an object in a store is fetched, the files of a pattern joined.

What was fetched or joined stays in the folder of artifacts, and is made again when what it is made of has changed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service.bundle.writing import write_whole
from service.errors import InvalidInput, Mistake
from service.evaluation.workbench import ARTIFACTS
from service.stores.files import StoreFile
from service.stores.matching import Found, find_files, version_of
from service.tables.csv_file import CsvFile, open_csv
from service.tables.readable import Readable
from service.training.datasets import refuse_size

TABLES = ARTIFACTS / "tables"
_PATTERN = re.compile(r"\*\*|[*?]|\[[^]]*\]")


@dataclass(frozen=True)
class Gathered:
    """The file, and what was done by itself to have it."""

    path: Path
    note: str = ""


def gather_table(named: str | Path, *, folder: Path = TABLES) -> Gathered:
    """The file that a path, an address or a pattern names. Raises InvalidInput where there is none, or no one table."""
    if isinstance(named, Path):
        return Gathered(named)
    if not _PATTERN.search(named) and "://" not in named:
        return Gathered(Path(named))
    found = find_files(named)
    first = found.files[0]
    if not found.is_pattern and isinstance(first, Path):
        return Gathered(first)
    place = folder / hashlib.sha256(named.encode()).hexdigest()[:16]
    path = place / (f"{_name_after(named)}.csv" if found.is_pattern else first.name)
    made_of = json.dumps({str(file): version_of(file) for file in found.files}, indent=2)
    record = place / "made-of.json"
    if not path.exists() or not record.exists() or record.read_text(encoding="utf-8") != made_of:
        record.unlink(missing_ok=True)
        _make(named, found, path)
        write_whole(record, made_of)
    count = len(found.files)
    return Gathered(path, f"{named} is read as {path}" + (f", {count} files joined" if found.is_pattern else ""))


def join_files(named: str, files: Sequence[Path], path: Path) -> None:
    """Write the rows of several files, in their order, as one table. Raises InvalidInput where they are not alike."""
    refuse_size(named, sum(map(_measure, files)))
    with _write_whole(path) as out:
        _join([open_csv(file) for file in files], out)


def _make(named: str, found: Found, path: Path) -> None:
    refuse_size(named, sum(map(_measure, found.files)))
    with _write_whole(path) as out:
        if not found.is_pattern:
            with found.files[0].open("rb") as stream:
                shutil.copyfileobj(stream, out, 1 << 20)
            return
        _join([open_csv(file) for file in found.files], out)


def _join(tables: Sequence[CsvFile], out: BinaryIO) -> None:
    """Every file's rows as they stand, in UTF-8, below the first's header."""
    first = tables[0]
    mistakes = [Mistake(str(table.path), why) for table in tables if (why := find_difference(first, table))]
    if mistakes:
        hint = "train on files that are written alike, or write them as one table"
        raise InvalidInput(f"the files are not parts of one table with {first.path}", mistakes, hint=hint)
    head = io.StringIO()
    csv.writer(head, delimiter=first.dialect.delimiter, lineterminator="\n").writerow(first.columns)
    out.write(head.getvalue().encode())
    for table in tables:
        ending = b"\n"
        for part in table.read_parts():
            out.write(part.content)
            ending = part.content[-1:]
        if ending not in (b"\n", b"\r"):
            out.write(b"\n")


def find_difference(first: CsvFile, other: CsvFile) -> str:
    """Why another file is no part of one table with the first; "" where it is."""
    if other.columns != first.columns:
        return f"has the columns {', '.join(other.columns)}, not {', '.join(first.columns)}"
    if _written(other) != _written(first):
        return f"is written with {_written(other)}, not {_written(first)}"
    return ""


def _written(table: CsvFile) -> str:
    said = table.dialect.describe()
    ends = ", lines that end in a carriage return" if table.dialect.encoding.line_end == b"\r" else ""
    return f"{said['delimiter']} between fields, decimal {said['decimal']}{ends}"


def _name_after(named: str) -> str:
    """A name for the joined table: that of the pattern without its marks, or of the folder that it is in."""
    parts = [_PATTERN.sub("", part.partition(".")[0]).strip("-_. ") for part in named.split("/")]
    return next((part for part in reversed(parts) if part), "table")


def _measure(file: Readable) -> int:
    return file.size if isinstance(file, StoreFile) else Path(str(file)).stat().st_size


@contextmanager
def _write_whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears when it is finished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.scratch")
    try:
        with scratch.open("wb") as stream:
            yield stream
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
