"""The inventory of each stack, and of each site at production's size: what it registers, as tests/golden/<name>.json.

`python -m tests.infra.goldens` accepts what is registered now. What changes with every build or release is replaced by
a word, so that an inventory changes only when the program or a stack file does.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from infra.settings.profiles import DEFAULTS
from infra.stack_file import CLOUDS
from tests.infra.harness import ROOT, STACKS, TRAINING, Run, run_stack

FOLDER = ROOT / "tests" / "golden"
REDACTED = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "<digest>"),
    (re.compile(r"\.models/[0-9a-f]{16}"), ".models/<digests>"),
    (re.compile(r"\w+-token"), "<secret>"),
)


PRODUCTION = {f"{cloud}-production": cloud for cloud in CLOUDS}
"""Inventory -> the committed stack that it is of, at production's size."""
NAMES = (*STACKS, *TRAINING, *PRODUCTION)

# Of the committed files: what the sandbox says otherwise than the table of sizes, and the excuses that come with it.
_SAID = {row.key for row in DEFAULTS} | {"exceptions"}

_WHOSE = {"owner": "ml-platform", "costCentre": "cc-1042", "dataClass": "internal"}


def at_production(**changed: Any) -> dict[str, Any]:
    """The changes by which a committed site's file asks for a production site, and for nothing else."""
    return {**dict.fromkeys(_SAID), "size": "production", **_WHOSE, **changed}


def run_golden(name: str) -> Run:
    """The run that the inventory of that name shows."""
    return run_stack(PRODUCTION[name], **at_production()) if name in PRODUCTION else run_stack(name)


def golden_file(name: str) -> Path:
    """Where the inventory of that name lies."""
    return FOLDER / f"{name}.json"


def render_inventory(run: Run) -> str:
    """The resources of one run as JSON, sorted by type and name."""
    ordered = sorted(run.resources, key=lambda r: (r.type, r.name))
    resources = [{"type": r.type, "name": r.name, "inputs": _opened(r.inputs)} | _given(r.options) for r in ordered]
    text = json.dumps({"functions": run.calls, "resources": resources}, indent=1)
    for pattern, word in REDACTED:
        text = pattern.sub(word, text)
    return text + "\n"


def accept_command(name: str) -> str:
    """What to type when a change of an inventory is meant."""
    return f".venv/bin/python -m tests.infra.goldens {name}"


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {"options": dict(sorted(options.items()))} if options else {}


def _opened(value: Any) -> Any:
    """JSON inside a text (policies, container definitions) as the structure that it is: a diff should show one line."""
    if isinstance(value, dict):
        return {k: _opened(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [_opened(v) for v in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        return {"as JSON": json.loads(value)}
    return value


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        golden_file(name).write_text(render_inventory(run_golden(name)))
        print(f"accepted {golden_file(name).relative_to(ROOT)}", file=sys.stderr)
