"""A search goes on where it was killed, and finds on a cluster what it finds here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.cluster.client import open_cluster
from service.errors import Unavailable
from service.training.datasets import Dataset, load_bundled
from service.training.pipeline import encode_labels
from service.training.tuning import Fitter, Task
from tests.service.offline.files import HereCluster

ROOT = Path(__file__).parents[3]
HALF = np.arange(0, 569, 2), np.arange(1, 569, 2)
TASKS = [Task("softmax", {"C": c}, *HALF) for c in (0.1, 0.3, 1.0, 3.0)]


@pytest.fixture(scope="module")
def tumour() -> Dataset:
    return load_bundled("tumour")


def _fitter(tumour: Dataset, folder: Path, **more: Any) -> Fitter:
    _, truth = encode_labels(tumour, "malignant")
    return Fitter(tumour, truth, 2, folder, **{"seed": 1, "balanced": False, **more})


def test_finished_fits_are_not_redone_and_a_half_written_one_is(tumour: Dataset, tmp_path: Path) -> None:
    tasks = TASKS[:2]
    first = _fitter(tumour, tmp_path)
    told: list[tuple[int, int]] = []
    first._announce = lambda done, of: told.append((done, of))
    answers = first.predict(tasks)
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert first.redone == 2
    second = _fitter(tumour, tmp_path)
    np.testing.assert_array_equal(second.predict(tasks), answers)
    assert second.redone == 0
    kept = sorted(tmp_path.glob("*.fit"))[0]
    kept.write_bytes(kept.read_bytes()[:-20])  # as a kill in the middle leaves it
    third = _fitter(tumour, tmp_path)
    np.testing.assert_array_equal(third.predict(tasks), answers)
    assert third.redone == 1
    other = _fitter(tumour, tmp_path, seed=2)
    other.predict(tasks)
    assert other.redone == 2, "another seed is another result"


_CHILD = """
import sys
from pathlib import Path
import numpy as np
from service.training.datasets import load_bundled
from service.training.tuning import Fitter, Task
tumour = load_bundled("tumour")
half = np.arange(0, 569, 2), np.arange(1, 569, 2)
def announce(done, of):
    print(done, flush=True)
    sys.stdin.readline()
truth = (tumour.labels == "malignant").astype(int)
bench = Fitter(tumour, truth, 2, Path(sys.argv[1]), seed=1, balanced=False, announce=announce)
bench.predict([Task("softmax", {"C": c}, *half) for c in (0.1, 0.3, 1.0, 3.0)])
"""


@pytest.mark.slow
def test_a_search_killed_with_9_goes_on_where_it_was(tumour: Dataset, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path / "fits")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for done in (0, 1, 2):
            assert child.stdout.readline() == f"{done}\n"
            if done < 2:
                child.stdin.write("\n")
                child.stdin.flush()
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    resumed, whole = (_fitter(tumour, tmp_path / name) for name in ("fits", "whole"))
    np.testing.assert_array_equal(resumed.predict(TASKS), whole.predict(TASKS))
    assert (resumed.redone, whole.redone) == (2, 4)


def test_a_cluster_finds_the_same_and_what_it_finished_is_kept_here(tumour: Dataset, tmp_path: Path) -> None:
    expected = _fitter(tumour, tmp_path / "here").predict(TASKS)
    with pytest.raises(Unavailable):
        _fitter(tumour, tmp_path / "there", cluster=HereCluster(dies_before=3)).predict(TASKS)
    again = _fitter(tumour, tmp_path / "there", cluster=HereCluster())
    np.testing.assert_array_equal(again.predict(TASKS), expected)
    assert again.redone == 1


@pytest.mark.slow
def test_other_processes_fit_to_the_last_bit_what_this_one_does(tumour: Dataset, tmp_path: Path) -> None:
    tasks = [*TASKS, Task("random_forest", {"n_estimators": 20}, *HALF), Task("hist_gradient_boosting", {}, *HALF)]
    expected = _fitter(tumour, tmp_path / "here").predict(tasks)
    with open_cluster("local") as cluster:
        fitter = _fitter(tumour, tmp_path / "there", cluster=cluster)
        np.testing.assert_array_equal(fitter.predict(tasks), expected)
    assert fitter.redone == len(tasks)
