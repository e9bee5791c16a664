"""The real command, killed again and again while it copies to three stores over HTTP, which end alike.

S3 is moto's; Azure's and Google's are small servers that check what the clouds check.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from outlast.sync.plan import plan_work
from outlast.sync.reading import look
from service.stores.opening import open_store
from service.stores.store import read_whole
from tests.outlast.sync.stores import ROOT
from tests.service.stores.bucket import start_bucket
from tests.service.stores.clouds import start_cloud

pytest.importorskip("obstore")
FILES, KILLS, SEED = 40, 3, 18


@dataclass
class Stores:
    """The addresses, and what the small servers hold."""

    addresses: tuple[str, ...]
    google: dict[str, bytes]


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    with ExitStack() as opened:
        amazon = opened.enter_context(start_bucket(monkeypatch))
        azure, _ = opened.enter_context(start_cloud("az", monkeypatch))
        google, server = opened.enter_context(start_cloud("gs", monkeypatch))
        yield Stores((amazon, azure, google), server.objects)


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "outlast", "sync", *words]


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        _command(*words), cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _run(folder: Path, *words: str) -> tuple[int, str]:
    process = _start(folder, *words)
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


@pytest.mark.slow
def test_killed_at_random_three_stores_end_alike_and_a_flipped_byte_is_named(stores: Stores, tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.mkdir()
    content = np.random.default_rng(SEED)
    for number in range(FILES):
        (source / f"{number}.bin").write_bytes(content.bytes(2000))
    words = ("--what", "data", "--from", str(source), "--to", ",".join(stores.addresses))
    assert _kill_at_random(tmp_path, words, stores) > 0
    code, told = _run(tmp_path, *words)
    assert (code, told.count("holds number 1")) == (0, 3), told
    held = [
        {e.key: read_whole(open_store(place), e.key) for e in open_store(place).list()} for place in stores.addresses
    ]
    assert held[0] == held[1] == held[2]
    assert len(held[0]) == FILES + 1
    key = sorted(held[0])[FILES // 2]
    flipped = bytearray(stores.google[f"/bucket/{key}"])
    flipped[1000] ^= 1
    stores.google[f"/bucket/{key}"] = bytes(flipped)
    code, told = _run(tmp_path, "--check", "--to", ",".join(stores.addresses))
    assert code == 5, told
    assert f"gs://bucket/{key} was changed since it was written" in told
    assert told.count("all as written") == 2


def _kill_at_random(folder: Path, words: tuple[str, ...], stores: Stores) -> int:
    """Kill the command so often after it wrote its next blobs. Returns how many kills left a copy half done."""
    drawn, half = random.Random(SEED), 0
    for _ in range(KILLS):
        process, more = _start(folder, *words), len(stores.google) + drawn.randrange(1, 15)
        while process.poll() is None and len(stores.google) < more:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        half += 0 < len(stores.google) < FILES + 1
        for place in stores.addresses:
            held = look(open_store(place), place, "data")
            assert all(not plan_work(manifest, held).write for manifest in held.manifests)
    return half
