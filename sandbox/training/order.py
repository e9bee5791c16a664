"""What a training service was asked for, in the same words for all three, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """How far a job is. Of an ended one the outcome says how it ended."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    STOPPING = "stopping"
    SAVING = "saving"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a job ended.

    `WAITED`: waiting and running together took too long; `LOST`: its spot machine was taken away for good.
    """

    NONE = ""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    TIMED_OUT = "timed out"
    WAITED = "waited"
    LOST = "lost"


@dataclass(frozen=True)
class Mount:
    """A part of a store that the container finds under `path`: an object, or a folder with all below it.

    An object's name is `bucket/key`. `saved`: what the container writes is carried to the store, at once and again, or
    only at the end. `archive`: as one model.tar.gz.
    """

    path: str
    bucket: str
    key: str
    is_folder: bool = True
    saved: str = ""  # "", "live" or "end"
    archive: bool = False


@dataclass(frozen=True)
class Order:
    """A job as it is to be run. `key` names it in its cloud; `root` is the folder of the container that is its own.

    Seconds are real ones: what a job computes cannot be sped up with the sandbox's clock. `restarts`: how often the
    service starts it again after its spot machine was taken away.
    """

    cloud: str
    stack: str
    key: str
    image: str
    command: tuple[str, ...]
    root: str
    mounts: tuple[Mount, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    max_seconds: float = 86_400.0
    max_wait_seconds: float = 0.0  # from its creation to its end; 0: it waits for as long as it takes
    grace_seconds: float = 30.0
    spot: bool = False
    restarts: int = 0

    @property
    def folder(self) -> str:
        """The name of its folder: the key as one part of a path."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]


@dataclass
class Record:
    """A job with what became of it. `request` is the document that it was made by; times are Unix seconds."""

    order: Order
    request: dict[str, Any]
    created: float
    phase: Phase = Phase.QUEUED
    outcome: Outcome = Outcome.NONE
    reason: str = ""
    exit_code: int | None = None
    started: float = 0.0
    ended: float = 0.0
    changed: float = 0.0
    busy_seconds: float = 0.0  # in which it had a machine
    starts: int = 0
    stop_asked: bool = False

    @property
    def interrupted(self) -> bool:
        """Whether it waits for another machine after it lost one."""
        return self.phase is Phase.QUEUED and self.starts > 0

    def waited_too_long(self, now: float) -> bool:
        """Whether it took longer than its order gives it for waiting and running together."""
        return 0 < self.order.max_wait_seconds < now - self.created

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def read_record(document: Mapping[str, Any]) -> Record:
    """A record from its document."""
    order = dict(document["order"])
    mounts = tuple(Mount(**mount) for mount in order.pop("mounts"))
    command = tuple(order.pop("command"))
    rest = {**document, "order": Order(**order, mounts=mounts, command=command)}
    return Record(**{**rest, "phase": Phase(rest["phase"]), "outcome": Outcome(rest["outcome"])})
