"""Receipts: each answer carries a signed statement of what was asked and answered, which any site accepts back.

A receipt is `<key id>.<payload>.<mac>`, payload and mac in base64url without padding, the mac an HMAC-SHA-256 over
everything before it. The key is shared by all sites, so no site keeps anything: the caller holds the receipt.
Rotation: put the new key first (it signs), keep the old one behind it (it still verifies) for as long as receipts live.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from service.server.protocol.problems import INVALID_RECEIPT, NO_RECEIPTS, Problem

_DOMAIN = b"outlast-receipt-1."  # a mac made for a receipt is good for nothing else
_MAX_TOKEN = 1 << 20


@dataclass(frozen=True)
class SigningKey:
    """A secret shared by all sites, and the id by which receipts name it."""

    name: str
    secret: bytes = field(repr=False)


class Receipt(NamedTuple):
    """What a receipt says. Hashes are hex SHA-256, `time` is Unix seconds, one label for each row."""

    id: str
    model: str
    version: str
    digest: str
    input_sha256: str
    output_sha256: str
    labels: tuple[str, ...]
    time: float
    site: str
    key: str = ""  # the name of the caller's API key: only it may say what was true; "" in receipts of older releases


class Receipts:
    """Signs with the first key, verifies with any."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        # Begun once for each key: to begin takes as long as the rest of a receipt's code.
        self._begun = {key.name: hmac.new(key.secret, _DOMAIN, "sha256") for key in keys}
        self._first = keys[0].name if keys else None
        self._prefix = f"{self._first}.".encode()

    @property
    def enabled(self) -> bool:
        """Whether there is a key to sign with."""
        return self._first is not None

    def sign(self, receipt: Receipt) -> str:
        """The receipt as text for the caller to keep. There must be a key."""
        if self._first is None:
            raise _no_receipts()
        signed = self._prefix + _encode(orjson.dumps(tuple(receipt)))
        return (signed + b"." + _mac(self._begun[self._first], signed)).decode()

    def verify(self, token: str, *, now: float, max_age_seconds: float) -> Receipt:
        """The receipt that one of our keys signed.

        Raises Problem 400 for a forged, foreign or expired one, in the same words whether the key or the mac is wrong.
        """
        if not self._begun:
            raise _no_receipts()
        receipt = self._open(token)
        if receipt is None:
            raise Problem(
                INVALID_RECEIPT,
                "its signature does not hold",
                hint="send back the text of `receipt` exactly as the prediction gave it",
            )
        if now - receipt.time > max_age_seconds:
            raise Problem(INVALID_RECEIPT, f"it is older than {max_age_seconds / 86400:g} days")
        return receipt

    def _open(self, token: str) -> Receipt | None:
        parts = token.encode("ascii", "replace").split(b".") if len(token) <= _MAX_TOKEN else []
        if len(parts) < 3:
            return None
        name, payload, mac = b".".join(parts[:-2]), parts[-2], parts[-1]  # a key's id may hold dots
        begun = self._begun.get(name.decode("ascii", "replace"))
        # Compared as text: base64 has several spellings of some bytes, and only one of them was signed out.
        if begun is None or not hmac.compare_digest(_mac(begun, name + b"." + payload), mac):
            return None
        return _parse(payload)


def feedback_id(token: str) -> str:
    """The same for the same receipt, however often it is sent: readers count each once."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def _parse(payload: bytes) -> Receipt | None:
    try:
        fields: Any = orjson.loads(_decode(payload))
    except (ValueError, binascii.Error):
        return None
    if type(fields) is not list or len(fields) not in (len(Receipt._fields) - 1, len(Receipt._fields)):
        return None
    named = dict(zip(Receipt._fields, fields, strict=False))
    return Receipt(**{**named, "labels": tuple(named["labels"])})


def _mac(begun: hmac.HMAC, signed: bytes) -> bytes:
    code = begun.copy()
    code.update(signed)
    return _encode(code.digest())


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _no_receipts() -> Problem:
    return Problem(
        NO_RECEIPTS,
        "OUTLAST_RECEIPT_KEYS is not set at this site, so it can neither sign nor check receipts",
        hint="ask the operator to give every site the same receipt keys",
    )
