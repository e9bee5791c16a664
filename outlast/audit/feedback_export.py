"""Writes merged feedback: JSON lines as `outlast model shift --feedback` reads them, or Parquet by Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson

from outlast.audit.export import load_arrow, write_table
from outlast.audit.feedback_merged import Given
from service.bundle.writing import write_whole
from service.command_line import say

TEXTS = ("label", "predicted", "model", "version", "digest", "feedback_id", "site", "replica", "predicted_by")
MOMENTS = ("time", "given_at")
WHOLE = ("row", "times")


def rows_since(given: Sequence[Given], begin: float) -> list[dict[str, Any]]:
    """The rows of what was given from a time (Unix seconds) on."""
    return [row for one in given if one.settled.time >= begin for row in one.rows()]


def write(rows: Sequence[dict[str, Any]], out: Path | None) -> None:
    """To stdout, or whole into a new file by its ending."""
    if out is None:
        for row in rows:
            click.echo(orjson.dumps(row).decode())
        return
    if out.suffix == ".parquet":
        write_table(_as_table(rows), out)
    else:
        write_whole(out, b"".join(orjson.dumps(row) + b"\n" for row in rows))
    say(f"{len(rows)} rows are in {out}")


def _as_table(rows: Sequence[dict[str, Any]]) -> Any:
    """`time` is the prediction's, `given_at` that of the last truth; `corrected` lists earlier truths."""
    arrow = load_arrow()
    moment = arrow.timestamp("us", tz="UTC")
    columns = {
        **{name: arrow.array([datetime.fromisoformat(row[name]) for row in rows], type=moment) for name in MOMENTS},
        **{name: arrow.array([row[name] for row in rows], type=arrow.string()) for name in TEXTS},
        **{name: arrow.array([row[name] for row in rows], type=arrow.int64()) for name in WHOLE},
        "corrected": arrow.array([row.get("corrected", []) for row in rows], type=arrow.list_(arrow.string())),
    }
    return arrow.table(columns)
