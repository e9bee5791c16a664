"""The audit record of a request that the page sent, as a replica of the sandbox wrote it a moment ago."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outlast.page.sent import is_prediction

_LAST_BYTES = 200_000
_PATIENCE_SECONDS = 2.0
"""A record is written after the answer, with others."""


def wait_for_record(folder: Path, site: str, request: str) -> dict[str, Any] | None:
    """The record of a request in the logs of a site's replicas; None where none comes in time."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = next(_find(folder, site, request), None)
        if found is not None or time.monotonic() > ends:
            return found
        time.sleep(0.1)


def _find(folder: Path, site: str, request: str) -> Iterator[dict[str, Any]]:
    for path in folder.glob(f"{site}-*.log"):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LAST_BYTES))
            lines = [line for line in file.read().splitlines() if request.encode() in line and b'"chain"' in line]
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:  # half a line, at one of the two ends
                continue
            if is_prediction(record, request):
                yield record
