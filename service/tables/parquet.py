"""A Parquet file as the bytes of the CSV file that says the same: one way of reading, one set of rules, for both.

Types are what the rules of CSV make of the fields: a column of text that holds nothing but numbers is numbers.
Row groups are converted one at a time, when their bytes are asked for, so that a file may be larger than the memory.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from itertools import accumulate
from typing import Any, BinaryIO, Literal, cast

from service.errors import InvalidInput, Mistake, Unavailable
from service.tables.readable import Readable

MAGIC = b"PAR1"
LARGEST_GROUP = 1_000_000_000  # bytes of CSV, which lie in memory
_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class ParquetText:
    """A Parquet file whose bytes are those of a CSV file.

    `sizes` are the bytes of each row group as CSV, the header with the first's; `lines` counts line ends in all.
    """

    source: Readable
    sizes: tuple[int, ...]
    lines: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.source.name

    def __str__(self) -> str:
        return str(self.source)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The byte behind each row group."""
        return tuple(accumulate(self.sizes))

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """The CSV, from the first byte on."""
        return cast(BinaryIO, io.BufferedReader(_Text(self), buffer_size=1 << 20))

    def is_file(self) -> bool:
        """Whether the file is there."""
        return self.source.is_file()


def is_parquet(source: Readable) -> bool:
    """Whether a file begins as Parquet does."""
    if isinstance(source, ParquetText):
        return False
    with source.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def read_as_text(source: Readable) -> ParquetText:
    """Convert every row group once, to know its size. Raises InvalidInput for what is damaged, nested, too large."""
    sizes, lines = [], 0
    with _open(source) as file:
        for group in range(max(1, file.groups)):
            content = file.convert(group)
            if 0 in content:
                before = lines + content[: content.index(0)].count(b"\n")
                what = f"{source} is no table of text: a zero byte is in row {before} or beside it"
                raise InvalidInput(what, hint="take the zero bytes out of its texts")
            sizes.append(len(content))
            lines += content.count(b"\n")
    return ParquetText(source, tuple(sizes), lines)


class _Text(io.RawIOBase):
    """The bytes of the CSV."""

    def __init__(self, text: ParquetText) -> None:
        self._text, self._at = text, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: sum(self._text.sizes)}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        ends = self._text.ends
        group = bisect_right(ends, self._at)
        if group == len(ends):
            return 0
        start = self._at - (ends[group] - self._text.sizes[group])
        piece = _read_group(self._text, group)[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


@lru_cache(maxsize=1)  # the table is opened once for each thing that is found out about it
def _read_group(text: ParquetText, group: int) -> bytes:
    with _open(text.source) as file:
        content = file.convert(group)
    if len(content) != text.sizes[group]:
        raise InvalidInput(f"{text} was changed while it was read", hint="repeat the command")
    return content


@dataclass(frozen=True)
class _File:
    """An open Parquet file: how many row groups it has, and each as CSV."""

    groups: int
    convert: Callable[[int], bytes]


@contextmanager
def _open(source: Readable) -> Iterator[_File]:
    parquet, arrow = _import("pyarrow.parquet"), _import("pyarrow")
    try:
        with source.open("rb") as stream, parquet.ParquetFile(stream) as file:
            schema = _flatten(arrow, source, file.schema_arrow)
            yield _File(file.num_row_groups, lambda group: _convert(arrow, source, file, schema, group))
    except (arrow.ArrowException, OSError) as error:
        what = f"{source} cannot be read as a Parquet table: {error}"
        raise InvalidInput(what, hint="is it whole? write it again, or as CSV") from error


def _convert(arrow: Any, source: Readable, file: Any, schema: Any, group: int) -> bytes:
    """One row group as CSV; the first has the header. A file without a group is its header."""
    csv, sink = _import("pyarrow.csv"), arrow.BufferOutputStream()
    groups = [group] if group < file.num_row_groups else []
    with csv.CSVWriter(sink, schema, write_options=csv.WriteOptions(include_header=group == 0)) as out:
        for batch in file.iter_batches(_ROWS, row_groups=groups):
            out.write_batch(arrow.record_batch([_plain(arrow, column) for column in batch.columns], schema))
            _refuse_size(source, sink.tell())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _refuse_size(source: Readable, size: int) -> None:
    if size > LARGEST_GROUP:
        what = f"{source} has a row group of more than {LARGEST_GROUP / 1e9:g} GB as CSV, which is read into memory"
        raise InvalidInput(what, hint="write it with smaller row groups, or as CSV")


def _flatten(arrow: Any, source: Readable, schema: Any) -> Any:
    """The schema of the CSV. Raises InvalidInput for columns that no field can hold."""
    types = arrow.types
    wrong = [
        Mistake(f"column {each.name}", f"holds {each.type}", "write its parts as columns of their own, or drop it")
        for each in schema
        if types.is_nested(each.type) or types.is_binary(each.type) or types.is_large_binary(each.type)
    ]
    if wrong:
        raise InvalidInput(f"{source} has columns that are no numbers, texts or times", wrong)
    return arrow.schema([(each.name, _plain_type(arrow, each.type)) for each in schema])


def _plain_type(arrow: Any, kind: Any) -> Any:
    return kind.value_type if arrow.types.is_dictionary(kind) else kind


def _plain(arrow: Any, column: Any) -> Any:
    return column.dictionary_decode() if arrow.types.is_dictionary(column.type) else column


def _import(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        hint = "install it: pip install 'outlast[parquet]', or write the table as CSV"
        raise Unavailable("a Parquet file cannot be read here: pyarrow is not installed", hint=hint) from error
