"""`python -m tools.deployment SET`: the stacks of a set in their order, as a workflow's outputs take them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sandbox import stack_files

ROOT = Path(__file__).resolve().parent.parent


def describe(root: Path, name: str) -> dict[str, str]:
    """Output -> its text; lists are JSON, for a job's matrix. Raises InvalidInput where the files are no set."""
    stacks = stack_files.find(root, name)
    lists = {"bases": stacks.bases, "sites": stacks.sites, "every": stacks.stacks}
    host = str(stack_files.read_config(root, stacks.zone).get("outlast:host", ""))
    peak = str(stack_files.read_config(root, stacks.traffic).get("outlast:peakRps", ""))
    return {
        "zone": stacks.zone,
        "traffic": stacks.traffic,
        "host": host,
        "peak": peak,
        **{key: json.dumps(value) for key, value in lists.items()},
    }


if __name__ == "__main__":
    sys.stdout.writelines(f"{key}={text}\n" for key, text in describe(ROOT, sys.argv[1]).items())
