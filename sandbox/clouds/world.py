"""What exists in the simulated clouds: resources by type and id, on disk before anybody hears of them."""

from __future__ import annotations

import functools
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from failover.simulator.clock import ScaledClock
from sandbox.images import store as images
from sandbox.journal import Journal
from sandbox.network.certificates import PrivateCA
from service.errors import OutlastError, Refused, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

Values = dict[str, Any]

ACCOUNT = "000000000000"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
TENANT = "00000000-0000-0000-0000-00000000000a"
PROJECT = "outlast-sandbox"
PROJECT_NUMBER = "100000000000"


class CloudRefused(Refused):
    """A simulated cloud refused a request, with the message that the real one gives in substance."""


class NotReady(OutlastError):
    """The resource was made but does not work: it stays, and the update fails."""


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
        return self.urn.split("::")[0].rpartition(":")[2]

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


# Keys of the journal beside those of resources, which are `<type>|<id>`.
_MANIFEST, _INTENT = "manifest|", "intent|"


class World:
    """The resources of all three clouds, and what the simulation needs to act on them.

    Thread-safe. `lookup(name, type)` asks the sandbox's own DNS, as a certificate authority does. `reconcile` makes
    effects follow a change; `wait_workload(key, timeout_seconds, cancelled)` returns once a workload serves, and
    raises Unavailable where it does not; `fate_of(key, revision)` says at once what became of a revision ("" where it
    serves, why it was given up, or None as long as nobody knows).
    """

    def __init__(
        self,
        *,
        journal: Journal,
        clock: ScaledClock,
        ca: PrivateCA,
        image_store: Path,
        project_root: Path,
        route53: Callable[[], Route53Client],
        lookup: Callable[[str, str], list[str]],
        report: Callable[[str], None],
        addresses: list[str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.journal = journal
        self.clock = clock
        self.ca = ca
        self.image_store = image_store
        self.project_root = project_root
        self.route53 = functools.cache(route53)  # making a boto3 client takes longer than most of its calls
        self.lookup = lookup
        self.report = report
        self.addresses = addresses
        self._sleep = sleep
        self._leased: set[str] = set()  # of resources that are being made
        self.lock = threading.RLock()
        self.reconcile: Callable[[], None] = lambda: None
        self.wait_workload: Callable[[str, float, Callable[[], bool]], None] = lambda *_: None
        self.fate_of: Callable[[str, str], str | None] = lambda key, revision: None
        self._resources = {
            key: Resource(**doc) for key, doc in journal.items() if not key.startswith((_MANIFEST, _INTENT))
        }

    def pause(self, seconds: float) -> None:
        """Let `seconds` of the sandbox's clock pass."""
        self._sleep(self.clock.to_wall(seconds))

    # -- resources ----------------------------------------------------------------------------------

    def all(self, type_: str | None = None) -> list[Resource]:
        with self.lock:
            return [r for r in self._resources.values() if type_ in (None, r.type)]

    def get(self, type_: str, id_: str) -> Resource | None:
        return self._resources.get(f"{type_}|{id_}")

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
            self.release(resource)

    def release(self, resource: Resource) -> None:
        """The resource holds its address itself, or was never made."""
        with self.lock:
            self._leased.discard(resource.place.get("address", ""))

    def forget(self, resource: Resource) -> None:
        """Forget the resource; returns once that is on disk."""
        with self.lock:
            self.journal.forget(resource.key)
            self._resources.pop(resource.key, None)

    # -- what is being made -------------------------------------------------------------------------

    def intend(self, resource: Resource) -> None:
        """Write down that `resource` is about to be made in moto, whose memory is another file than the journal."""
        self.journal.put(_INTENT + resource.urn, resource.document())

    def end_intent(self, resource: Resource) -> None:
        """It was made and remembered, or it was refused."""
        self.journal.forget(_INTENT + resource.urn)

    def intents(self) -> list[Resource]:
        """What was being made in moto when the sandbox was killed."""
        return [Resource(**self.journal[key]) for key in self.journal if key.startswith(_INTENT)]

    # -- what resources are made of -----------------------------------------------------------------

    def lease_address(self) -> str:
        """A loopback address for an entry point, which no other has; kept for a resource that is not put yet."""
        with self.lock:
            used = {r.place.get("address") for r in self._resources.values()} | self._leased
            for address in self.addresses:
                if address not in used:
                    self._leased.add(address)
                    return address
        raise Unavailable(f"all {len(self.addresses)} entry point addresses are in use", hint="destroy a site first")

    def record_values(self, name: str, type_: str) -> list[str]:
        """What the zone answers for a name now, names without their last dot; [] where there is nothing."""
        return [value.rstrip(".") if type_ == "CNAME" else value for value in self.lookup(name, type_)]

    # -- images that registries hold ----------------------------------------------------------------

    def push(self, registry: str, repository: str, image: images.Image, tags: list[str]) -> None:
        key = f"{_MANIFEST}{registry}/{repository}@{image.digest}"
        known = self.journal.get(key)
        merged = sorted({*tags, *(known["tags"] if known else ())})
        self._move_tags(f"{_MANIFEST}{registry}/{repository}@", tags)
        self.journal.put(key, {"tags": merged})

    def _move_tags(self, prefix: str, tags: list[str]) -> None:
        """A tag means one manifest of its repository: pushed again, it leaves the one that had it."""
        for key in [key for key in self.journal if key.startswith(prefix)]:
            left = [tag for tag in self.journal[key]["tags"] if tag not in tags]
            if left != self.journal[key]["tags"]:
                self.journal.put(key, {"tags": left})

    def images_in(self, place: str) -> list[str]:
        """References of the images that a registry holds in the repository `place`, or below it."""
        references = (key.removeprefix(_MANIFEST) for key in self.journal if key.startswith(_MANIFEST))
        return [one for one in references if one.startswith((f"{place}@", f"{place}/"))]

    def drop_images(self, place: str) -> None:
        """Forget the images of `images_in`."""
        for reference in self.images_in(place):
            self.journal.forget(_MANIFEST + reference)

    def digest_of(self, reference: str) -> str | None:
        """The digest that an image reference means in the registry that it names."""
        name, at, digest = reference.partition("@")
        if at:
            repository = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
            return digest if f"{_MANIFEST}{repository}@{digest}" in self.journal else None
        repository, _, tag = name.rpartition(":")
        for key in self.journal:
            if key.startswith(f"{_MANIFEST}{repository}@") and tag in self.journal[key]["tags"]:
                return key.rpartition("@")[2]
        return None


def hex_id(length: int) -> str:
    """Random hex digits, as clouds make ids of."""
    return secrets.token_hex((length + 1) // 2)[:length]


def stable_hex(*parts: str, length: int = 32) -> str:
    """Hex digits that depend on `parts` only."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:length]


def nested(values: Mapping[str, Any] | None, *path: str | int) -> Any:
    """The value at a path of keys and list positions, or None where the path ends early."""
    here: Any = values
    for step in path:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and len(here) > step else None
        else:
            here = here.get(step) if isinstance(here, Mapping) else None
        if here is None:
            return None
    return here
