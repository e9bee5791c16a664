"""A finished fit is found again, to the bit; one that a kill cut off is not taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from service.training.checkpoints import KEEP_DAYS, Checkpoints

FIT = np.array([[0.25, 0.75], [np.nextafter(0.5, 1), 0.5]])


def test_a_fit_is_read_as_it_was_written_and_counted_by_who_made_it(tmp_path: Path) -> None:
    first = Checkpoints(tmp_path / "fits")
    assert first.read("a") is None
    first.write("a", FIT)
    read = first.read("a")
    assert read is not None
    np.testing.assert_array_equal(read, FIT)
    assert (first.found, first.made) == (set(), {"a"})
    second = Checkpoints(tmp_path / "fits")
    second.read("a")
    assert (second.found, second.made) == ({"a"}, set())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_fit_that_was_cut_off_is_none_and_is_made_again(tmp_path: Path, share: float) -> None:
    Checkpoints(tmp_path).write("a", FIT)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    kept = Checkpoints(tmp_path)
    assert kept.read("a") is None
    assert not kept.found
    kept.write("a", FIT)
    assert kept.read("a") is not None


def test_what_nobody_asked_for_is_removed_and_nothing_else(tmp_path: Path) -> None:
    now, old = 1e9, 1e9 - (KEEP_DAYS + 1) * 86_400
    names = [letter * 32 for letter in "abcd"]
    earlier = Checkpoints(tmp_path)
    for name in names:
        earlier.write(name, FIT)
    kept = Checkpoints(tmp_path)
    kept.read(names[0])
    others = [
        tmp_path / f"{names[3]}.npy",
        tmp_path / f".{names[3]}.77.npy",
        tmp_path / "notes.npy",
        tmp_path / "x.fit",
    ]
    for path in others:
        path.write_bytes(b"12345")
    for path in tmp_path.iterdir():
        os.utime(path, (old, old))
    os.utime(tmp_path / f"{names[1]}.fit", (now - 86_400, now - 86_400))
    size = (tmp_path / f"{names[2]}.fit").stat().st_size
    assert kept.remove_old(now) == (4, 2 * size + 10)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"{names[0]}.fit", f"{names[1]}.fit", "notes.npy", "x.fit"}
    assert kept.remove_old(now + 86_400) == (0, 0), "what was asked for now is new again"


def test_a_folder_that_is_not_there_holds_nothing_old(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none").remove_old(0.0) == (0, 0)


def test_another_run_may_remove_the_same_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, gone = "a" * 32, tmp_path / f"{'b' * 32}.fit"
    kept = Checkpoints(tmp_path)
    kept.write(asked, FIT)
    (tmp_path / f"{asked}.fit").unlink()
    monkeypatch.setattr(Path, "glob", lambda *_: iter([gone]))
    assert kept.remove_old(1e9) == (0, 0)
