"""What a set of files was at one time, and under which keys its copies lie in a store. Pure.

    sha256/<hex>                           the bytes of one file, under their own SHA-256
    manifests/<set>/<number>-<hex>.json    which files made the set; <hex> is the SHA-256 of the manifest itself

A manifest is written after everything that it names. The highest number is what the set is now; the others stay, so
that whatever a store held once can be had again. No key is ever written twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from service.bundle.reading import Reader, is_sha256, is_text, is_whole, parse_json
from service.errors import Deviated, InvalidInput

SETS = ("models", "feedback", "data")
BLOBS, MANIFESTS = "sha256/", "manifests/"
SCHEMA = 1
_KEY = re.compile(r"manifests/(?P<what>[a-z]+)/(?P<number>\d{8})-(?P<sha256>[0-9a-f]{64})\.json")
_HINT = "restore that object from the store's own backup, or delete it: `outlast sync` writes it again from its source"


@dataclass(frozen=True, order=True)
class File:
    """A file of a set: its name seen from the set's root, its size in bytes, and the SHA-256 of its content."""

    name: str
    size: int
    sha256: str

    @property
    def key(self) -> str:
        """Where its bytes lie."""
        return f"{BLOBS}{self.sha256}"


@dataclass(frozen=True)
class Manifest:
    """All files of a set, in the order of their names, as they were at `made` (UTC, ISO 8601)."""

    what: str
    number: int
    made: str
    files: tuple[File, ...]

    @cached_property
    def content(self) -> bytes:
        """The bytes that are written: the same for the same manifest, everywhere."""
        document = {"schema": SCHEMA, "set": self.what, "number": self.number, "made": self.made}
        return (json.dumps({**document, "files": list(map(asdict, self.files))}, indent=1) + "\n").encode()

    @property
    def key(self) -> str:
        """Where it lies; nothing that says something else can lie there."""
        digest = hashlib.sha256(self.content).hexdigest()
        return f"{MANIFESTS}{self.what}/{self.number:08d}-{digest}.json"

    @property
    def blobs(self) -> dict[str, File]:
        """SHA-256 -> one of the files with that content, in the order of names."""
        return {file.sha256: file for file in reversed(self.files)}


def sort_files(files: Iterable[File]) -> tuple[File, ...]:
    """The files as a manifest has them."""
    return tuple(sorted(files))


def is_manifest_key(key: str) -> bool:
    """Whether a manifest can lie there; anything else in the folder is not ours."""
    return _KEY.fullmatch(key) is not None


def parse_manifest(raw: bytes, key: str, place: str) -> Manifest:
    """The manifest under a key. Raises Deviated where its bytes are not those that the key names."""
    named = _KEY.fullmatch(key)
    if named is None or hashlib.sha256(raw).hexdigest() != named["sha256"]:
        raise Deviated(f"{place} was changed since it was written: its SHA-256 is not that of its key", hint=_HINT)
    reader = Reader(parse_json(raw, place), place)
    found = _read(reader)
    if not reader.mistakes and (found.what, found.number) != (named["what"], int(named["number"])):
        reader.add("number", f"is {found.number} of {found.what}, which its key does not say")
    if reader.mistakes:
        hint = "is it of a newer Outlast? Otherwise somebody else wrote it: delete it"
        raise InvalidInput(f"{place} is not a manifest of schema {SCHEMA}", reader.mistakes, hint=hint)
    return found


def _read(reader: Reader) -> Manifest:
    reader.take("schema", lambda value: value == SCHEMA, f"must be {SCHEMA}")
    what = reader.take("set", lambda value: value in SETS, f"must be one of {', '.join(SETS)}")
    number = reader.take("number", is_whole, "must be a whole number")
    made = reader.take("made", is_text, "must be a time")
    entries = reader.take("files", _are_files, "must list files, each with a name, a size and a sha256", [])
    return Manifest(what, number, made, tuple(File(**entry) for entry in entries))


def _are_files(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_file, value))


def _is_file(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"name", "size", "sha256"}:
        return False
    return is_safe_name(value["name"]) and is_whole(value["size"]) and is_sha256(value["sha256"])


def is_safe_name(name: Any) -> bool:
    """Whether a name stays below its root, whatever that is."""
    return is_text(name) and "\\" not in name and not {"", ".", ".."} & set(name.split("/"))
