"""Plain values that all simulated clouds share: whose accounts these are, ids, and looking into nested inputs."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

Values = dict[str, Any]

ACCOUNT = "000000000000"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
TENANT = "00000000-0000-0000-0000-00000000000a"
PROJECT = "outlast-sandbox"
PROJECT_NUMBER = "100000000000"


def hex_id(length: int) -> str:
    """Random hex digits, as clouds make ids of."""
    return secrets.token_hex((length + 1) // 2)[:length]


def stable_hex(*parts: str, length: int = 32) -> str:
    """Hex digits that depend on `parts` only."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]


def nested(values: Mapping[str, Any] | None, *path: str | int) -> Any:
    """The value at a path of keys and list positions, or None where the path ends early."""
    here: Any = values
    for step in path:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and len(here) > step else None
        else:
            here = here.get(step) if isinstance(here, Mapping) else None
        if here is None:
            return None
    return here
