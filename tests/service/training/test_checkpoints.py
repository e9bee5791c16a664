"""A finished fit is found again, to the bit; one that a kill cut off is not taken for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.training.checkpoints import Checkpoints

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
