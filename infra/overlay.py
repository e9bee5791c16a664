"""Which models a sandbox serves in the place of those that the stack files name.

A draft is not committed, and the stack files that are should not change for it: the sandbox writes this file beside its
state and names it to every program in OUTLAST_STACK_OVERLAY, plain `pulumi up` in `outlast shell` included. It says
nothing but which models are served and accepted, and each run says that it was read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.bundle.reading import Reader, is_texts, parse_json, read_file
from service.errors import InvalidInput

VARIABLE = "OUTLAST_STACK_OVERLAY"
MODELS, ACCEPTED = "outlast:models", "outlast:acceptedModels"


def read_overlay(environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Setting -> its value, of those that an overlay may hold; empty where none is named. Raises InvalidInput."""
    named = environ.get(VARIABLE, "")
    if not named:
        return {}
    hint = f"unset {VARIABLE}, or choose the model again: `outlast model default NAME`"
    reader = Reader(parse_json(read_file(Path(named), hint=hint), named, hint=hint), named)
    found = {key: list(reader.take(key, is_texts, "must be a list of texts") or ()) for key in (MODELS, ACCEPTED)}
    reader.refuse_unknown("an overlay")
    if reader.mistakes:
        raise InvalidInput(f"{named} is no overlay of stack files", reader.mistakes, hint=hint)
    return found


def render_overlay(name: str, digest: str) -> str:
    """The overlay by which every site serves this model alone, and traffic accepts it alone."""
    return json.dumps({MODELS: [f"{name}@{digest}"], ACCEPTED: [digest]}, indent=1) + "\n"


def lay_over(config: Mapping[str, str], overlay: Mapping[str, Any]) -> dict[str, str]:
    """A stack's settings, as Pulumi hands them over, with the overlay's in the place of theirs."""
    key = ACCEPTED if config.get("outlast:kind") == "traffic" else MODELS
    applies = key in overlay and config.get("outlast:kind") != "zone"
    return {**config, **({key: json.dumps(overlay[key])} if applies else {})}
