"""Data into a job's folder and results out of it: copies between the simulated stores and this machine's disk.

A mounted bucket shows what a container wrote once a file is closed; here changed files are carried a few times a
second, a half-written one as well, which is what a mount leaves when its machine goes.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Protocol

from sandbox.training.order import Mount


class Objects(Protocol):
    """The objects of the stores, each by the name `bucket/key`."""

    def read(self, name: str) -> bytes | None:
        """The object; None where there is none."""

    def names(self, bucket: str) -> list[str]:
        """The objects of a bucket, or of a folder in one."""

    def change(self, name: str, content: bytes | None, only_if: Callable[[bytes | None], bool]) -> bool:
        """Write an object if what is there is as expected."""


def list_keys(objects: Objects, mount: Mount) -> dict[str, str]:
    """The objects of a mount: path below it -> name in the store; "" for that of one object alone."""
    name = f"{mount.bucket}/{mount.key}".rstrip("/")
    if not mount.is_folder:
        return {"": name} if objects.read(name) is not None else {}
    return {found.removeprefix(f"{name}/"): found for found in objects.names(name) if found.startswith(f"{name}/")}


def place(root: Path, path: str) -> Path:
    """Where a path of the container lies on this machine."""
    return root / path.lstrip("/")


def bring_in(objects: Objects, mount: Mount, root: Path) -> int:
    """Copy the objects of a mount to where the container finds them; how many there are."""
    target, keys = place(root, mount.path), list_keys(objects, mount)
    (target if mount.is_folder else target.parent).mkdir(parents=True, exist_ok=True)
    for below, name in keys.items():
        file = target / below if below else target
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(objects.read(name) or b"")
    return len(keys)


class Saving:
    """Carries what a container writes under one mount to the store; what was there before it began is left alone."""

    def __init__(self, objects: Objects, mount: Mount, root: Path) -> None:
        self._objects, self._mount = objects, mount
        self._folder = place(root, mount.path)
        self._seen = self._look()

    def save(self) -> None:
        """What is new or has changed since the last time."""
        now = self._look()
        changed = [file for file, version in now.items() if self._seen.get(file) != version]
        self._seen = now
        if self._mount.archive:
            if changed:
                self._put("model.tar.gz", _pack(self._folder))
            return
        for file in changed:
            try:
                self._put(file, (self._folder / file).read_bytes())
            except FileNotFoundError:  # it was a scratch file
                continue

    def _put(self, below: str, content: bytes) -> None:
        name = str(PurePosixPath(self._mount.bucket, self._mount.key, below))
        self._objects.change(name, content, lambda there: True)

    def _look(self) -> dict[str, tuple[int, int]]:
        found = {}
        for file in self._folder.rglob("*"):
            try:
                told = file.stat()
            except FileNotFoundError:
                continue
            if file.is_file():
                found[file.relative_to(self._folder).as_posix()] = (told.st_mtime_ns, told.st_size)
        return found


def _pack(folder: Path) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.add(file, file.relative_to(folder).as_posix())
    return written.getvalue()
