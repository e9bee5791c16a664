"""The store at an address, or in a folder."""

from __future__ import annotations

from pathlib import Path

from service.stores.address import parse_address
from service.stores.folder import FolderStore
from service.stores.objects import ObjectStore
from service.stores.store import Store


def open_store(address: str) -> Store:
    """The store at an address. Raises InvalidInput for one of no known kind, Unavailable where the extra is missing."""
    found = parse_address(address)
    return FolderStore(found) if isinstance(found, Path) else ObjectStore.open(found)
