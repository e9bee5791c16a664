"""`outlast keys …`: API keys for callers of the endpoint."""

from __future__ import annotations

import click

from service.command_line import LazyGroup, Row

SECTIONS = {
    "Commands": (
        Row("new", "service.server.commands", "Make a key, and the entry for OUTLAST_API_KEYS with its hash.", "key"),
        Row("rotate", "outlast.rotate", "Put another key on every site, while the one before stays valid for a while."),
    )
}


@click.group("keys", cls=LazyGroup, sections=SECTIONS)
def keys() -> None:
    """API keys: the caller gets the key, the server only its hash."""


COMMANDS = {"keys": keys}
