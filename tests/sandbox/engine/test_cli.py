"""Which CLI is taken, what is kept of it, and what it runs in. The vendor and Go are stood in for."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from requests.utils import get_environ_proxies

from sandbox.engine import build, cli
from sandbox.engine.cli import Pulumi
from service.errors import OutlastError, Unavailable
from tests.sandbox.engine.test_official import Vendor, release, vendor

__all__ = ["vendor"]  # a fixture

NOWHERE = "http://127.0.0.1:1"


def install(folder: Path, version: str = "3.272.0", host: bool = True) -> Path:
    """A `pulumi` that says its version."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("pulumi", *(["pulumi-language-python"] if host else [])):
        (folder / name).write_text(f"#!/bin/sh\necho v{version}\n")
        (folder / name).chmod(0o755)
    return folder


def environ(tmp_path: Path, *folders: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"]), "HOME": str(tmp_path)}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Builds at once, and says where."""
    folders: list[Path] = []

    def build_at_once(folder: Path, say: Any, **more: Any) -> Path:
        folders.append(folder)
        return install(folder / "bin", build.pinned_version(), host=False)

    monkeypatch.setattr(build, "build", build_at_once)
    return folders


def test_a_pulumi_on_path_is_taken_as_it_is(tmp_path: Path) -> None:
    binaries = install(tmp_path / "own")
    link = tmp_path / "links" / "pulumi"
    link.parent.mkdir()
    link.symlink_to(binaries / "pulumi")
    found = cli.obtain(print, environ=environ(tmp_path, link.parent), base_url=NOWHERE)
    assert found == Pulumi(binaries, "3.272.0", "PATH", "Pulumi's own")
    assert str(found) == "Pulumi 3.272.0 (PATH; language host: Pulumi's own)"


@pytest.mark.parametrize(
    ("version", "host"), [("3.258.9", True), ("2.99.0", True), ("3.272.0", False), ("no version", True), ("", True)]
)
def test_a_pulumi_on_path_that_will_not_do(tmp_path: Path, version: str, host: bool) -> None:
    assert cli.on_path(environ(tmp_path, install(tmp_path / "own", version, host))) is None


def test_a_pulumi_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "pulumi"
    broken.write_bytes(b"\x7fELF not really")
    broken.chmod(0o755)
    assert cli.version_of(broken) is None
    assert cli.on_path({"PATH": str(tmp_path / "empty")}) is None


def test_the_official_release_comes_before_a_build_and_is_kept(
    tmp_path: Path, vendor: Vendor, built: list[Path]
) -> None:
    vendor.publish(release(build.pinned_version()))
    said: list[str] = []
    found = cli.obtain(said.append, environ=environ(tmp_path), base_url=vendor.url)
    assert (found.source, found.language_host) == ("official release", "Pulumi's own")
    assert found.bin.is_relative_to(tmp_path / ".cache" / "outlast" / "pulumi")
    vendor.files.clear()
    assert cli.obtain(said.append, environ=environ(tmp_path), base_url=vendor.url) == found
    assert built == []
    assert len(said) == 2


def test_without_the_vendor_it_is_built_once_for_every_clone(tmp_path: Path, built: list[Path]) -> None:
    said: list[str] = []
    assert cli.find(environ(tmp_path)) is None
    found = cli.obtain(said.append, environ=environ(tmp_path), base_url=NOWHERE)
    assert cli.find(environ(tmp_path)) == found
    assert (found.source, found.language_host) == ("built from Go modules", "Outlast's stand-in")
    assert (found.bin / cli.LANGUAGE_HOST).exists()
    assert "Connection refused" in said[1]
    assert "takes minutes" in said[2]
    assert cli.obtain(said.append, environ=environ(tmp_path), base_url=NOWHERE) == found
    assert len(built) == 1
    assert sorted(path.name for path in found.bin.parents[1].iterdir()) == [found.bin.parent.name, "lock"]


def test_a_release_that_is_not_what_the_checksum_says_is_not_installed(
    tmp_path: Path, vendor: Vendor, built: list[Path]
) -> None:
    vendor.publish(release(), digest="0" * 64)
    said: list[str] = []
    assert cli.obtain(said.append, environ=environ(tmp_path), base_url=vendor.url).source == "built from Go modules"
    assert any("checksum file says 0000" in line for line in said)


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path, say: Any, **more: Any) -> Path:
        (folder / "half").write_text("done")
        raise Unavailable("no Go", hint="install it")

    monkeypatch.setattr(build, "build", fail)
    with pytest.raises(Unavailable, match="no Go"):
        cli.obtain(print, environ=environ(tmp_path), base_url=NOWHERE)
    assert [path.name for path in cli.cache_folder(environ(tmp_path)).iterdir()] == ["lock"]


def test_what_a_killed_build_left_goes_with_the_next(tmp_path: Path, built: list[Path]) -> None:
    leftover = cli.cache_folder(environ(tmp_path)) / ".arriving-built-1"
    (leftover / "modules").mkdir(parents=True)
    cli.obtain(print, environ=environ(tmp_path), base_url=NOWHERE)
    assert not leftover.exists()


def test_two_at_once_build_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, finish, count = threading.Event(), threading.Event(), []

    def build_slowly(folder: Path, say: Any, **more: Any) -> Path:
        count.append(folder)
        started.set()
        assert finish.wait(10)
        return install(folder / "bin", build.pinned_version(), host=False)

    monkeypatch.setattr(build, "build", build_slowly)
    said: list[str] = []
    found: list[Pulumi] = []

    def obtain() -> None:
        found.append(cli.obtain(said.append, environ=environ(tmp_path), base_url=NOWHERE))

    threads = [threading.Thread(target=obtain) for _ in range(2)]
    threads[0].start()
    assert started.wait(10)
    threads[1].start()
    deadline = time.monotonic() + 10
    while "another process is obtaining Pulumi's CLI: waiting for it" not in said and time.monotonic() < deadline:
        threads[1].join(0.01)
    finish.set()
    for thread in threads:
        thread.join(10)
    assert len(count) == 1
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_build_that_does_not_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "build", lambda folder, say, **more: folder)
    with pytest.raises(OutlastError, match="does not run"):
        cli.obtain(print, environ=environ(tmp_path), base_url=NOWHERE)


@pytest.mark.parametrize(
    ("given", "system", "expected"),
    [
        ({"HOME": "/h"}, "linux", "/h/.cache/outlast/pulumi"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "linux", "/c/outlast/pulumi"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Caches/outlast/pulumi"),
    ],
)
def test_where_it_is_kept(given: dict[str, str], system: str, expected: str) -> None:
    assert cli.cache_folder(given, system) == Path(expected)


def test_the_environment_reaches_the_sandbox_only(tmp_path: Path) -> None:
    theirs = {
        "PATH": "/usr/bin",
        "PULUMI_ACCESS_TOKEN": "pul-secret",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/x",
        "LANG": "C",
    }
    ours = cli.environment(Pulumi(tmp_path, "3.259.0", "PATH", "Pulumi's own"), tmp_path, tmp_path, "public", theirs)
    assert ours["PATH"] == f"{tmp_path}:/usr/bin"
    assert ours["LANG"] == "C"
    assert ours["PULUMI_CONFIG_PASSPHRASE"] == "public"
    assert ours["PULUMI_BACKEND_URL"] == f"file://{tmp_path}?create_dir=true&metadata=skip"
    assert ours["PULUMI_PYTHON_CMD"] == sys.executable
    assert not {"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"} & ours.keys()


@pytest.mark.parametrize("folder", ["C# projects", "100%", "a%20b", "what?", "ümlaut & 'quote'"])
def test_a_folders_name_is_no_part_of_a_url(tmp_path: Path, folder: str) -> None:
    state = tmp_path / folder
    ours = cli.environment(Pulumi(tmp_path, "3.259.0", "PATH", "Pulumi's own"), tmp_path, state, "public", {})
    address = urllib.parse.urlsplit(ours["PULUMI_BACKEND_URL"])
    assert (urllib.parse.unquote(address.path), address.fragment) == (str(state), "")
    assert address.query == "create_dir=true&metadata=skip"


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "GRPC_PROXY"])
@pytest.mark.parametrize("exempt", ["NO_PROXY", "no_proxy"])
def test_nothing_of_the_sandbox_is_asked_through_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, exempt: str
) -> None:
    theirs = {name: "socks5://127.0.0.1:9", exempt: "localhost, example.com"}
    ours = cli.environment(Pulumi(tmp_path, "3.259.0", "PATH", "Pulumi's own"), tmp_path, tmp_path, "public", theirs)
    for variable in (name, "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in ours.items():
        if variable.lower().endswith("_proxy"):
            monkeypatch.setenv(variable, value)
    assert not set(urllib.request.getproxies()) - {"no"}
    assert urllib.request.proxy_bypass("127.120.1.2")
    assert not get_environ_proxies("http://127.120.1.2:80")


def test_the_real_one_is_what_the_pins_say(pulumi: Pulumi) -> None:
    assert cli.version_of(pulumi.command) == pulumi.version
    assert pulumi.source == "PATH" or pulumi.version == build.pinned_version()
    assert os.access(pulumi.bin / cli.LANGUAGE_HOST, os.X_OK)


def test_while_a_process_obtains_it_other_work_goes_on(tmp_path: Path) -> None:
    """Nothing can be built where PATH has no Go that is new enough; what the process had to say is raised."""
    given = {**environ(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "GOTOOLCHAIN": "local"}
    done = False
    with pytest.raises(Unavailable) as caught, cli.obtaining(given, NOWHERE) as wait:
        done = True
        wait()
    assert done
    assert "pip could not get one" in caught.value.what or "GB left" in caught.value.what
    assert "https://" in caught.value.hint


def test_what_is_there_is_given_without_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = install(tmp_path / "own")
    monkeypatch.setattr(cli.subprocess, "Popen", None)
    monkeypatch.setattr(cli, "version_of", lambda command, environ: "3.272.0")
    with cli.obtaining(environ(tmp_path, binaries)) as wait:
        assert wait().bin == binaries
