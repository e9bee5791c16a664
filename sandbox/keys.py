"""The keys that a sandbox draws for its sites at its first `up`: in its ignored state, never in a stack file.

Every program of the sandbox reads the set from there in the place of its stack file's (`infra.secrets`), plain `pulumi
up` in `outlast shell` included; and who asks the endpoint finds the key that the set opens for in the environment.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from infra.key_set import KeySet, draw, rotate_api_key
from infra.secrets import VARIABLE, read_key_file
from sandbox.layout import Layout
from service.bundle.writing import write_whole

NAME = "sandbox"
"""Whose key it is, in logs, metrics and audit records."""

API_KEY = "OUTLAST_API_KEY"


def set_file(layout: Layout) -> Path:
    """Where the set lies: hashes, and the receipts' keys."""
    return layout.state / "keys.json"


def _api_key_file(layout: Layout) -> Path:
    return layout.state / "api-key"


def prepare(layout: Layout) -> None:
    """Have a set, and a key that it opens for; both are drawn where they are missing or have ended."""
    keys, now = load(layout), time.time()
    if keys.opens(_drawn_key(layout), now) and keys.receipt_keys:
        return
    keys, api_key = rotate_api_key(keys, NAME, now, overlap_seconds=0) if keys.receipt_keys else draw(NAME, now)
    save(layout, keys)
    save_api_key(layout, api_key)


def sample() -> dict[str, str]:
    """The settings of a set that no site will have: to judge a stack file by before anything is drawn."""
    return draw(NAME, time.time())[0].settings()


def load(layout: Layout) -> KeySet:
    """The set; an empty one where none was drawn yet. Raises InvalidInput for a file that is damaged."""
    return KeySet.of_settings(read_key_file(_named(layout)))


def save(layout: Layout, keys: KeySet) -> None:
    """Let every site have this set, from its next update on."""
    _write(layout, set_file(layout), json.dumps(keys.settings(), indent=1) + "\n")


def save_api_key(layout: Layout, api_key: str) -> None:
    """Ask with this key from now on."""
    _write(layout, _api_key_file(layout), api_key + "\n")


def environment_of(layout: Layout) -> dict[str, str]:
    """What names the set to every program, and the key to whoever asks; empty before the first `up`."""
    key = api_key_of(layout)
    return _named(layout) | ({API_KEY: key} if key else {})


def api_key_of(layout: Layout) -> str:
    """The key to ask with: the caller's own, else the one that was drawn; "" before the first `up`."""
    return os.environ.get(API_KEY, "") or _drawn_key(layout)


def _named(layout: Layout) -> dict[str, str]:
    return {VARIABLE: str(set_file(layout))} if set_file(layout).exists() else {}


def _drawn_key(layout: Layout) -> str:
    try:
        return _api_key_file(layout).read_text().strip()
    except OSError:
        return ""


def _write(layout: Layout, path: Path, text: str) -> None:
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, text, mode=0o600)
