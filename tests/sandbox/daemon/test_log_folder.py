"""Logs are cut under the processes that write them, and the oldest of what has ended goes first."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.daemon.log_folder import FILE_BYTES, LogFolder, describe


def test_a_file_that_is_too_long_is_cut_and_what_it_held_is_beside_it(tmp_path: Path) -> None:
    long, short = tmp_path / "aws-100.log", tmp_path / "daemon.log"
    short.write_text("x" * 10)
    folder = LogFolder(tmp_path, lambda: {long, short}, file_bytes=10)
    with long.open("a") as writing:
        for round_ in ("first", "second"):
            writing.write(f"{round_} line of many\n")
            writing.flush()
            folder.trim()
            writing.write("later\n")
            writing.flush()
            assert long.read_text() == "later\n"
            writing.truncate(0)
    assert (tmp_path / "aws-100.log.1").read_text() == "second line of many\n"
    assert short.read_text() == "x" * 10 and not (tmp_path / "daemon.log.1").exists()


def test_where_all_is_too_much_the_oldest_that_nobody_writes_to_goes(tmp_path: Path) -> None:
    files = [tmp_path / f"aws-{number}.log" for number in range(4)]
    for at, file in enumerate(files):
        file.write_text("x" * 100)
        os.utime(file, (at, at))
    LogFolder(tmp_path, lambda: {files[0]}, folder_bytes=250).trim()
    assert [file.exists() for file in files] == [True, False, False, True]
    LogFolder(tmp_path, lambda: {files[0]}, folder_bytes=10).trim()
    assert [file.exists() for file in files] == [True, False, False, False], "one that is written to stays"


def fill(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two logs that are too long, and what the first held before its last cut."""
    first, second = tmp_path / "aws-100.log", tmp_path / "gcp-100.log"
    first.write_text("a line of many\n")
    second.write_text("a line of another\n")
    (tmp_path / "aws-100.log.1").write_text("before\n")
    return first, second, tmp_path / "aws-100.log.1"


def test_a_disk_that_is_full_loses_nothing_and_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, before = fill(tmp_path)
    ended = tmp_path / "azure-100.log"
    ended.write_text("x" * 9)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=20))
    monkeypatch.setattr(shutil, "copyfileobj", lambda *files: pytest.fail("nothing is copied"))
    LogFolder(tmp_path, lambda: {first, second, before}, file_bytes=10, folder_bytes=40).trim()
    assert (first.read_text(), second.read_text()) == ("a line of many\n", "a line of another\n")
    assert before.read_text() == "before\n" and not ended.exists(), "what has ended still makes room"


def test_a_copy_that_fails_leaves_the_log_and_the_one_before_and_keeps_nobody_from_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, before = fill(tmp_path)
    copy = shutil.copyfileobj

    def fail_in_the_middle(held: Any, kept: Any) -> None:
        if held.name == str(first):
            kept.write(held.read(5))
            raise OSError(errno.ENOSPC, "No space left on device")
        copy(held, kept)

    monkeypatch.setattr(shutil, "copyfileobj", fail_in_the_middle)
    LogFolder(tmp_path, lambda: {first, second}, file_bytes=10).trim()
    assert (first.read_text(), before.read_text()) == ("a line of many\n", "before\n")
    assert (second.read_text(), (tmp_path / "gcp-100.log.1").read_text()) == ("", "a line of another\n")
    assert len(list(tmp_path.iterdir())) == 4, "nothing that was begun stays"


def test_what_is_written_during_the_copy_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, times = tmp_path / "aws-100.log", iter(["came meanwhile\n", ""])
    log.write_text("a line of many\n")
    copy = shutil.copyfileobj

    def copy_slowly(held: Any, kept: Any) -> None:
        copy(held, kept)
        with log.open("a") as writing:
            writing.write(next(times))

    monkeypatch.setattr(shutil, "copyfileobj", copy_slowly)
    LogFolder(tmp_path, lambda: {log}, file_bytes=10).trim()
    assert (tmp_path / "aws-100.log.1").read_text() == "a line of many\ncame meanwhile\n" and log.read_text() == ""


def test_a_folder_that_is_not_there_is_nothing_to_cut(tmp_path: Path) -> None:
    LogFolder(tmp_path / "logs", set).trim()
    assert f"{FILE_BYTES // 1_000_000} MB" in describe(tmp_path) and str(tmp_path) in describe(tmp_path)
