"""Audit records as one file: JSON lines as they were written, or Parquet by Arrow, a column for each common field."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from failover.logs.lines import SPAN, read_span
from outlast.audit.merged import Record
from service.bundle.writing import write_whole
from service.errors import InvalidInput, Mistake, Unavailable

TEXTS = (
    *("site", "replica", "chain", "kind", "route", "request_id", "key", "model", "version", "digest"),
    *("input_sha256", "output_sha256", "feedback_id", "predicted_by", "prev", "hash"),
)
WHOLE = ("seq", "status", "rows", "count")
REAL = ("seconds", "predicted_at")
LISTS = ("predicted", "truth")


def parse_since(text: str, now: datetime.datetime) -> float:
    """Unix seconds of a time (`2026-11-29T12:00`, UTC unless it says otherwise) or of so long ago (`90m`, `2d`)."""
    if SPAN.fullmatch(text):
        return (now - read_span(text)).timestamp()
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        mistake = Mistake("--since", f"is {text!r}", "write a time, as 2026-11-29T12:00, or how long ago, as 90m or 2d")
        raise InvalidInput("the export has no beginning", [mistake]) from None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def check_target(path: Path) -> None:
    """Raises InvalidInput for a file of no known form, or one that is there."""
    if path.suffix not in (".jsonl", ".parquet"):
        raise InvalidInput("the export has no form", [Mistake("--out", f"is {path}", "end it in .jsonl or .parquet")])
    if path.exists():
        raise InvalidInput("the export has no place", [Mistake("--out", f"{path} is there", "name another file")])
    if path.suffix == ".parquet":
        load_arrow()


def write_records(records: Sequence[Record], path: Path) -> None:
    """Write the file whole, or not at all."""
    if path.suffix == ".jsonl":
        write_whole(path, b"".join(orjson.dumps(record) + b"\n" for record in records))
        return
    write_table(_as_table(load_arrow(), records), path)


def write_table(table: Any, path: Path) -> None:
    """A table of Arrow's as Parquet, whole or not at all."""
    sink = load_arrow().BufferOutputStream()
    import_module("pyarrow.parquet").write_table(table, sink)
    write_whole(path, sink.getvalue().to_pybytes())


def _as_table(arrow: Any, records: Sequence[Record]) -> Any:
    """`record` holds the whole of each as it was written, for what has no column, and for its hash."""
    types = {
        "time": arrow.timestamp("us", tz="UTC"),
        **dict.fromkeys(TEXTS, arrow.string()),
        **dict.fromkeys(WHOLE, arrow.int64()),
        **dict.fromkeys(REAL, arrow.float64()),
        **dict.fromkeys(LISTS, arrow.list_(arrow.string())),
        "record": arrow.string(),
    }
    columns = {name: [_cell(record, name) for record in records] for name in types}
    return arrow.table({name: arrow.array(columns[name], type=type_) for name, type_ in types.items()})


def _cell(record: Record, name: str) -> Any:
    if name == "record":
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS).decode()
    value = record.get(name)
    if name == "time":
        return datetime.datetime.fromtimestamp(float(value or 0), datetime.UTC)
    return [value] if name in LISTS and isinstance(value, str) else value


def load_arrow() -> Any:
    """Arrow, for Parquet. Raises Unavailable where the extra is missing."""
    try:
        return import_module("pyarrow")
    except ImportError as error:
        hint = "pip install 'outlast[parquet]', or end --out in .jsonl"
        raise Unavailable("Parquet needs pyarrow, which is not installed", hint=hint) from error
