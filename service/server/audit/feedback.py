"""Feedback: a receipt comes back with the true labels, to any site, and goes out as a record of the audit log.

Nothing is stored, so nothing stops the same receipt from coming twice: its `feedback_id` is then the same, and
`service.server.audit.settled` takes the last truth of each id and shows those before it as corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from service.errors import Mistake
from service.server.audit.receipts import Receipt, Receipts, feedback_id
from service.server.models import Models
from service.server.protocol.bodies import Body, count_keys, parse_object, refuse_duplicate_keys, require_json_type
from service.server.protocol.problems import (
    AUDIT_STALLED,
    FOREIGN_RECEIPT,
    INVALID_REQUEST,
    MOST_MISTAKES,
    NO_RECEIPTS,
    Problem,
)

_KEYS = {"receipt", "truth"}


def read_feedback(
    headers: Mapping[bytes, bytes],
    body: Body,
    *,
    receipts: Receipts,
    models: Models,
    may_judge: Callable[[str], bool],
    now: float,
    max_age_seconds: float,
) -> dict[str, Any]:
    """The record of one feedback. Raises Problem: not JSON, a forged receipt, labels that the model does not know.

    `may_judge`: whether the caller may speak of predictions that the key of a name asked for.
    """
    require_json_type(headers)
    document = parse_object(body)
    refuse_duplicate_keys(body, count_keys(document))
    mistakes = [Mistake(key, "is not a key of a feedback") for key in document if key not in _KEYS][:MOST_MISTAKES]
    token, truth = document.get("receipt"), document.get("truth")
    labels = [truth] if type(truth) is str else truth
    if type(token) is not str or not token:
        mistakes.append(Mistake("receipt", "must be the text that the prediction gave"))
    if type(labels) is not list or not all(type(label) is str for label in labels):
        mistakes.append(Mistake("truth", "must be the true label, or a list of them, one for each row"))
    if mistakes:
        raise _refusal(mistakes)
    receipt = receipts.verify(str(token), now=now, max_age_seconds=max_age_seconds)
    if not may_judge(receipt.key):
        raise Problem(
            FOREIGN_RECEIPT,
            "only the key that asked for a prediction may say what was true",
            hint='send it with that key, or let this key speak for all: `"feedback": "any"` in its entry',
        )
    if mistakes := _misfits(receipt, list(labels or ()), models):
        raise _refusal(mistakes)
    return {
        "kind": "feedback",
        "time": round(now, 6),
        "feedback_id": feedback_id(str(token)),
        "request_id": receipt.id,
        "model": receipt.model,
        "version": receipt.version,
        "digest": receipt.digest,
        "predicted": list(receipt.labels),
        "truth": labels,
        "predicted_at": receipt.time,
        "predicted_by": receipt.site,
        "input_sha256": receipt.input_sha256,
    }


def require_audit_log(accepts: bool, kept: bool) -> None:
    """Raises Problem 503 where a feedback would go nowhere."""
    if not kept:
        raise Problem(NO_RECEIPTS, "this site keeps no audit log, so feedback would be lost", hint="ask another site")
    if not accepts:
        raise Problem(AUDIT_STALLED, "its sink does not take records", headers=[(b"retry-after", b"1")])


def _misfits(receipt: Receipt, labels: list[str], models: Models) -> list[Mistake]:
    """Labels that cannot belong to what the receipt says. A model that is not served here is taken at its word."""
    if len(labels) != len(receipt.labels):
        return [Mistake("truth", f"holds {len(labels)} labels, the receipt is for {len(receipt.labels)} rows")]
    known = models.newest().get(receipt.model)
    if known is None:
        return []
    classes = ", ".join(known.classes)
    wrong = ((row, label) for row, label in enumerate(labels) if label not in known.classes)
    return [
        Mistake(f"truth[{row}]", f"is {label[:40]!r}; {receipt.model} knows {classes}")
        for row, label in islice(wrong, MOST_MISTAKES)
    ]


def _refusal(mistakes: list[Mistake]) -> Problem:
    return Problem(INVALID_REQUEST, f"{mistakes[0].place} {mistakes[0].what}", mistakes=mistakes)
