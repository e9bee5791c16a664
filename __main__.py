"""The program of every stack: its settings in, the one program they ask for called, its outputs out."""

from __future__ import annotations

import importlib

import pulumi

from infra.stack import load_settings
from infra.tagging import tag_everything
from service.errors import OutlastError


def main() -> None:
    """Run the stack that Pulumi asks for. Only that stack's cloud is imported: each SDK costs seconds and memory."""
    try:
        settings = load_settings()
        tag_everything(settings.labels)
        outputs = importlib.import_module(f"infra.{settings.kind}").program(settings)
    except OutlastError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in outputs.items():
        pulumi.export(name, value)


main()
