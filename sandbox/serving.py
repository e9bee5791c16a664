"""Which models the sandbox's sites serve: those that the stack files name, or the one that was chosen in their place.

The choice lies beside the sandbox's state as an overlay of the stack files (`infra.overlay`), so that they stay as they
are committed, and plain `pulumi up` in `outlast shell` sees the same model as `outlast up`.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from infra.overlay import MODELS, VARIABLE, read_overlay, render_overlay
from sandbox.layout import Layout
from sandbox.stack_files import default_model
from service.bundle.folder import choose_released, read_digest
from service.bundle.writing import write_whole


def overlay_file(layout: Layout) -> Path:
    """Where the choice is written."""
    return layout.state / "overlay.json"


def choose(layout: Layout, name: str, digest: str) -> None:
    """Let every site serve this model alone, from the next `up` on."""
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(overlay_file(layout), render_overlay(name, digest))


def forget(layout: Layout) -> None:
    """Let the sites serve what the stack files name, from the next `up` on."""
    overlay_file(layout).unlink(missing_ok=True)


def overlay_of(layout: Layout) -> dict[str, str]:
    """The variable that names the overlay to every program; empty where nothing was chosen."""
    return {VARIABLE: str(overlay_file(layout))} if overlay_file(layout).exists() else {}


def chosen(layout: Layout) -> tuple[str, str] | None:
    """Name and digest of the model that was chosen. Raises InvalidInput for an overlay that is damaged."""
    entries = read_overlay(overlay_of(layout)).get(MODELS)
    return split_entry(entries[0]) if entries else None


def asked_model(layout: Layout) -> str | None:
    """The model that is asked where none is named: the chosen one, else the first that a site's file names."""
    found = chosen(layout)
    return found[0] if found else default_model(layout)


def models_of(layout: Layout, site: str) -> dict[str, str]:
    """Name -> digest of what a site is to serve; of a name alone, the digest of the model that is here."""
    found = chosen(layout)
    named = dict([found]) if found else dict(map(split_entry, read_entries(layout.root, site)))
    return {name: digest or read_digest(choose_released(name)) for name, digest in named.items()}


def read_entries(root: Path, stack: str) -> list[str]:
    """What `outlast:models` of a stack's file says; empty where it says nothing, or where there is no such file."""
    try:
        named = yaml.safe_load((root / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"].get(MODELS)
    except (OSError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        return []
    return [*map(str, named)] if isinstance(named, list) else []


def split_entry(entry: str) -> tuple[str, str]:
    """`name@sha256:…` as name and digest; the digest is "" where the name stands alone."""
    name, _, digest = entry.partition("@")
    return name, digest
