"""Chains of audit records as a replica writes them, whole and honest."""

from __future__ import annotations

from typing import Any

import orjson

from service.server.audit.chain import GENESIS, hash_record


def chain(site: str, replica: str, predictions: int = 3, *, closed: bool = True, begin: float = 1000.0) -> list[bytes]:
    """A start, so many predictions, and an end where it is closed: a line each."""
    kinds: list[dict[str, Any]] = [{"kind": "start", "capacity": 16, "schema": 1}]
    kinds += [{"kind": "prediction", "status": 200, "rows": 1, "seconds": 0.25} for _ in range(predictions)]
    kinds += [{"kind": "stop"}] * closed
    lines, prev = list[bytes](), GENESIS
    for seq, entry in enumerate(kinds):
        about = {"site": site, "replica": replica, "chain": f"{replica}-{int(begin)}-00", "seq": seq, "prev": prev}
        record = {**entry, "time": begin + seq, **about}
        prev = hash_record(record)
        lines.append(orjson.dumps({**record, "hash": prev}) + b"\n")
    return lines
