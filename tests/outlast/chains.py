"""Chains of audit records as a replica writes them, whole and honest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from service.server.audit.chain import GENESIS, hash_record


def chain(
    site: str,
    replica: str,
    predictions: int = 3,
    *,
    closed: bool = True,
    begin: float = 1000.0,
    more: Sequence[dict[str, Any]] = (),
) -> list[bytes]:
    """A start, so many predictions, what else is given, and an end where it is closed: a line each."""
    kinds: list[dict[str, Any]] = [{"kind": "start", "capacity": 16, "schema": 1}]
    kinds += [{"kind": "prediction", "status": 200, "rows": 1, "seconds": 0.25} for _ in range(predictions)]
    kinds += [*more, *[{"kind": "stop"}] * closed]
    lines, prev = list[bytes](), GENESIS
    for seq, entry in enumerate(kinds):
        about = {"site": site, "replica": replica, "chain": f"{replica}-{int(begin)}-00", "seq": seq, "prev": prev}
        record = {"time": begin + seq, **entry, **about}
        prev = hash_record(record)
        lines.append(orjson.dumps({**record, "hash": prev}) + b"\n")
    return lines


def feedback(receipt: str, truth: list[str], *, time: float, predicted_at: float = 10.0) -> dict[str, Any]:
    """What a replica writes of a receipt that came back."""
    return {
        "kind": "feedback",
        "feedback_id": receipt,
        "request_id": f"of {receipt}",
        "truth": truth,
        "time": time,
        "predicted": ["malignant"] * len(truth),
        "predicted_at": predicted_at,
        "predicted_by": "azure",
        "model": "tumour",
        "version": "1",
        "digest": "sha256:d",
        "key": "web",
    }
