"""Whose lock it is, and whether that one is dead; real commands are killed in test_real_engine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import recover
from sandbox.engine.cli import Pulumi
from sandbox.engine.failures import Locked

NOW = datetime.now(UTC)


def lock(state: Path, name: str = "a", **more: Any) -> Path:
    folder = state / ".pulumi" / "locks" / "organization" / "toy" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "pid": os.getpid(),
        "username": "me",
        "hostname": socket.gethostname(),
        "timestamp": NOW.isoformat(),
        **more,
    }
    (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / f"{name}.json.attrs").write_text("{}")
    return folder / f"{name}.json"


@pytest.fixture
def dead_pid() -> int:
    ended = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    ended.wait()
    return ended.pid


def test_no_lock(tmp_path: Path) -> None:
    assert recover.locks(tmp_path, "toy", "dev") == []


def test_the_lock_of_a_dead_process_of_this_machine_is_abandoned(tmp_path: Path, dead_pid: int) -> None:
    lock(tmp_path, pid=dead_pid)
    (found,) = recover.locks(tmp_path, "toy", "dev")
    assert found.abandoned
    assert str(found) == f"me@{socket.gethostname()} (pid {dead_pid}) since {NOW:%Y-%m-%d %H:%M:%S} UTC"


def test_the_lock_of_a_living_process_is_not(tmp_path: Path) -> None:
    lock(tmp_path)
    assert not recover.locks(tmp_path, "toy", "dev")[0].abandoned


def test_a_dead_process_that_its_parent_has_not_buried_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]) as unburied:
        os.waitid(os.P_PID, unburied.pid, os.WEXITED | os.WNOWAIT)
        lock(tmp_path, pid=unburied.pid)
        assert recover.locks(tmp_path, "toy", "dev")[0].abandoned


def test_a_pid_that_was_given_to_somebody_else_since_is_no_owner(tmp_path: Path) -> None:
    lock(tmp_path, timestamp=(NOW - timedelta(days=400)).isoformat())
    assert recover.locks(tmp_path, "toy", "dev")[0].abandoned


def test_nothing_is_known_of_other_machines(tmp_path: Path, dead_pid: int) -> None:
    lock(tmp_path, pid=dead_pid, hostname="elsewhere")
    assert not recover.locks(tmp_path, "toy", "dev")[0].abandoned


def test_a_lock_in_nanoseconds_as_go_writes_them(tmp_path: Path) -> None:
    lock(tmp_path, timestamp="2026-11-23T04:05:38.431431655Z")
    assert recover.locks(tmp_path, "toy", "dev")[0].since.year == 2026


def test_a_lock_that_cannot_be_read_is_somebody_s(tmp_path: Path) -> None:
    lock(tmp_path).write_text("{")
    (found,) = recover.locks(tmp_path, "toy", "dev")
    assert not found.abandoned


def test_one_living_owner_among_dead_ones_is_waited_for(tmp_path: Path, dead_pid: int) -> None:
    lock(tmp_path, "a", pid=dead_pid)
    lock(tmp_path, "b", timestamp=(NOW + timedelta(seconds=5)).isoformat())
    nothing = Pulumi(tmp_path, "3.259.0", "PATH", "Pulumi's own")
    with pytest.raises(Locked, match=f"pid {os.getpid()}") as refused:
        recover.recover(nothing, "toy", "dev", state=tmp_path, environ={}, directory=tmp_path)
    assert "pulumi cancel --yes dev" in refused.value.hint


def test_pending_operations_are_read_from_the_state(tmp_path: Path) -> None:
    assert recover.pending(tmp_path, "toy", "dev") == []
    file = tmp_path / ".pulumi" / "stacks" / "toy" / "dev.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"version": 3, "checkpoint": {"latest": null}}')
    assert recover.pending(tmp_path, "toy", "dev") == []
    resource = {"urn": "urn:pulumi:dev::toy::t::n", "type": "t", "custom": True}
    operations = [{"type": "creating", "resource": resource}, {"type": "updating", "resource": {**resource, "id": "i"}}]
    file.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": operations}}}))
    creating, updating = recover.pending(tmp_path, "toy", "dev")
    assert (creating.kind, creating.id) == ("creating", "")
    assert (updating.kind, updating.id, updating.urn) == ("updating", "i", "urn:pulumi:dev::toy::t::n")


def test_a_clock_that_was_set_forward_makes_no_owner_dead(tmp_path: Path) -> None:
    """It makes the owner seem to have started after it took its lock."""
    command = shutil.copy(str(shutil.which("sleep")), tmp_path / "pulumi")
    with subprocess.Popen([command, "60"]) as owner:
        lock(tmp_path, pid=owner.pid, timestamp=(NOW - timedelta(hours=1)).isoformat())
        assert not recover.locks(tmp_path, "toy", "dev")[0].abandoned
        owner.kill()
        owner.wait()
    assert recover.locks(tmp_path, "toy", "dev")[0].abandoned
