"""A file predicted through real servers over real sockets: sites die, runs die, no row is lost or doubled."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.bundle.classifier import Classifier, Predictions
from service.offline.batch import Predictor, predict_file
from service.offline.remote import RemoteClassifier
from service.training.datasets import load_bundled
from tests.service.server.harness import API_KEY, RELEASED, ROOT, Server, api_keys, running, wait_for

BLOCK = 20_000


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load(RELEASED / "tumour")


def _write_table(path: Path, copies: int) -> set[str]:
    """The tumour rows, some times over, with ids; returns the ids of those that an endpoint cannot take."""
    lines = load_bundled("tumour").frame.to_csv(index=False).splitlines()
    rows = [line.split(",") for line in lines[1:] * copies]
    rows[7][3] = ""
    rows[400][0] = "nan"
    rows[500][2] = "many"
    table = [lines[0] + ",patient"] + [",".join([*row, f"p{number}"]) for number, row in enumerate(rows)]
    path.write_text("\n".join(table) + "\n")
    return {"p7", "p400", "p500"}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _find_dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _DiesAfter:
    """Answers two blocks, then is gone as a killed process is."""

    def __init__(self, predictor: Predictor) -> None:
        self.manifest, self.digest = predictor.manifest, predictor.digest
        self._predictor, self._left = predictor, 2

    def predict(self, rows: NDArray[Any]) -> Predictions:
        if not self._left:
            raise InterruptedError
        self._left -= 1
        return self._predictor.predict(rows)


def _refuse_difference(out: Path, source: Path, apart: set[str], classifier: Classifier) -> None:
    """Every row of the source once and in order, answered as in memory, but for those set apart."""
    rows, bad = _read(out), _read(out.with_name(out.name + ".bad.csv"))
    assert {row["patient"] for row in bad} == apart
    expected = [row for row in _read(source) if row["patient"] not in apart]
    assert [row["patient"] for row in rows] == [row["patient"] for row in expected]
    features = [[float(row[name]) for name in classifier.manifest.input.features] for row in expected]
    labels, probabilities = classifier.predict(features)
    assert [row["label"] for row in rows] == labels.tolist()
    written = np.array([float(row["probability_malignant"]) for row in rows])
    np.testing.assert_allclose(written, probabilities[:, 1], rtol=1e-5, atol=1e-7)


def test_a_file_goes_through_the_real_server_past_a_dead_site_and_a_kill(
    classifier: Classifier, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    apart = _write_table(source, 1)
    with running(tmp_path, OUTLAST_API_KEYS=api_keys(), OUTLAST_MAX_ROWS="40", OUTLAST_AUDIT="off") as server:
        sites = [f"http://127.0.0.1:{_find_dead_port()}", server.url]
        with RemoteClassifier(classifier.manifest, classifier.digest, sites, api_key=API_KEY, sleep=print) as remote:
            with pytest.raises(InterruptedError):
                predict_file(_DiesAfter(remote), source, out, block_bytes=BLOCK)
            done = predict_file(remote, source, out, block_bytes=BLOCK)
    assert done.resumed_at > 0
    assert (done.predicted, done.bad) == (566, 3)
    _refuse_difference(out, source, apart, classifier)


@pytest.mark.slow
def test_a_site_and_the_run_are_killed_with_9_on_the_way(classifier: Classifier, tmp_path: Path) -> None:
    """The command as it is typed; the site that answers is killed while it does, then the command, then it goes on."""
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    apart = _write_table(source, 40)
    progress = out.with_name(out.name + ".progress.json")
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()

    def row() -> int:
        return int(json.loads(progress.read_bytes())["row"]) if progress.exists() else 0

    with running(folders[0], OUTLAST_AUTH="off") as one, running(folders[1], OUTLAST_AUTH="off") as two:
        with _start(source, out, one, two) as command:
            wait_for(lambda: row() > 2_000, "the first rows")
            one.process.kill()
            killed_at = row()
            wait_for(lambda: row() > killed_at + 2_000, "rows from the other site")
            os.kill(command.pid, signal.SIGKILL)
            assert command.wait() == -signal.SIGKILL
        assert 0 < row() < 22_760
        with _start(source, out, one, two) as command:
            said = json.loads(command.communicate(timeout=120)[0])
    assert command.returncode == 0
    assert said["resumed_at"] > 4_000
    assert (said["predicted"], said["bad"]) == (22_757, 3)
    _refuse_difference(out, source, apart, classifier)


def _start(source: Path, out: Path, *sites: Server) -> subprocess.Popen[str]:
    urls = [word for site in sites for word in ("--url", site.url)]
    command = [sys.executable, "-m", "service", "predict", "--csv", str(source), "--out", str(out), *urls]
    command += ["--model", "tumour", "--json"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
