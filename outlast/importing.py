"""`outlast model import`, which knows the sites of the stack files that a model will have to fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from service.importing.commands import make_command
from service.importing.limits import Site

STACKS = Path(__file__).resolve().parent.parent / "stacks"


def read_sites(folder: Path = STACKS) -> list[Site]:
    """The sites of a folder of stack files, with the size of a replica.

    A file that is no stack's, or says no size, is not for an import to judge: its own stack says so when it is run.
    """
    found = []
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
            name = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
            found.append(Site(name, float(config["outlast:cpu"]), int(config["outlast:memoryMiB"])))
        except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
            continue
    return found


COMMANDS = {"import": make_command(read_sites)}
