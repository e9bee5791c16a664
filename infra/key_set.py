"""The keys of a deployment: drawn, and rotated so that what was valid stays so for a while. One set on every site.

Which of a set's keys are valid is decided by the sites alone, each by its own clock: an API key has an end in the set,
and the key that signs receipts is one that every site could verify before. So no step has to happen everywhere at once.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.settings.reader import NAMESPACE
from service.server.settings.keys import MAX_RECEIPT_KEYS, MIN_SECRET_BYTES, draw_entry, parse_api_keys

_API_KEYS, _RECEIPT_KEYS = f"{NAMESPACE}:apiKeys", f"{NAMESPACE}:receiptKeys"


@dataclass(frozen=True)
class KeySet:
    """`api_keys` are entries as OUTLAST_API_KEYS has them; `receipt_keys` are `id:hex`, of which the first signs."""

    api_keys: tuple[Mapping[str, Any], ...] = ()
    receipt_keys: tuple[str, ...] = ()

    @classmethod
    def of_settings(cls, settings: Mapping[str, str]) -> KeySet:
        """What the settings of a site say. Raises InvalidInput for a list of API keys that the server would refuse."""
        text = settings.get(_API_KEYS) or "[]"
        parse_api_keys(text)
        parts = (settings.get(_RECEIPT_KEYS) or "").split(",")
        return cls(tuple(json.loads(text)), tuple(part.strip() for part in parts if part.strip()))

    def settings(self) -> dict[str, str]:
        """The same as the settings of a site have it."""
        return {_API_KEYS: json.dumps(self.api_keys), _RECEIPT_KEYS: ",".join(self.receipt_keys)}

    def opens(self, api_key: str, now: float) -> bool:
        """Whether the key is one of the set and has not ended."""
        found = hashlib.sha256(api_key.encode()).hexdigest()
        return any(entry["sha256"] == found and _end(entry) > now for entry in self.api_keys)


def draw(name: str, now: float) -> tuple[KeySet, str]:
    """A new set with one API key of that name, and the key itself."""
    return rotate_api_key(KeySet(receipt_keys=(_draw_receipt_key(now),)), name, now, overlap_seconds=0)


def rotate_api_key(keys: KeySet, name: str, now: float, *, overlap_seconds: float) -> tuple[KeySet, str]:
    """The set with a further API key of that name, and the key. Those that it had of the name end after the overlap.

    The new entry has the limits of the one before. Entries that have ended are left out: they open nothing.
    """
    end = now + overlap_seconds
    kept = [_ending(e, end) if e["name"] == name else e for e in keys.api_keys if _end(e) > now]
    api_key, entry = draw_entry(name)
    # Of one that has ended as well: a key without limits must not follow from one that had some.
    before = next((dict(e) for e in reversed(keys.api_keys) if e["name"] == name), {})
    limits = {field: value for field, value in before.items() if field in ("rps", "burst", "feedback")}
    return replace(keys, api_keys=(*kept, {**entry, **limits})), api_key


def announce_receipt_key(keys: KeySet, now: float) -> KeySet:
    """The set with a further receipt key, by which every site can verify before any of them signs with it."""
    return replace(keys, receipt_keys=(*keys.receipt_keys[: MAX_RECEIPT_KEYS - 1], _draw_receipt_key(now)))


def sign_with_newest(keys: KeySet) -> KeySet:
    """The set that signs with the receipt key which was announced last. Those before it go on verifying."""
    *before, newest = keys.receipt_keys
    return replace(keys, receipt_keys=(newest, *before))


def _draw_receipt_key(now: float) -> str:
    """Named after the day, so that people see which is the newest; of one day no two may have the same name."""
    day = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%d")
    return f"{day}-{secrets.token_hex(4)}:{secrets.token_hex(MIN_SECRET_BYTES)}"


def _end(entry: Mapping[str, Any]) -> float:
    text = entry.get("not_after")
    return datetime.datetime.fromisoformat(str(text)).timestamp() if text else float("inf")


def _ending(entry: Mapping[str, Any], end: float) -> Mapping[str, Any]:
    """The entry with that end, or with the earlier one that it has."""
    if _end(entry) <= end:
        return entry
    return {**entry, "not_after": datetime.datetime.fromtimestamp(end, datetime.UTC).isoformat(timespec="seconds")}
