"""The files of one run, opened and checked together: their rows are one table, in the order of the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.bundle.manifest import Manifest
from service.errors import InvalidInput, Mistake
from service.offline.batch_rows import Table, open_table
from service.stores.matching import Found, version_of


@dataclass(frozen=True)
class Tables:
    """`tables` in their order; `versions` are what changes with their content.

    `names` are what the column `file` of the output says; empty where one file was named, and not a pattern.
    """

    tables: tuple[Table, ...]
    names: tuple[str, ...]
    versions: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of text in all, to tell how far a run is."""
        return sum(map(measure, self.tables))

    @property
    def read_as(self) -> str:
        """How the files are written, where that is not as usual."""
        return "; ".join(sorted({str(table.file.dialect) for table in self.tables} - {""}))

    def say(self, file: int, fields: Sequence[object]) -> list[object]:
        """The fields of one line of output, with the file's name before them where there may be several files."""
        return [self.names[file], *fields] if self.names else [*fields]


def open_tables(
    found: Found,
    manifest: Manifest,
    *,
    parse: Sequence[str] = (),
    announce: Callable[[str, int, int], None] = lambda step, done, of: None,
) -> Tables:
    """Open every file. Raises InvalidInput for one that does not fit the model, or whose header is not the first's."""
    tables: list[Table] = []
    versions = []
    for file in found.files:
        versions.append(version_of(file) if file.is_file() else "")
        tables.append(open_table(file, manifest, parse=parse))
        announce("files", len(tables), len(found.files))
    _refuse_other_headers(tables)
    names = tuple(map(str, found.files)) if found.is_pattern else ()
    return Tables(tuple(tables), names, tuple(versions))


def measure(table: Table) -> int:
    """The bytes of a file's text, its header with them."""
    encoding = table.file.dialect.encoding
    return encoding.start + encoding.size


def _refuse_other_headers(tables: Sequence[Table]) -> None:
    first = tables[0].columns
    mistakes = [
        Mistake(str(table.file.path), _name_difference(first, table.columns))
        for table in tables
        if table.columns != first
    ]
    if mistakes:
        what = f"the files are not parts of one table: not every header is that of {tables[0].file.path}"
        raise InvalidInput(what, mistakes, hint="predict them one by one, or write their columns in one order")


def _name_difference(first: Sequence[str], other: Sequence[str]) -> str:
    lacks, adds = sorted(set(first) - set(other)), sorted(set(other) - set(first))
    words = [f"lacks {', '.join(lacks)}"] if lacks else []
    words += [f"has {', '.join(adds)} as well"] if adds else []
    return " and ".join(words) or "has the columns in another order"
