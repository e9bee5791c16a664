"""Object storage as flags and locks need it: S3's GET, PUT and DELETE of whole objects, with conditional writes.

Objects are files, so that replicas, which have no network but the loopback, read a flag where it lies: `local_path`.
Every bucket is there as soon as it is named; lists are answered by `sandbox.daemon.listed_stores`, permissions and
multipart uploads are not simulated.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from failover.simulator.wire import Reply
from sandbox.clouds.object_reading import read_part
from service.bundle.writing import write_whole

_ADDRESS = re.compile(r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.s3[.-][a-z0-9-]+\.amazonaws\.com")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PART = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._=+-]{1,200}")
_LARGEST = 1 << 28
_XML = (("Content-Type", "application/xml"),)
_READ_HEADERS = {"range": "HTTP_RANGE", "if-match": "HTTP_IF_MATCH"}


class ObjectStore:
    """The objects under one folder. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def local_path(self, url: str) -> Path | None:
        """The file of the object that everybody else reads at this address; None for an address of no bucket."""
        try:
            parts = urlsplit(url)
        except ValueError:  # any variable of a container is looked at, and not each is an address
            return None
        found = _ADDRESS.fullmatch(parts.netloc.lower())
        return self._file(f"{found[1]}{unquote(parts.path)}") if found and parts.scheme == "https" else None

    def read(self, name: str) -> bytes | None:
        """The object `bucket/key`; None where there is none, or where no object can be called so."""
        file = self._file(name)
        return _read(file) if file else None

    def change(self, name: str, content: bytes | None, only_if: Callable[[bytes | None], bool]) -> bool:
        """Write an object, or take it away where `content` is None, if what is there is still what was looked at."""
        file = self._file(name)
        if file is None:
            return False
        with self._lock:
            if not only_if(_read(file)):
                return False
            if content is None:
                file.unlink(missing_ok=True)
            else:
                write_whole(file, content)
        return True

    def append(self, name: str, content: bytes) -> None:
        """Write to the end of the object `bucket/key`, which is made where there is none."""
        file = self._file(name)
        if file is not None:
            with self._lock:
                write_whole(file, (_read(file) or b"") + content)

    def extend(self, name: str, content: bytes) -> None:
        """The same in place and without waiting for the disk: for lines that nobody misses after a power cut."""
        file = self._file(name)
        if file is not None:
            with self._lock:
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("ab") as opened:
                    opened.write(content)

    def whole_lines(self, name: str) -> list[bytes]:
        """The lines of an object, without one that is being written."""
        content = self.read(name) or b""
        return content[: content.rfind(b"\n") + 1].splitlines()

    def names(self, bucket: str) -> list[str]:
        """The objects of a bucket, or of a folder in one, as `bucket/key`, in the order of their names."""
        paths = (path for path in (self._folder / bucket).rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self._folder)) for path in paths)

    def written_at(self, name: str) -> float | None:
        """When the object `bucket/key` was written last, in Unix seconds."""
        file = self._file(name)
        try:
            return file.stat().st_mtime if file else None
        except FileNotFoundError:
            return None

    def holds(self, bucket: str) -> bool:
        """Whether anything is in a bucket."""
        return any(path.is_file() for path in (self._folder / bucket).rglob("*"))

    def trim(self, folder: str, most_bytes: int) -> None:
        """Take the oldest objects of a folder away until what is left is no more than that."""
        files = {path: path.stat() for path in (self._folder / folder).rglob("*") if path.is_file()}
        total = sum(found.st_size for found in files.values())
        for path in sorted(files, key=lambda path: files[path].st_mtime_ns):
            if total <= most_bytes:
                return
            path.unlink(missing_ok=True)
            total -= files[path].st_size

    def drop(self, bucket: str) -> None:
        """Take a bucket away with all that is in it."""
        with self._lock:
            shutil.rmtree(self._folder / bucket, ignore_errors=True)

    def answer(self, environ: Mapping[str, Any]) -> Reply:
        """One request, its bucket in the path."""
        file = self._file(unquote(str(environ["PATH_INFO"])).lstrip("/"))
        methods: dict[str, Callable[[Path, Mapping[str, Any]], Reply]] = {
            "GET": self._get,
            "HEAD": self._get,
            "PUT": self._put,
            "DELETE": self._delete,
        }
        method = methods.get(str(environ["REQUEST_METHOD"]))
        if file is None or method is None or environ.get("QUERY_STRING", "").startswith(("uploads", "list-type")):
            return _refuse(501, "NotImplemented", "The sandbox keeps whole objects only.")
        with self._lock:
            return method(file, environ)

    def _get(self, file: Path, environ: Mapping[str, Any]) -> Reply:
        content = _read(file)
        if content is None:
            return _refuse(404, "NoSuchKey", "The specified key does not exist.")
        asked = {name: str(environ[key]) for name, key in _READ_HEADERS.items() if key in environ}
        part = read_part(content, file.stat().st_mtime, tag_of(content), asked)
        return Reply(part.status, part.body, (*part.headers.items(), ("Content-Type", "application/octet-stream")))

    def _put(self, file: Path, environ: Mapping[str, Any]) -> Reply:
        if not _holds(_read(file), environ):
            return _refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > _LARGEST:
            return _refuse(400, "EntityTooLarge", f"The sandbox keeps objects of at most {_LARGEST} bytes.")
        content = bytes(environ["wsgi.input"].read(length))
        write_whole(file, content)
        return Reply(200, b"", (("ETag", tag_of(content)),))

    def _delete(self, file: Path, environ: Mapping[str, Any]) -> Reply:
        if not _holds(_read(file), environ):
            return _refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        file.unlink(missing_ok=True)
        return Reply(204, b"")

    def _file(self, path: str) -> Path | None:
        """`bucket/key` as a file; None for names that a bucket or a file system does not take."""
        bucket, *parts = path.split("/")
        if not parts or not _BUCKET.fullmatch(bucket) or not all(map(_PART.fullmatch, parts)):
            return None
        return self._folder.joinpath(bucket, *parts)


def _holds(content: bytes | None, environ: Mapping[str, Any]) -> bool:
    """Whether the request's conditions on the object hold."""
    if environ.get("HTTP_IF_NONE_MATCH") == "*" and content is not None:
        return False
    wanted = environ.get("HTTP_IF_MATCH")
    return wanted is None or (content is not None and wanted.strip('"') == tag_of(content).strip('"'))


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def tag_of(content: bytes) -> str:
    """S3's entity tag of an object that was written whole."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _refuse(status: int, code: str, message: str) -> Reply:
    return Reply(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode(), _XML)
