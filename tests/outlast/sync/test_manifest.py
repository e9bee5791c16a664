"""A manifest says what was written, under a key that says what it is; nothing else is read as one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from outlast.sync.manifest import File, Manifest, is_manifest_key, is_safe_name, parse_manifest
from service.errors import Deviated, InvalidInput

A, B = "a" * 64, "b" * 64
MANIFEST = Manifest("models", 3, "2026-11-29T12:00:00+00:00", (File("m/x", 5, A), File("m/y", 7, B), File("z", 5, A)))


def _key(content: bytes, what: str = "models", number: int = 3) -> str:
    return f"manifests/{what}/{number:08d}-{hashlib.sha256(content).hexdigest()}.json"


def test_what_is_written_is_read_again() -> None:
    assert parse_manifest(MANIFEST.content, MANIFEST.key, "there") == MANIFEST
    assert MANIFEST.key == _key(MANIFEST.content)
    assert is_manifest_key(MANIFEST.key)


def test_one_content_under_two_names_is_one_blob() -> None:
    assert MANIFEST.blobs == {A: File("m/x", 5, A), B: File("m/y", 7, B)}
    assert MANIFEST.files[0].key == f"sha256/{A}"


@pytest.mark.parametrize("at", [0, 40, -3])
def test_a_changed_byte_is_found_by_the_key(at: int) -> None:
    content = bytearray(MANIFEST.content)
    content[at] ^= 1
    with pytest.raises(Deviated, match=r"s3://b/m was changed since it was written"):
        parse_manifest(bytes(content), MANIFEST.key, "s3://b/m")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "schema: is 2"),
        ({"set": "other"}, "set: is 'other'"),
        ({"number": 4}, "which its key does not say"),
        ({"files": [{"name": "../x", "size": 1, "sha256": A}]}, "files: is"),
        ({"files": [{"name": "x", "size": -1, "sha256": A}]}, "files: is"),
        ({"files": [{"name": "x", "size": 1, "sha256": "short"}]}, "files: is"),
        ({"files": [{"name": "x", "size": 1}]}, "files: is"),
    ],
)
def test_what_is_none_is_refused_with_what_is_wrong(change: dict[str, Any], words: str) -> None:
    content = json.dumps({**json.loads(MANIFEST.content), **change}).encode()
    with pytest.raises(InvalidInput) as caught:
        parse_manifest(content, _key(content), "there")
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["", "/x", "a//b", "a/../b", ".", "a/.", "a\\b", None])
def test_a_name_that_could_lead_elsewhere_is_not_safe(name: Any) -> None:
    assert not is_safe_name(name)


def test_other_objects_in_the_folder_are_not_manifests() -> None:
    assert is_safe_name("a/b.csv")
    assert not any(map(is_manifest_key, ("manifests/models/notes.txt", f"manifests/models/3-{A}.json", f"sha256/{A}")))
