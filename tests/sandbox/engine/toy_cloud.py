"""A cloud for tests: it remembers what was made, says what it was asked, and fails when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine.cloud import Request


@dataclass
class Thing:
    type: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class ToyCloud:
    """Ids are `<type>-<number>`. `before_create` may raise, wait, or end the process."""

    things: dict[str, Thing] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    configs: list[Mapping[str, Any]] = field(default_factory=list)
    replacing: dict[str, frozenset[str]] = field(default_factory=dict)
    computing: Callable[[Request], dict[str, Any]] = lambda request: {}
    checking: Callable[[Request], list[tuple[str, str]]] = lambda request: []
    before_create: Callable[[Request], None] = lambda request: None
    before_update: Callable[[Request], None] = lambda request: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def configure(self, package: str, config: Mapping[str, Any]) -> None:
        self.configs.append(config)

    def check(self, request: Request) -> list[tuple[str, str]]:
        return self.checking(request)

    def overlooks(self, type_: str) -> frozenset[str]:
        return frozenset()

    def replaces(self, type_: str) -> frozenset[str]:
        return self.replacing.get(type_, frozenset())

    def computed(self, request: Request) -> dict[str, Any]:
        return self.computing(request)

    def create(self, request: Request) -> tuple[str, dict[str, Any]]:
        self.before_create(request)
        with self.lock:
            self.calls.append(("create", request.name))
            id_ = f"{request.type.rpartition(':')[2].lower()}-{len(self.calls)}"
            self.things[id_] = Thing(request.type, request.inputs, {})
        return id_, {}

    def read(self, package: str, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        thing = self.things.get(id_)
        return (thing.inputs, thing.outputs) if thing else None

    def update(self, request: Request) -> dict[str, Any]:
        self.before_update(request)
        self.calls.append(("update", request.name))
        self.things[request.id].inputs = request.inputs
        return {}

    def delete(self, request: Request) -> None:
        self.calls.append(("delete", request.name))
        self.things.pop(request.id, None)

    def invoke(self, package: str, token: str, args: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(("invoke", token))
        return {}
