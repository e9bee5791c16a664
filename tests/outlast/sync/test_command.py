"""`outlast sync` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outlast.sync.command import sync
from service.errors import Unavailable
from service.stores.folder import FolderStore
from service.stores.store import Entry
from tests.outlast.sync.stores import ROOT, digest, write_files, write_models


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _run(*words: object) -> Result:
    return CliRunner().invoke(sync, list(map(str, words)))


def test_models_are_copied_checked_and_had_again(tmp_path: Path) -> None:
    source = write_models(tmp_path / "released")
    to = f"{tmp_path / 'x'},{tmp_path / 'y'}"
    planned = _run("--from", source, "--to", to, "--dry-run")
    assert (planned.exit_code, planned.stdout) == (0, "")
    assert "3 blobs to write" in planned.stderr
    assert not (tmp_path / "x").exists()
    copied = _run("--from", source, "--to", to)
    assert copied.exit_code == 0
    assert copied.stdout.count("holds number 1") == 2
    checked = _run("--check", "--to", to)
    assert (checked.exit_code, checked.stdout.count("all as written")) == (0, 2)
    back = _run("--from", tmp_path / "x", "--into", tmp_path / "back")
    assert back.stdout == f"{tmp_path / 'back'}: 3 files written, 0 were there\n"


def test_one_flipped_byte_leaves_with_5_and_names_the_key(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {"a": b"one", "b": b"two"})
    assert _run("--what", "data", "--from", source, "--to", tmp_path / "x").exit_code == 0
    blob = tmp_path / "x" / "sha256" / digest(b"two")
    blob.write_bytes(b"twp")
    found = _run("--check", "--to", tmp_path / "x")
    assert found.exit_code == 5
    assert f"{blob} was changed since it was written" in found.stderr
    assert json.loads(_run("--check", "--to", tmp_path / "x", "--json").stdout)[0]["changed"] == [
        f"sha256/{digest(b'two')}"
    ]


def test_a_store_that_does_not_answer_is_told_and_the_others_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_files(tmp_path / "source", {"a": b"one"})
    to = (tmp_path / "x", tmp_path / "y", tmp_path / "z")
    assert _run("--what", "data", "--from", source, "--to", ",".join(map(str, to))).exit_code == 0
    (tmp_path / "z" / "sha256" / digest(b"one")).write_bytes(b"onf")
    listed = FolderStore.list

    def refuse(store: FolderStore, prefix: str = "") -> Iterator[Entry]:
        if store.root == to[0]:
            raise Unavailable(f"{store.root} does not answer", hint="is it there?")
        return listed(store, prefix)

    monkeypatch.setattr(FolderStore, "list", refuse)
    found = _run("--check", "--to", f"{to[0]},{to[1]}")
    assert found.stdout.splitlines()[0].endswith("all as written")
    assert found.stdout.splitlines()[1] == f"{to[0]}: not read back"
    assert (found.exit_code, found.stderr.splitlines()[-1]) == (4, "hint: is it there?")
    assert _run("--check", "--dry-run", "--to", to[0]).exit_code == 4
    both = _run("--check", "--to", f"{to[0]},{to[2]}", "--json")
    assert both.exit_code == 5
    assert ["hint: is it there?" in entry.get("error", "") for entry in json.loads(both.stdout)] == [False, True]
    assert f"{to[0]} does not answer" in both.stderr


def test_every_blob_of_another_size_is_named_and_the_other_stores_are_copied_to(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {"a": b"one", "b": b"two", "c": b"three"})
    blobs = [tmp_path / "x" / "sha256" / digest(content) for content in (b"one", b"two")]
    for blob in blobs:
        write_files(blob.parent, {blob.name: b"on"})
    words = ("--what", "data", "--from", source, "--to", f"{tmp_path / 'x'},{tmp_path / 'y'}")
    assert "2 of another size than what was written" in _run(*words, "--dry-run").stderr
    found = _run(*words)
    assert found.exit_code == 5
    assert all(f"{blob} has 2 bytes, not 3" in found.stderr for blob in blobs)
    assert f"{tmp_path / 'y'}: holds number 1" in found.stdout
    assert found.stderr.splitlines()[-1].startswith("hint: delete what is named")


def test_a_store_that_is_ahead_leaves_with_3(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {"a": b"one"})
    words = ("--what", "data", "--from", source, "--to", tmp_path / "x")
    assert _run(*words).exit_code == 0
    write_files(source, {"b": b"two"})
    assert _run(*words).exit_code == 0
    (source / "b").unlink()
    refused = _run(*words)
    assert (refused.exit_code, "is ahead: it holds number 2" in refused.stderr) == (3, True)
    assert "1 files extra, as earlier manifests have them: b" in _run(*words, "--as-newest").stderr


def test_the_plan_and_the_result_as_data(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {"a": b"one"})
    words = ("--what", "data", "--from", source, "--to", tmp_path / "x", "--json")
    assert json.loads(_run(*words, "--dry-run").stdout)["stores"][0]["to_write_bytes"] == 3
    assert json.loads(_run(*words).stdout)["stores"][0]["written_bytes"] == 3
    (leg,) = json.loads(_run("--check", "--to", tmp_path / "x", "--dry-run", "--json").stdout)
    assert leg["address"] == str(tmp_path / "x") and leg["bytes"] > 3
    back = ("--what", "data", "--from", tmp_path / "x", "--into", tmp_path / "back", "--json")
    assert [json.loads(_run(*back, *more).stdout)["written"] for more in (["--dry-run"], [], [])] == [None, 1, 0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "a"), "--to: or --into is needed"),
        (("--from", "a", "--to", "b", "--into", "c"), "and not both"),
        (("--to", "b"), "--from: is missing"),
        (("--check", "--to", "b", "--from", "a"), "--check: reads what --to names"),
        (("--from", "a/", "--to", "b, a"), "--to: a/ is where it is copied from"),
    ],
)
def test_options_that_make_no_task_are_refused(words: tuple[str, ...], told: str) -> None:
    found = _run(*words)
    assert (found.exit_code, told in found.stderr) == (2, True), found.stderr


def test_what_would_be_read_is_told_first(tmp_path: Path) -> None:
    source = write_files(tmp_path / "source", {"a": b"one"})
    _run("--what", "data", "--from", source, "--to", tmp_path / "x")
    assert "to read back, about 0 s, at most 0.00 USD" in _run("--check", "--dry-run", "--to", tmp_path / "x").stderr
    assert (
        "1 files, 3 B" in _run("--what", "data", "--from", tmp_path / "x", "--into", tmp_path / "y", "--dry-run").stderr
    )
    assert not (tmp_path / "y").exists()


def test_the_guide_shows_what_is_printed(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guides" / "sync-stores.md").read_text()
    first, second, *_ = _run(
        "--from", ROOT / "service" / "released", "--to", tmp_path / "x", "--dry-run"
    ).stderr.splitlines()
    assert first.replace(f"{ROOT}/", "") in guide
    assert f"  s3://example-models: {second.partition(': ')[2]}" in guide
