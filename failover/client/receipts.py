"""Receipts, read and compared with what was sent and received: the digests in them, for only a site has the key. Pure.

A receipt's input hash covers the row as the model saw it, the same for every way to send it, so that it can be computed
here: numbers as 32- or 64-bit floats, texts with their length before them, what is missing as NaN or the empty text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from failover.client.errors import ReceiptMismatch

_FIELDS = ("id", "model", "version", "digest", "input_sha256", "output_sha256", "labels", "time", "site", "key")
_MISSING = frozenset(("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"))  # docs/reference/server.md
_NUMERIC = ("number", "whole number")


@dataclass(frozen=True)
class Receipt:
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
    key: str = ""


def read_receipt(token: str) -> Receipt:
    """What a receipt says; whether a site signed it only a site can tell. Raises ReceiptMismatch for anything else."""
    try:
        payload = token.rsplit(".", 2)[1]
        told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        named = dict(zip(_FIELDS, told, strict=False))
        return Receipt(**{**named, "labels": tuple(named["labels"])})
    except (ValueError, TypeError, KeyError, IndexError, binascii.Error) as error:
        raise ReceiptMismatch(f"the answer's receipt cannot be read: {error}") from error


def check_output(
    receipt: Receipt, labels: Sequence[str], probabilities: Iterable[float], *, model: str, version: str
) -> None:
    """Raises ReceiptMismatch where a receipt is not about this answer."""
    if (receipt.model, receipt.version) != (model, version):
        raise _mismatch("model", f"{receipt.model} {receipt.version}", f"{model} {version}")
    if receipt.labels != tuple(labels):
        raise _mismatch("answer", ", ".join(receipt.labels), ", ".join(labels))
    shares = list(probabilities)
    hashed = hashlib.sha256(b"".join(map(_text, labels)) + struct.pack(f"<{len(shares)}f", *shares)).hexdigest()
    if hashed != receipt.output_sha256:
        raise _mismatch("answer", receipt.output_sha256[:12], hashed[:12])


def check_input(receipt: Receipt, metadata: Mapping[str, Any], rows: Sequence[Sequence[Any]]) -> None:
    """Raises ReceiptMismatch where a receipt is not about these rows; `metadata` is the model's, of GET /v2/models/….

    A value is as it was sent: a number, a text, or None; in the order of the model's columns.
    """
    columns = metadata["parameters"]["columns"]
    shapes = _shapes(metadata["inputs"], columns)
    hashes = [hashlib.sha256(_canonical(columns, rows, shape)).hexdigest() for shape in shapes]
    if receipt.input_sha256 not in hashes:
        raise _mismatch("request", receipt.input_sha256[:12], hashes[0][:12])


def _shapes(inputs: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """How numbers may have been hashed: metadata says it of one tensor; of several 32 bits are possible as well."""
    if any(column["type"] not in _NUMERIC for column in columns):
        return ("<d",)
    if len(inputs) == 1 and inputs[0]["datatype"] != "BYTES":
        return ("<f",) if inputs[0]["datatype"] == "FP32" else ("<d",)
    return ("<d", "<f")


def _canonical(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]], shape: str) -> bytes:
    if all(column["type"] in _NUMERIC for column in columns):
        flat = [value for row in rows for value in row]
        try:
            return struct.pack(f"<{len(flat)}{shape[-1]}", *flat)
        except (struct.error, OverflowError):
            pass  # a number that is missing, written out, or beyond 32 bits: one after the other
    encoded = (
        _number(value, shape) if column["type"] in _NUMERIC else _text(_clean(column, value))
        for row in rows
        for column, value in zip(columns, row, strict=True)
    )
    return b"".join(itertools.chain(encoded))


def _number(value: Any, shape: str) -> bytes:
    if isinstance(value, str):
        value = math.nan if value.strip() in _MISSING else float(value)
    try:
        return struct.pack(shape, math.nan if value is None else value)
    except OverflowError:
        return struct.pack(shape, math.inf if value > 0 else -math.inf)  # no model of 32 bits takes it


def _clean(column: Mapping[str, Any], value: str | None) -> str:
    text = (value or "").strip()
    categories = column.get("categories", ())
    return "" if column["type"] != "text" and text in _MISSING and text not in categories else text


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw


def _mismatch(what: str, signed: str, seen: str) -> ReceiptMismatch:
    return ReceiptMismatch(
        f"the receipt is not about this {what}: it says {signed}, this call has {seen}",
        hint="keep answer and receipt, and ask the operator for the audit record of the receipt's id",
    )
