"""What the runs of jobs ask of the clouds, and what these say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.training.order import Order, Record

Program = tuple[tuple[str, ...], dict[str, str], Path]
"""A command as this machine starts it, its environment, and the folder where it begins."""


@dataclass(frozen=True)
class Verdict:
    """What a cloud says when a job has got its machine.

    `fails`: why it ends before its container starts. `log`: lines that the service writes. `hidden` and `readonly` are
    paths of mounts that its identity may not read, or not write; `unsaved` is why what is carried at the end is not.
    """

    fails: str = ""
    log: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    readonly: frozenset[str] = frozenset()
    unsaved: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What becomes of a job, its image's program, and whether a stack's cloud has no spot machines now.

    `program` raises an OutlastError where there is none.
    """

    judge: Callable[[Record], Verdict]
    program: Callable[[Order], Program]
    no_spot: Callable[[str], bool] = lambda stack: False
