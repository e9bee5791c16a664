"""Copies what stores lack: every blob read once, written, read back; a store's manifest after all that it names.

Whatever dies on the way, the same command goes on: blobs are whole or not there, what is there is not written again,
and what no manifest has named yet is read back again before one does.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

from outlast.sync.manifest import File, Manifest
from outlast.sync.plan import Work
from outlast.sync.reading import Source, look, read_pieces
from service.command_line import set_at_end
from service.errors import Deviated, OutlastError, Unavailable
from service.stores.parts import ONE_REQUEST
from service.stores.store import Store

AT_ONCE = 4
_CHANGED = "delete what is named, and repeat the command: it writes it again from the source"


@dataclass
class Target:
    """A store that is copied to, what it lacks, and what came of it.

    `stopped` ends the work on it, not on the others. `wrong` says which of its objects are not what was written: the
    rest is copied, and no manifest names them.
    """

    store: Store
    work: Work
    written: int = 0
    read: int = 0
    stopped: OutlastError | None = None
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.wrong += self.work.wrong

    @property
    def address(self) -> str:
        """As it was named."""
        return self.work.store

    @property
    def error(self) -> OutlastError | None:
        """Why it is not complete: content that is wrong, all of it, before what ended the work."""
        if not self.wrong:
            return self.stopped
        if len(self.wrong) == 1:
            return Deviated(f"{self.wrong[0]}: it is not what was written", hint=_CHANGED)
        listed = "".join(f"\n- {one}" for one in self.wrong)
        return Deviated(f"{self.address}: {len(self.wrong)} objects are not what was written:{listed}", hint=_CHANGED)

    def count(self, *, written: int = 0, read: int = 0) -> None:
        """Add bytes that went there, or came back from there."""
        with self._lock:
            self.written += written
            self.read += read


@dataclass(frozen=True)
class Done:
    """What was moved in how many seconds: bytes from the source, and to and back from each target."""

    fetched: int
    seconds: float
    targets: Sequence[Target] = field(default_factory=tuple)


Tell = Callable[[int], None]
"""Is told the bytes of each piece that was moved."""


def copy(source: Source, manifest: Manifest, targets: Sequence[Target], tell: Tell, *, at_once: int = AT_ONCE) -> Done:
    """Copy the files that targets lack, then the manifest into each target that has them all."""
    began, over = time.monotonic(), threading.Event()
    lacking = _by_blob({target.address: target.work.write for target in targets}, targets)
    unproven = _by_blob({target.address: target.work.prove for target in targets}, targets)

    def tell_on(size: int) -> None:
        if over.is_set():
            raise Unavailable("the copying was ended", hint="repeat the command: it goes on")
        tell(size)

    def copy_one(file: File) -> int:
        fetched = _write(source, file, lacking.get(file.sha256, []), tell_on)
        for target in (*lacking.get(file.sha256, []), *unproven.get(file.sha256, [])):
            with _giving_up(target):
                _read_back(target, file.key, file.size, file.sha256, tell_on)
        return fetched

    files = [file for sha256, file in manifest.blobs.items() if sha256 in lacking or sha256 in unproven]
    with ThreadPoolExecutor(at_once) as pool, set_at_end(over):
        fetched = sum(pool.map(copy_one, files))
        list(pool.map(lambda target: _finish(target, manifest), targets))
    return Done(fetched, time.monotonic() - began, targets)


def _by_blob(files: Mapping[str, Iterable[File]], targets: Sequence[Target]) -> dict[str, list[Target]]:
    """SHA-256 -> the targets with that blob among their files."""
    found: dict[str, list[Target]] = {}
    for target in targets:
        for file in files[target.address]:
            found.setdefault(file.sha256, []).append(target)
    return found


def _write(source: Source, file: File, targets: Sequence[Target], tell: Tell) -> int:
    """Returns the bytes that were read from the source: once for all targets."""
    if not [target for target in targets if not target.stopped]:
        return 0
    with fetch(source, file, tell) as content:
        for target in targets:
            with _giving_up(target):
                if not target.stopped:
                    content.seek(0)
                    shown = cast(BinaryIO, _Ending(content, lambda: tell(0)))
                    target.count(written=file.size * target.store.put_if_absent(file.key, shown))
                    tell(file.size)
    return file.size


@dataclass(frozen=True)
class _Ending:
    """Content that asks before each part is read whether the run goes on: a large file is written for hours."""

    content: BinaryIO
    ask: Callable[[], None]

    def read(self, size: int = -1) -> bytes:
        """Raises what `ask` raises."""
        self.ask()
        return self.content.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.content.seek(offset, whence)

    def tell(self) -> int:
        return self.content.tell()


@contextmanager
def fetch(source: Source, file: File, tell: Tell) -> Iterator[BinaryIO]:
    """The bytes on this machine, before any is written: under a digest nothing else may come to lie."""
    found, key = hashlib.sha256(), source.key(file)
    with tempfile.SpooledTemporaryFile(ONE_REQUEST) as content:
        for piece in read_pieces(source.store, key, file.size):
            found.update(piece)
            _set_aside(content, piece, file)
            tell(len(piece))
        if found.hexdigest() != file.sha256:
            what = f"{source.store.name(key)} is not what it was: its SHA-256 is {found.hexdigest()}, not {file.sha256}"
            raise Deviated(what, hint="was it written to meanwhile? Repeat the command; else restore it from a copy")
        yield cast(BinaryIO, content)


def _set_aside(content: IO[bytes], piece: bytes, file: File) -> None:
    try:
        content.write(piece)
    except OSError as error:
        what = f"{file.name} ({file.size} bytes) cannot be kept in {tempfile.gettempdir()} meanwhile: {error.strerror}"
        raise Unavailable(what, hint="free space there, or name a folder on a larger disk: TMPDIR=…") from error


def _read_back(target: Target, key: str, size: int, sha256: str, tell: Tell) -> None:
    if target.stopped:
        return
    found = hashlib.sha256()
    entry = target.store.find(key)
    if entry is None or entry.size != size:
        target.wrong.append(f"{target.store.name(key)} has {entry.size if entry else 'no'} bytes, not {size}")
        return
    for piece in read_pieces(target.store, key, size, entry.version):
        found.update(piece)
        target.count(read=len(piece))
        tell(len(piece))
    if found.hexdigest() != sha256:
        target.wrong.append(f"{target.store.name(key)} has the SHA-256 {found.hexdigest()}")


@contextmanager
def _giving_up(target: Target) -> Iterator[None]:
    """A store that fails is copied to no more in this run; the others are."""
    try:
        yield
    except OutlastError as error:
        target.stopped = error


def _finish(target: Target, manifest: Manifest) -> None:
    with _giving_up(target):
        if target.error or not target.work.manifest:
            return
        content = manifest.content
        target.store.put_if_absent(manifest.key, content)
        _read_back(target, manifest.key, len(content), hashlib.sha256(content).hexdigest(), lambda size: None)
        if target.wrong:
            return
        held = look(target.store, target.address, manifest.what)
        if held.number > manifest.number or not held.is_in_step(manifest):
            what = f"{target.address} holds another manifest number {held.number}: another run wrote at the same time"
            raise Deviated(what, hint="repeat the command whose source is right: that becomes the next number")


def worst_of(errors: Iterable[OutlastError | None]) -> OutlastError | None:
    """What the command leaves with: content that is wrong before a store that does not answer."""
    found = [error for error in errors if error]
    return min(found, key=lambda error: isinstance(error, Unavailable), default=None)
