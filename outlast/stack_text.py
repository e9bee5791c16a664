"""Changes single settings in the text of a stack file and leaves all else in it as it was written. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

_KIND = re.compile(r"^(?P<indent> +)outlast:kind:.*$", re.MULTILINE)


def set_settings(text: str, settings: Mapping[str, Any]) -> str:
    """The text with these settings, `namespace:key` -> value; new ones follow `outlast:kind`.

    Raises ValueError for a file in which that cannot be done without a change of something else.
    """
    before = yaml.safe_load(text)["config"]
    changed = text
    for key, value in settings.items():
        changed = _set(changed, key, json.dumps(value))
    if yaml.safe_load(changed)["config"] != {**before, **settings}:
        raise ValueError("its settings are not written one to a line")
    return changed


def _set(text: str, key: str, value: str) -> str:
    line = re.compile(rf"^(?P<indent> +){re.escape(key)}:.*(?:\n(?P=indent)(?: |- ).*)*", re.MULTILINE)
    if line.search(text):
        return line.sub(lambda found: f"{found['indent']}{key}: {value}", text, count=1)
    kind = _KIND.search(text)
    if not kind:
        raise ValueError("it has no line outlast:kind")
    return f"{text[: kind.end()]}\n{kind['indent']}{key}: {value}{text[kind.end() :]}"
