"""What this machine has: each thing taken away is named, with how to get it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outlast.doctor import machine
from outlast.doctor.checks import FINE, UNKNOWN, WRONG, Finding, run_checks
from outlast.doctor.machine import ACCOUNTS, BENCH, PURPOSES, TEST, UP, Machine, checks

BUILDX = "#!/bin/sh\necho 'Name: default'\necho 'Platforms: {}'\n"


def program(folder: Path, name: str, text: str = "#!/bin/sh\n") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def look(there: Machine) -> dict[str, Finding]:
    found = run_checks(checks(there))
    assert {one.purpose for one in found} == set(PURPOSES)
    return {f"{one.purpose}: {one.name}": one for one in found}


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """A checkout without an environment, and nothing on PATH."""
    (tmp_path / "requirements.lock").write_text("")
    return Machine(tmp_path, {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)})


def test_a_bare_machine_is_told_what_to_get(bare: Machine) -> None:
    found = look(bare)
    for name in (f"{TEST}: git", f"{BENCH}: wrk", f"{BENCH}: taskset", f"{ACCOUNTS}: docker", f"{ACCOUNTS}: libraries"):
        assert found[name].state == WRONG and found[name].hint, name
    for name in (f"{UP}: packages", f"{UP}: Pulumi", f"{TEST}: pytest", f"{TEST}: Chromium", f"{BENCH}: Go"):
        assert found[name].state == UNKNOWN and found[name].hint, name
    for name in ("Python", "venv", "system", "loopback"):
        assert found[f"{UP}: {name}"].state == FINE, name


def test_what_is_there_is_found(bare: Machine) -> None:
    for name in ("git", "wrk", "taskset", "go", "chromium", "python3.11", "python3.14"):
        program(bare.root / "bin", name)
    for package in ("pytest", "azure/identity", "google/auth"):
        (bare.root / ".venv" / "lib" / "python3.12" / "site-packages" / package).mkdir(parents=True)
    (bare.root / ".venv" / "complete").touch()
    program(bare.root / "bin", "docker", BUILDX.format("linux/amd64, linux/arm64"))
    found = look(bare)
    fine = {name for name, one in found.items() if one.state == FINE}
    assert found.keys() - fine <= {f"{UP}: Pulumi"}
    assert found[f"{TEST}: other Pythons"].what == "python3.11, python3.14"


def test_an_environment_of_an_older_lock_is_told(bare: Machine) -> None:
    stamp = bare.root / ".venv" / "complete"
    stamp.parent.mkdir()
    stamp.touch()
    os.utime(stamp, (1, 1))
    assert "older than requirements.lock" in look(bare)[f"{UP}: packages"].what


def test_too_old_a_python_is_missing(bare: Machine) -> None:
    found = look(Machine(bare.root, bare.environ, (3, 10, 2)))[f"{UP}: Python"]
    assert (found.state, found.what) == (WRONG, "3.10.2 is older than 3.11")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (BUILDX.format("linux/arm64"), "its builder is for linux/arm64"),
        ("#!/bin/sh\necho 'cannot connect to the daemon' >&2\nexit 1\n", "failed: cannot connect to the daemon"),
    ],
)
def test_a_docker_that_cannot_build_for_the_sites_is_told(bare: Machine, script: str, said: str) -> None:
    program(bare.root / "bin", "docker", script)
    found = look(bare)[f"{ACCOUNTS}: docker"]
    assert found.state == WRONG and said in found.what


def test_too_little_room_is_told(bare: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEMORY_BYTES", 2**60)
    monkeypatch.setattr(machine, "DISK_BYTES", 2**60)
    monkeypatch.setattr(machine, "BUILD_BYTES", 2**60)
    found = look(bare)
    assert {found[f"{UP}: {name}"].state for name in ("memory", "disk", "Pulumi")} == {WRONG}


def test_loopback_of_one_address_is_told(bare: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_LOOPBACK", "192.0.2.1")  # of no machine: RFC 5737
    assert look(bare)[f"{UP}: loopback"].state == WRONG
