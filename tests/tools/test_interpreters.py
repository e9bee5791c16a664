"""Which interpreters a machine has, and which of them are the ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.interpreters import PARTS, ROOT, Version, choose_ends, find_interpreters, likely_folders


def _python(folder: Path, name: str, said: str, code: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {said}\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_every_python_that_runs_and_is_new_enough_is_found_once(tmp_path: Path) -> None:
    first = _python(tmp_path / "a", "python3.12", "3 12 1 0")
    _python(tmp_path / "b", "python3", "3 12 1 0")
    newest = _python(tmp_path / "b", "python3.13", "3 13 0 0")
    _python(tmp_path / "b", "python3.10", "3 10 2 0")
    _python(tmp_path / "b", "python3.14", "", code=127)  # a shim whose version is not chosen
    _python(tmp_path / "b", "python3.15", "3 15 0 1")  # of a virtual environment
    _python(tmp_path / "b", "python3-config", "3 16 0 0")
    assert find_interpreters([tmp_path / "a", tmp_path / "b"]) == {(3, 12, 1): first, (3, 13, 0): newest}


def test_the_one_below_this_environment_is_among_those_of_this_machine() -> None:
    assert tuple(sys.version_info[:3]) in find_interpreters([Path(sys.base_prefix) / "bin"])


def test_path_and_pyenv_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "versions" / "3.14.0" / "bin").mkdir(parents=True)
    folders = list(likely_folders({"PATH": "/a:/b", "PYENV_ROOT": str(tmp_path)}))
    assert folders[:2] == [Path("/a"), Path("/b")]
    assert folders[-1] == tmp_path / "versions" / "3.14.0" / "bin"


@pytest.mark.parametrize(
    ("found", "ends"),
    [
        ([(3, 11, 2), (3, 11, 7), (3, 12, 1), (3, 13, 0)], [(3, 11, 2), (3, 13, 0)]),
        ([(3, 11, 7), (3, 12, 1)], [(3, 12, 1)]),
        ([(3, 11, 7)], []),
        ([], []),
    ],
)
def test_the_ends_are_run_but_for_the_suites_own(found: list[Version], ends: list[Version]) -> None:
    assert choose_ends(found, (3, 11, 7)) == ends


def test_every_part_exists() -> None:
    assert [part for part in PARTS if not (ROOT / part).exists()] == []
