"""Logs are cut under the processes that write them, and the oldest of what has ended goes first."""

from __future__ import annotations

import os
from pathlib import Path

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


def test_a_folder_that_is_not_there_is_nothing_to_cut(tmp_path: Path) -> None:
    LogFolder(tmp_path / "logs", set).trim()
    assert f"{FILE_BYTES // 1_000_000} MB" in describe(tmp_path) and str(tmp_path) in describe(tmp_path)
