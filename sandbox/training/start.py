"""Start one job's process: its data brought in, its folders under the service's names, its output followed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.replicas.processes import Process, Program
from sandbox.training.files import Objects, Saving, bring_in, place
from sandbox.training.layout import has_namespaces, show
from sandbox.training.lines import Follower
from sandbox.training.order import Record
from sandbox.training.surroundings import Program as Asked


@dataclass
class Started:
    """A process that was made and may be released; what it writes is carried `live`, or `at_end`."""

    process: Process
    follower: Follower
    live: list[Saving] = field(default_factory=list)
    at_end: list[Saving] = field(default_factory=list)

    def ask_to_end(self) -> None:
        """SIGTERM to the container's first process, as services send it."""
        if self.process.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)


def clear(work: Path) -> None:
    """Take away what a start left: copies of data and output, which are in the stores, and lines, which are kept.

    By their names, and never the folder as a whole: the job's root is mounted in it, if in a namespace of its own.
    """
    shutil.rmtree(work / "files", ignore_errors=True)
    (work / "output.log").unlink(missing_ok=True)


def start(
    record: Record,
    program: Asked,
    objects: Objects,
    work: Path,
    *,
    hidden: frozenset[str],
    readonly: frozenset[str],
    namespaces: bool | None = None,
) -> Started:
    """Everything but the release. `namespaces` None: where this machine lets us."""
    order = record.order
    clear(work)
    work.mkdir(parents=True, exist_ok=True)
    files, log = work / "files", work / "output.log"
    for mount in order.mounts:
        if mount.path in hidden:
            continue
        bring_in(objects, mount, files)
        if mount.saved:
            place(files, mount.path).mkdir(parents=True, exist_ok=True)
    kept = [mount for mount in order.mounts if mount.saved and mount.path not in hidden]
    savings = [(mount, Saving(objects, mount, files)) for mount in kept]
    command, environment, folder = program
    shown = show(
        command,
        {**environment, **order.environment},
        work=work,
        root=order.root,
        folder=folder,
        readonly=sorted(readonly),
        namespaces=has_namespaces() if namespaces is None else namespaces,
    )
    process = Process(Program(shown.command, shown.environment, folder), {}, log)
    writable = [(mount, saving) for mount, saving in savings if mount.path not in readonly]
    return Started(
        process,
        Follower(log),
        [saving for mount, saving in writable if mount.saved == "live"],
        [saving for mount, saving in writable if mount.saved == "end"],
    )
