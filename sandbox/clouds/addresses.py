"""Loopback addresses for the clouds' entry points: each is lent to one resource at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sandbox.clouds.store import Resource, ResourceStore
from service.errors import Unavailable


class AddressPool:
    """Lends addresses; one counts as used while a resource in the store has it in its `place`. Thread-safe."""

    def __init__(self, addresses: Sequence[str], store: ResourceStore) -> None:
        self._addresses = tuple(addresses)
        self._store = store
        self._lock = threading.Lock()
        self._leased: set[str] = set()  # of resources that are being made

    def lease(self) -> str:
        """An address that no other resource has; kept for one that is not in the store yet."""
        with self._lock:
            used = {r.place.get("address") for r in self._store.all()} | self._leased
            for address in self._addresses:
                if address not in used:
                    self._leased.add(address)
                    return address
        raise Unavailable(f"all {len(self._addresses)} entry point addresses are in use", hint="destroy a site first")

    def release(self, resource: Resource) -> None:
        """The resource is in the store and holds its address itself, or it was never made."""
        with self._lock:
            self._leased.discard(resource.place.get("address", ""))
