"""Which revision of each workload was good last, on disk: what to fall back on where the newest one fails."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from sandbox.workloads import Workload


class GoodRevisions:
    """Workloads by key, kept in a file. One that cannot be read counts as none: what is asked for is known anyway."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._workloads: dict[str, Workload] = {}
        try:
            kept = json.loads(path.read_text())
            self._workloads = {key: _workload(entry) for key, entry in kept.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return

    def get(self, key: str) -> Workload | None:
        return self._workloads.get(key)

    def keep(self, key: str, workload: Workload | None) -> None:
        """Remember a good revision; None forgets the workload."""
        kept = {k: w for k, w in self._workloads.items() if k != key} | ({key: workload} if workload else {})
        if kept == self._workloads:
            return
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({k: asdict(w) for k, w in kept.items()}))
        new.replace(self._path)
        self._workloads = kept


def _workload(entry: dict[str, object]) -> Workload:
    pairs = entry["environment"]
    if not isinstance(pairs, list):
        raise TypeError("environment is no list")
    return Workload(**{**entry, "environment": tuple((str(k), str(v)) for k, v in pairs)})  # type: ignore[arg-type]
