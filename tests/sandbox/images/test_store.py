"""Images are addressed by what is in them, and hold exactly what the Dockerfile copies."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.images import store as images
from service.errors import InvalidInput, Unavailable

DOCKERFILE = """FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY it/ ./it/
CMD ["python", "-m", "it"]
"""
FILES = {"Dockerfile": DOCKERFILE, "requirements.lock": "", "it/__main__.py": "print('it')\n", "it/sub/data.txt": "1"}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def context(tmp_path: Path) -> Path:
    return write(tmp_path / "context", FILES)


def built(context: Path, **arguments: str) -> images.Image:
    return images.build(context, context / "Dockerfile", context.parent / "store", arguments)


def contents(image: images.Image) -> dict[str, str]:
    found = (path for path in image.root.rglob("*") if path.is_file())
    return {path.relative_to(image.root).as_posix(): path.read_text() for path in found}


def hashed(context: Path) -> str:
    return images.hash_context(context, context / "Dockerfile")


# -- content and digest -------------------------------------------------------------------------------


def test_the_image_holds_what_is_copied_and_says_what_it_starts(context: Path) -> None:
    image = built(context)
    assert contents(image) == {
        "app/requirements.lock": "",
        "app/it/__main__.py": "print('it')\n",
        "app/it/sub/data.txt": "1",
    }
    assert image.config["entry_point"] == ["python", "-m", "it"]
    assert image.config["working_directory"] == "/app"
    assert images.load(context.parent / "store", image.digest) == image


def test_the_same_bytes_have_the_same_digest_wherever_and_whenever_they_lie(context: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "elsewhere" / "context", dict(reversed(FILES.items())))
    (other / "it" / "__main__.py").touch()
    assert built(context).digest == built(other).digest == built(context).digest
    assert hashed(context) == hashed(other)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("it/__main__.py", "print('it ')\n"),
        ("it/new.py", ""),
        ("Dockerfile", DOCKERFILE + "ENV A=1\n"),
        ("Dockerfile", DOCKERFILE + "USER 7\n"),
        ("requirements.lock", "# another\n"),
    ],
)
def test_any_change_has_another_digest(context: Path, name: str, text: str) -> None:
    before = built(context).digest, hashed(context)
    write(context, {name: text})
    after = built(context).digest, hashed(context)
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_moved_file_has_another_digest(context: Path) -> None:
    before = built(context).digest
    (context / "it" / "sub" / "data.txt").rename(context / "it" / "data.txt")
    assert built(context).digest != before


def test_a_file_that_is_not_copied_changes_the_context_only(context: Path) -> None:
    before = built(context).digest, hashed(context)
    write(context, {"notes.txt": "x"})
    assert built(context).digest == before[0]
    assert hashed(context) != before[1]


def test_build_arguments_are_in_the_image(context: Path) -> None:
    write(context, {"Dockerfile": DOCKERFILE + "ARG VERSION=1\nENV VERSION=$VERSION\n"})
    assert built(context).config["environment"] == {"VERSION": "1"}
    assert built(context, VERSION="2").config["environment"] == {"VERSION": "2"}
    assert built(context).digest != built(context, VERSION="2").digest


def test_many_builds_at_once_leave_one_image_and_nothing_else(context: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = {image.digest for image in pool.map(lambda _: built(context), range(16))}
    assert len(made) == 1
    assert [path.name for path in (context.parent / "store").iterdir()] == [made.pop().removeprefix("sha256:")]


def test_an_image_that_the_store_does_not_hold_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no image sha256:00"):
        images.load(tmp_path, "sha256:00")


# -- COPY ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("it /x", {"x/__main__.py", "x/sub/data.txt"}),
        ("it/ /x/", {"x/__main__.py", "x/sub/data.txt"}),
        ("it/sub/data.txt /x", {"x"}),
        ("it/sub/data.txt /x/", {"x/data.txt"}),
        ("it/__main__.py it/sub/data.txt /x/", {"x/__main__.py", "x/data.txt"}),
        ("/it/./__main__.py /x/", {"x/__main__.py"}),
        (". /x", {"x/Dockerfile", "x/requirements.lock", "x/it/__main__.py", "x/it/sub/data.txt"}),
    ],
)
def test_sources_and_targets_are_docker_s(context: Path, copy: str, expected: set[str]) -> None:
    write(context, {"Dockerfile": f'FROM a\nCOPY {copy}\nCMD ["it"]\n'})
    assert set(contents(built(context))) == expected


def test_files_come_from_an_own_stage(context: Path) -> None:
    first = "FROM a AS one\nCOPY it /one\nRUN make /one/made\n"
    write(context, {"Dockerfile": first + 'FROM a\nCOPY --from=one /one/sub /one/made /two/\nCMD ["it"]\n'})
    assert contents(built(context)) == {"two/data.txt": "1"}


def test_a_named_build_context_takes_the_place_of_the_stage_of_its_name(context: Path, tmp_path: Path) -> None:
    stages = "FROM scratch AS models\nCOPY it/sub /\n\nFROM a AS one\nCOPY --from=models / /one/\n\n"
    write(context, {"Dockerfile": stages + 'FROM a\nCOPY --from=one /one /two\nCMD ["it"]\n'})
    assert contents(built(context)) == {"two/data.txt": "1"}
    named = {"models": write(tmp_path / "models", {"tumour/model.onnx": "model"})}
    dockerfile, store = context / "Dockerfile", context.parent / "store"
    image = images.build(context, dockerfile, store, named=named)
    assert contents(image) == {"two/tumour/model.onnx": "model"}
    before = images.hash_context(context, dockerfile, named)
    write(tmp_path / "models", {"tumour/model.onnx": "another"})
    assert images.build(context, dockerfile, store, named=named).digest != image.digest
    assert images.hash_context(context, dockerfile, named) != before


def test_another_reading_of_the_same_files_is_another_build(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dockerfile = context / "Dockerfile"
    before = images.hash_context(context, dockerfile)
    assert images.hash_context(context, dockerfile) == before
    read = images.parse_dockerfile
    monkeypatch.setattr(images, "parse_dockerfile", lambda *given: replace(read(*given), lock="another.lock"))
    assert images.hash_context(context, dockerfile) != before


def test_a_dockerfile_that_cannot_be_built_has_a_hash(context: Path) -> None:
    dockerfile = context / "Dockerfile"
    write(context, {"Dockerfile": "FROM a\nADD it /x\n"})
    before = images.hash_context(context, dockerfile)
    write(context, {"Dockerfile": "FROM a\nADD it /y\n"})
    assert images.hash_context(context, dockerfile) != before


def test_a_source_that_does_not_exist_is_named(context: Path) -> None:
    write(context, {"Dockerfile": 'FROM a\nCOPY ti /x\nCMD ["it"]\n'})
    with pytest.raises(InvalidInput, match="COPY ti: the context has no file"):
        built(context)
    assert list((context.parent / "store").iterdir()) == []


# -- .dockerignore ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("*\n!it\n", {"__main__.py", "sub/data.txt", "__pycache__/b.pyc"}),
        ("*\n!it/sub/**", {"sub/data.txt"}),
        ("*\n!it/__main__.py\n!it/sub", {"__main__.py", "sub/data.txt"}),
        ("*\n!it/**\n**/__pycache__", {"__main__.py", "sub/data.txt"}),
        ("*\n!it/**\n**/sub\n**/b.pyc", {"__main__.py"}),
    ],
)
def test_what_is_ignored_is_neither_copied_nor_hashed(context: Path, rules: str, kept: set[str]) -> None:
    write(context, {"it/__pycache__/b.pyc": "b", "Dockerfile": 'FROM a\nCOPY it /\nCMD ["it"]\n'})
    write(context, {".dockerignore": rules})
    assert set(contents(built(context))) == kept
    before = hashed(context)
    for name in {"__main__.py", "sub/data.txt", "__pycache__/b.pyc"} - kept:
        write(context, {f"it/{name}": "changed"})
    assert hashed(context) == before


def test_a_file_that_is_ignored_cannot_be_copied_by_its_name(context: Path) -> None:
    write(
        context, {".dockerignore": "*\n!it/__main__.py\n", "Dockerfile": 'FROM a\nCOPY it/sub/data.txt /\nCMD ["it"]\n'}
    )
    with pytest.raises(InvalidInput, match=r"dockerignore lets in"):
        built(context)


def test_a_lock_that_is_ignored_is_named(context: Path) -> None:
    write(context, {".dockerignore": "*\n!it\n"})
    with pytest.raises(InvalidInput, match=r"pip installs requirements\.lock, which is not in the context"):
        built(context)


def test_links_to_nowhere_are_left_out(context: Path) -> None:
    (context / "it" / "gone").symlink_to(context / "nowhere")
    assert hashed(context)
    assert "app/it/gone" not in contents(built(context))


# -- the virtual environment --------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "outlast" / "image-environments"


def test_an_empty_lock_gets_an_environment_that_holds_nothing_of_this_one(cache: Path) -> None:
    said: list[str] = []
    folder = images.make_environment("", said.append)
    assert folder.parent == cache
    python = folder / "bin" / "python"
    found = subprocess.run([python, "-c", "import click"], capture_output=True, text=True)
    assert "ModuleNotFoundError" in found.stderr
    began = time.monotonic()
    assert images.make_environment("", said.append) == folder
    assert time.monotonic() - began < 0.1
    assert len(said) == 1


def test_one_that_was_not_finished_is_made_again(cache: Path) -> None:
    folder = images.make_environment("", lambda _: None)
    (folder / "complete").unlink()
    (folder / "bin" / "python").unlink()
    images.make_environment("", lambda _: None)
    assert subprocess.run([folder / "bin" / "python", "-c", ""]).returncode == 0


def test_threads_wait_for_the_one_that_makes_it(cache: Path) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: images.make_environment("", said.append), range(4)))
    assert len(folders) == len(said) == 1


@pytest.mark.slow
def test_a_lock_without_hashes_is_refused_in_pips_words(cache: Path) -> None:
    """No index is needed to refuse that."""
    with pytest.raises(Unavailable, match="could not be installed") as caught:
        images.make_environment("pip==1\n", lambda _: None)
    assert "hash" in caught.value.what.lower()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(Unavailable, match="cannot be made in") as caught:
        images.make_environment("", lambda _: None)
    assert "XDG_CACHE_HOME" in caught.value.hint


@pytest.mark.parametrize(("platform", "folder"), [("darwin", "Library/Caches"), ("linux", ".cache")])
def test_the_cache_is_where_the_platform_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, folder: str
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    assert images.cache_folder() == tmp_path / folder / "outlast"
