"""The settings that hold keys: the API keys' list, and the receipts' secrets. A secret never appears in a message."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime

from service.errors import InvalidInput, Mistake
from service.server.audit.receipts import SigningKey
from service.server.auth import ApiKey, make_key
from service.server.settings.values import LABEL, Wrong, shorten

MAX_API_KEYS = 64  # every presented key is compared with all of them, in constant time each
MAX_RECEIPT_KEYS = 64
MIN_SECRET_BYTES = 32
KEY_HINT = "make an entry with `python -m service key --name <who>`"
_KEY_FIELDS = {"name", "sha256", "rps", "burst", "not_before", "not_after", "feedback"}


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """API keys from their JSON list. Raises InvalidInput with every mistake."""
    try:
        entries = json.loads(text or "[]")
    except (ValueError, RecursionError) as error:
        raise Wrong(f"is not JSON: {error}", KEY_HINT) from error
    if not isinstance(entries, list):
        raise Wrong(f"is a JSON {type(entries).__name__}, not a list", KEY_HINT)
    if len(entries) > MAX_API_KEYS:
        raise Wrong(f"holds {len(entries)} keys; at most {MAX_API_KEYS} are compared for each request")
    mistakes: list[Mistake] = []
    keys: list[ApiKey] = []
    for number, entry in enumerate(entries):
        try:
            keys.append(_api_key(entry))
        except Wrong as error:
            mistakes.append(Mistake(f"[{number}]", error.what, error.hint or KEY_HINT))
    if mistakes:
        raise InvalidInput("the API keys are wrong", mistakes)
    return tuple(keys)


def draw_entry(name: str, rps: float | None = None) -> tuple[str, dict[str, object]]:
    """A new API key, and the entry of the list with its hash."""
    key, sha256 = make_key()
    return key, {"name": name, "sha256": sha256, **({} if rps is None else {"rps": rps})}


def _api_key(entry: object) -> ApiKey:
    if not isinstance(entry, dict):
        raise Wrong(f"is a JSON {type(entry).__name__}, not an object")
    if unknown := sorted(set(entry) - _KEY_FIELDS):
        raise Wrong(
            f"has unknown fields: {shorten(', '.join(unknown))}", f"the fields are {', '.join(sorted(_KEY_FIELDS))}"
        )
    name, sha256 = entry.get("name"), entry.get("sha256")
    if not isinstance(name, str) or not LABEL.fullmatch(name):
        raise Wrong("name must be 1 to 63 letters, digits, dots, dashes or underscores")
    if not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise Wrong("sha256 must be the SHA-256 of the key as 64 lower-case hex digits")
    rps = _entry_number(entry, "rps", default=math.inf)
    burst = _entry_number(entry, "burst", default=max(1.0, rps))
    feedback = entry.get("feedback", "own")
    if feedback not in ("own", "any"):
        raise Wrong(
            f"feedback is {shorten(repr(feedback))}; it must be `own` or `any`: whose predictions the key may judge"
        )
    return ApiKey(
        judges_all=feedback == "any",
        name=name,
        sha256=bytes.fromhex(sha256),
        rps=rps,
        burst=burst,
        not_before=_entry_time(entry, "not_before", -math.inf),
        not_after=_entry_time(entry, "not_after", math.inf),
    )


def _entry_number(entry: Mapping[str, object], field: str, default: float) -> float:
    value = entry.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise Wrong(f"{field} is {shorten(repr(value))}; it must be a number above 0")
    try:
        return float(value)
    except OverflowError as error:
        raise Wrong(f"{field} is {shorten(repr(value))}; it is too large") from error


def _entry_time(entry: Mapping[str, object], field: str, default: float) -> float:
    value = entry.get(field)
    if value is None:
        return default
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Wrong(f"{field} is {shorten(repr(value))}, not a time", "write it like 2026-12-31T00:00:00Z") from error
    if moment.tzinfo is None:
        raise Wrong(f"{field} is {shorten(repr(value))}, without a time zone", "write it like 2026-12-31T00:00:00Z")
    return moment.timestamp()


def parse_receipt_keys(text: str) -> tuple[SigningKey, ...]:
    """Receipt keys from `id:hex,…`. Raises InvalidInput with every mistake, each key named by its place alone.

    What stands before the colon may be a secret too: of a key without an id, or of one written the wrong way round.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_RECEIPT_KEYS:
        raise Wrong(f"holds {len(parts)} keys; at most {MAX_RECEIPT_KEYS} are read", "take out those that expired")
    mistakes: list[Mistake] = []
    keys: list[SigningKey] = []
    for number, part in enumerate(parts):
        name, colon, secret = part.partition(":")
        if not colon or not LABEL.fullmatch(name):
            mistakes.append(Mistake(f"[{number}]", "has no id before a colon", "write it as id:hex,id:hex"))
        elif not re.fullmatch(r"[0-9a-fA-F]+", secret) or len(secret) % 2 or len(secret) < 2 * MIN_SECRET_BYTES:
            what = f"is not {MIN_SECRET_BYTES} or more bytes in hex after its colon"
            mistakes.append(Mistake(f"[{number}]", what, "make one with `openssl rand -hex 32`"))
        elif any(key.name == name for key in keys):
            mistakes.append(Mistake(f"[{number}]", "has the id of a key before it", "give each key an id of its own"))
        else:
            keys.append(SigningKey(name, bytes.fromhex(secret)))
    if mistakes:
        raise InvalidInput("the receipt keys are wrong", mistakes)
    return tuple(keys)
