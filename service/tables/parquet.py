"""A Parquet file as the bytes of the CSV file that says the same: one way of reading, one set of rules, for both.

Types are what the rules of CSV make of the fields: a column of text that holds nothing but numbers is numbers.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from service.errors import InvalidInput, Mistake, Unavailable

MAGIC = b"PAR1"
LARGEST = 1_000_000_000  # bytes of CSV, which lie in memory
_ROWS = 65_536


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def read_as_csv(path: Path) -> bytes:
    """The file's rows as CSV, the same bytes each time. Raises InvalidInput for what is damaged, nested, too large."""
    status = path.stat()
    return _convert(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1)  # it is opened once for each thing that is found out about it
def _convert(path: Path, size: int, changed: int) -> bytes:
    parquet, csv, arrow = _import("pyarrow.parquet"), _import("pyarrow.csv"), _import("pyarrow")
    sink = arrow.BufferOutputStream()
    try:
        with parquet.ParquetFile(path) as file:
            schema = _flatten(arrow, path, file.schema_arrow)
            with csv.CSVWriter(sink, schema) as out:
                for batch in file.iter_batches(_ROWS):
                    out.write_batch(arrow.record_batch([_plain(arrow, column) for column in batch.columns], schema))
                    _refuse_size(path, sink.tell())
    except (arrow.ArrowException, OSError) as error:
        what = f"{path} cannot be read as a Parquet table: {error}"
        raise InvalidInput(what, hint="is it whole? write it again, or as CSV") from error
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _refuse_size(path: Path, size: int) -> None:
    if size > LARGEST:
        what = f"{path} holds more than {LARGEST / 1e9:g} GB when written as CSV, which is read into memory"
        raise InvalidInput(what, hint="part it into several files, or write it as CSV")


def _flatten(arrow: Any, path: Path, schema: Any) -> Any:
    """The schema of the CSV. Raises InvalidInput for columns that no field can hold."""
    types = arrow.types
    wrong = [
        Mistake(f"column {each.name}", f"holds {each.type}", "write its parts as columns of their own, or drop it")
        for each in schema
        if types.is_nested(each.type) or types.is_binary(each.type) or types.is_large_binary(each.type)
    ]
    if wrong:
        raise InvalidInput(f"{path} has columns that are no numbers, texts or times", wrong)
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
