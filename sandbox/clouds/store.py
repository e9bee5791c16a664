"""The resources of all three clouds, by type and id, on disk before anybody hears of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from sandbox.clouds.values import Values
from sandbox.journal import Journal
from service.errors import OutlastError, Refused

# Keys of the journal beside those of resources, which are `<type>|<id>`.
MANIFEST, INTENT = "manifest|", "intent|"


class CloudRefused(Refused):
    """A simulated cloud refused a request, with the message that the real one gives in substance."""


class NotReady(OutlastError):
    """The resource was made but does not work: it stays, and the update fails."""


def stack_of(urn: str) -> str:
    """The stack whose program registered the resource."""
    return urn.split("::")[0].rpartition(":")[2]


@dataclass
class Resource:
    """One resource as a cloud remembers it."""

    type: str
    name: str  # in the program
    urn: str
    inputs: Values
    config: Values  # of the provider that made it: region, project
    id: str = ""
    outputs: Values = field(default_factory=dict)  # what the cloud added to the inputs
    place: Values = field(default_factory=dict)  # the simulation's own: addresses, files, states

    @property
    def key(self) -> str:
        return f"{self.type}|{self.id}"

    @property
    def stack(self) -> str:
        """The stack that made it: the site's name."""
        return stack_of(self.urn)

    def is_same(self, other: Resource) -> bool:
        """Whether both are one resource: by the URN, or by the id where it changed its stack in Pulumi's state."""
        return self.urn == other.urn or (self.type, self.id) == (other.type, other.id)

    def get(self, name: str, default: Any = None) -> Any:
        """An output if the cloud has one of that name, else the input."""
        return self.outputs.get(name, self.inputs.get(name, default))

    def names(self) -> set[str]:
        """Everything by which another resource may mean this one."""
        candidates = [self.id, *(self.get(n) for n in ("arn", "selfLink", "name", "address"))]
        return {str(c) for c in candidates if c}

    def document(self) -> Values:
        return {
            "type": self.type,
            "name": self.name,
            "urn": self.urn,
            "inputs": self.inputs,
            "config": self.config,
            "id": self.id,
            "outputs": self.outputs,
            "place": self.place,
        }


class ResourceStore:
    """Finds resources, and keeps them in the journal. Thread-safe."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.lock = threading.RLock()  # for looking and changing in one
        self._resources = {
            key: Resource(**doc) for key, doc in journal.items() if not key.startswith((MANIFEST, INTENT))
        }

    def all(self, type_: str | None = None) -> list[Resource]:
        with self.lock:
            return [r for r in self._resources.values() if type_ in (None, r.type)]

    def get(self, type_: str, id_: str) -> Resource | None:
        return self._resources.get(f"{type_}|{id_}")

    def find_key(self, key: str) -> Resource | None:
        """The resource of that key; None where there is none."""
        return self._resources.get(key)

    def by_key(self, key: str) -> Resource:
        """The resource of that key, which exists."""
        return self._resources[key]

    def find(self, type_: str, reference: object) -> Resource | None:
        """The resource of that type which `reference` (an id, ARN, self link, name or address) means."""
        if not reference:
            return None
        wanted = str(reference)
        for resource in self.all(type_):
            if wanted in resource.names() or wanted.endswith(f"/{resource.id}"):
                return resource
        return None

    def follow(self, resource: Resource, name: str, type_: str) -> Resource | None:
        """The resource of that type which an input of `resource` refers to; None where it refers to none."""
        return self.find(type_, resource.inputs.get(name))

    def require(self, type_: str, reference: object, message: str) -> Resource:
        """Like `find`, refusing with `message` where there is none."""
        found = self.find(type_, reference)
        if found is None:
            raise CloudRefused(message)
        return found

    def put(self, resource: Resource) -> None:
        """Remember the resource as it is now; returns once that is on disk."""
        with self.lock:
            self.journal.put(resource.key, resource.document())
            self._resources[resource.key] = resource

    def forget(self, resource: Resource) -> None:
        """Forget the resource; returns once that is on disk."""
        with self.lock:
            self.journal.forget(resource.key)
            self._resources.pop(resource.key, None)

    # -- what is being made -------------------------------------------------------------------------

    def intend(self, resource: Resource) -> None:
        """Write down that `resource` is about to be made in moto, whose memory is another file than the journal."""
        self.journal.put(INTENT + resource.urn, resource.document())

    def end_intent(self, resource: Resource) -> None:
        """It was made and remembered, or it was refused."""
        self.journal.forget(INTENT + resource.urn)

    def intents(self) -> list[Resource]:
        """What was being made in moto when the sandbox was killed."""
        return [Resource(**self.journal[key]) for key in self.journal if key.startswith(INTENT)]
