"""The program of every stack: its settings in, the one program they ask for called, its outputs out."""

from __future__ import annotations

import pulumi

from infra.stack import load_program, load_settings
from infra.tagging import tag_everything
from service.errors import OutlastError


def main() -> None:
    """Run the stack that Pulumi asks for."""
    try:
        settings = load_settings()
        tag_everything(settings.labels)
        outputs = load_program(settings.kind)(settings)
    except OutlastError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in outputs.items():
        pulumi.export(name, value)


main()
