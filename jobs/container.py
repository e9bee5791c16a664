"""What every service runs in the image: one command with plain paths, so that nothing inside knows a cloud. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

ENTRY_POINT = ("python", "-m", "service", "model")
PACKAGES = frozenset({"xgboost"})
"""Packages of algorithms that the image holds beside what Outlast needs anyway: `service/requirements-train.in`."""


def channel(number: int) -> str:
    """The name under which a service knows one address of data: they sort in the order in which they are given."""
    return f"in{number:02}"


def arguments(data: Sequence[str], checkpoints: str, out: str, more: Sequence[str]) -> list[str]:
    """What follows the entry point: where data, checkpoints and output are, then the problem's own arguments."""
    each = [part for path in data for part in ("--data", path)]
    return [*each, "--checkpoints", checkpoints, "--out", out, *more]


def is_folder(address: str) -> bool:
    """Whether an address means all that lies below it."""
    return address.endswith("/")


def file_name(address: str) -> str:
    """The last part of an address; "" for a folder's."""
    return posixpath.basename(address)
