"""Only one drill at a time: the lock is held by a process, not by a file that stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from failover.drill.lock import LOCK, hold_lock, is_held
from service.errors import Refused


def test_a_second_one_is_refused_and_says_who_is_in_the_way(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "drills"), pytest.raises(Refused) as refused, hold_lock(tmp_path / "drills"):
        pytest.fail("both hold the lock")
    assert str(tmp_path / "drills" / LOCK) in str(refused.value) and "hint: wait until it ends" in str(refused.value)


def test_it_is_given_back_at_the_end_and_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), hold_lock(tmp_path):
        raise ValueError("inside")
    with hold_lock(tmp_path):
        pass


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from failover.drill.lock import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -9 and (tmp_path / LOCK).exists()
    with hold_lock(tmp_path):
        pass


def test_whether_it_is_held_is_told_without_making_a_file(tmp_path: Path) -> None:
    drills = tmp_path / "drills"
    assert not is_held(drills) and not drills.exists()
    with hold_lock(drills):
        assert is_held(drills)
    assert not is_held(drills)
