"""Simulated clouds without processes: a world on a temporary journal, DNS that a test writes, waits that it decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from failover.simulator.clock import ScaledClock
from sandbox.clouds import simulated
from sandbox.clouds.accounts import committed
from sandbox.clouds.effects import Effects
from sandbox.clouds.store import Resource
from sandbox.clouds.world import Hooks, World
from sandbox.engine.cloud import Request
from sandbox.images import store as images
from sandbox.journal import Journal
from sandbox.network.certificates import PrivateCA
from sandbox.network.listeners import EntryPoint
from sandbox.replicas.workload import Workload
from service.errors import Unavailable

HOST = "api.outlast.example"
DIGEST = "sha256:" + "1" * 64
OTHER_DIGEST = "sha256:" + "2" * 64


class Wall:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Made:
    """What a create gave back."""

    type: str
    id: str
    outputs: dict[str, Any]
    request: Request


@dataclass
class Clouds:
    """SimulatedClouds, and what a test may say about the rest of the world."""

    world: World
    clouds: simulated.SimulatedClouds
    wall: Wall
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)  # image digest -> why it never becomes ready
    waited: list[str] = field(default_factory=list)
    serving: dict[str, int] = field(default_factory=dict)  # stack -> replicas of its workload that serve

    # -- what the engine does ----------------------------------------------------------------------------------------

    def request(self, type_: str, name: str, inputs: Mapping[str, Any], *, stack: str, **more: Any) -> Request:
        urn = f"urn:pulumi:{stack}::outlast::{type_}::{name}"
        package = type_.partition(":")[0]
        return Request(package, type_, name, urn, inputs=dict(inputs), **more)

    def make(self, type_: str, name: str = "one", /, *, stack: str = "aws", **inputs: Any) -> Made:
        """Create a resource whose inputs hold what the real API asks of them."""
        request = self.request(type_, name, inputs, stack=stack)
        assert self.clouds.check(request) == [], f"{type_} {name}"
        id_, outputs = self.clouds.create(request)
        return Made(type_, id_, outputs, request)

    def change(self, made: Made, **inputs: Any) -> dict[str, Any]:
        stack = made.request.urn.split("::")[0].rpartition(":")[2]
        wanted = {**made.request.inputs, **inputs}
        return self.clouds.update(self.request(made.type, made.request.name, wanted, stack=stack, id=made.id))

    def redeploy(self, made: Made) -> dict[str, Any]:
        """Ask for the resource once more, as it was asked for last."""
        found = self.world.store.get(made.type, made.id)
        assert found is not None
        return self.clouds.update(self.request(found.type, found.name, found.inputs, stack=found.stack, id=found.id))

    def delete(self, made: Made | Resource) -> None:
        """Take a resource away, whatever depends on it."""
        found = self.world.store.get(made.type, made.id)
        assert found is not None
        self.clouds.delete(self.request(found.type, found.name, {}, stack=found.stack, id=found.id))

    def delete_of(self, made: Made) -> None:
        """Take away what the stack that made it has of a resource."""
        stack = made.request.urn.split("::")[0].rpartition(":")[2]
        self.clouds.delete(self.request(made.type, made.request.name, {}, stack=stack, id=made.id))

    def only(self, type_: str, name: str | None = None) -> Resource:
        """The one resource of that type (and name in the program)."""
        (found,) = [r for r in self.world.store.all(type_) if name in (None, r.name)]
        return found

    # -- what follows ------------------------------------------------------------------------------------------------

    def effects(self) -> Effects:
        simulated.settle(self.world)
        return simulated.derive(self.world)

    def entry_point(self, stack: str, port: int = 443) -> EntryPoint | None:
        found = [f for f in self.effects().entry_points if (f.stack, f.port) == (stack, port)]
        return found[0] if found else None

    def workload(self, stack: str) -> Workload | None:
        found = [w for w in self.effects().workloads if w.stack == stack]
        return found[0] if found else None

    # -- what a test says --------------------------------------------------------------------------------------------

    def answer(self, name: str, type_: str, *values: str) -> None:
        """Let the zone answer so from now on."""
        self.records[name.rstrip("."), type_] = list(values)

    def push(self, reference: str) -> None:
        """Let the registry that `host/repository@digest` names hold that image."""
        place, _, digest = reference.partition("@")
        host, _, repository = place.partition("/")
        self.world.images.push(host, repository, images.Image(digest, Path("/nowhere")), ["current"])

    def wait_workload(self, key: str, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
        self.waited.append(key)
        workload = next(w for w in simulated.derive(self.world).workloads if w.key == key)
        if workload.image in self.failing:
            raise Unavailable(f"the revision did not become ready: {self.failing[workload.image]}")

    def count_ready(self, key: str) -> int:
        return self.serving.get(self.world.store.by_key(key).stack, 0)

    def fate_of(self, key: str, revision: str) -> str | None:
        workload = next(w for w in simulated.derive(self.world).workloads if w.key == key)
        return self.failing.get(workload.image, "") if workload.revision == revision else None


def open_clouds(folder: Path, route53: Callable[[], Any], **world: Any) -> Clouds:
    """Clouds that remember in `folder`; opened again, they are what they were."""
    wall = Wall()
    made = World(
        journal=Journal(folder / "journal.jsonl"),
        clock=cast(ScaledClock, world.pop("clock", None)) or ScaledClock(1, wall=wall),
        ca=PrivateCA(folder / "certificates"),
        image_store=folder / "images",
        project_root=folder,
        route53=route53,
        lookup=world.pop("lookup", None) or (lambda name, type_: []),
        report=lambda line: None,
        addresses=[f"127.9.9.{number}" for number in range(11, 51)],
        sleep=world.pop("sleep", wall.sleep),
        accounts=world.pop("accounts", None) or committed(HOST),
        hooks=Hooks(
            lambda: simulated.settle(made),
            lambda *waited: clouds.wait_workload(*waited),
            lambda key, revision: clouds.fate_of(key, revision),
            lambda key: clouds.count_ready(key),
        ),
    )
    clouds = Clouds(made, simulated.SimulatedClouds(made, lambda stack: None), wall)
    return clouds


def fake_dns(clouds: Clouds) -> Callable[[str, str], list[str]]:
    return lambda name, type_: clouds.records.get((name.rstrip("."), type_), [])


def no_route53() -> Any:
    pytest.fail("this test was not meant to need Route 53")
