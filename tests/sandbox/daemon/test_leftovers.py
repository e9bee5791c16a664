"""What a resource leaves in the sandbox's folder goes with it, and nothing else does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from sandbox.daemon.leftovers import Leftovers
from sandbox.journal import Journal

OLD = time.time() - 3600


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def swept(journal: Journal, running: Callable[[], Collection[str]] = lambda: ()) -> Leftovers:
    """One that has had its first sweep, with nothing but the lasting there."""
    folder = journal.path.parent
    for name in ("certificates", "images"):
        (folder / name).mkdir(exist_ok=True)
    for name in ("ca.pem", "ca.key", "resolver.pem", "vault-api.pem"):
        (folder / "certificates" / name).touch()
    made = Leftovers(journal, folder / "certificates", folder / "images", running)
    made.sweep()
    return made


def there(journal: Journal) -> set[str]:
    folder = journal.path.parent
    return {path.name for name in ("certificates", "images") for path in (folder / name).iterdir()}


LASTING = {"ca.pem", "ca.key", "resolver.pem", "vault-api.pem"}


def make(journal: Journal) -> None:
    """A certificate and an image, as they come to be: the file first, the journal's line later."""
    folder = journal.path.parent
    for name in ("acm-1.pem", "acm-1.key"):
        (folder / "certificates" / name).touch()
    image = folder / "images" / "ab12"
    image.mkdir()
    (image / "config.json").touch()
    os.utime(image, (OLD, OLD))


def test_they_go_with_the_last_that_names_them(journal: Journal) -> None:
    leftovers = swept(journal)
    make(journal)
    leftovers.sweep()
    assert there(journal) == LASTING | {"acm-1.pem", "acm-1.key", "ab12"}, "what is being made is left alone"
    place = {"certificate": "/x/acm-1.pem", "key": "/x/acm-1.key"}
    journal.put("certificate|1", {"place": place})
    for number in (1, 2):
        journal.put(f"manifest|{number}", {"digest": "sha256:ab12"})
    leftovers.sweep()
    journal.forget("manifest|1")
    journal.forget("certificate|1")
    leftovers.sweep()
    assert there(journal) == LASTING | {"ab12"}
    journal.forget("manifest|2")
    leftovers.sweep()
    assert there(journal) == LASTING


def test_an_image_that_a_build_has_just_found_there_is_kept_a_while(journal: Journal) -> None:
    leftovers = swept(journal)
    make(journal)
    journal.put("manifest|1", {"digest": "sha256:ab12"})
    leftovers.sweep()
    journal.forget("manifest|1")
    image = journal.path.parent / "images" / "ab12"
    os.utime(image)
    leftovers.sweep()
    assert image.exists()
    os.utime(image, (OLD, OLD))
    leftovers.sweep()
    assert not image.exists()


def test_an_image_that_a_process_still_runs_stays(journal: Journal) -> None:
    running = {"sha256:ab12"}
    leftovers = swept(journal, lambda: running)
    make(journal)
    leftovers.sweep()
    assert "ab12" in there(journal)
    running.clear()
    leftovers.sweep()
    assert "ab12" not in there(journal)


def test_what_a_kill_left_goes_at_the_next_start(journal: Journal) -> None:
    swept(journal)
    make(journal)
    (journal.path.parent / "images" / ".build-x").mkdir()
    os.utime(journal.path.parent / "images" / ".build-x", (OLD, OLD))
    journal.put("manifest|1", {"digest": "sha256:ab12"})
    swept(journal)
    assert there(journal) == LASTING | {"ab12"}
