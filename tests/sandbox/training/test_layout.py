"""A job finds its folders under its service's names, by mounts of its own or by other names, and nobody else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.training.layout import has_namespaces, show
from sandbox.training.order import Outcome
from sandbox.training.surroundings import Verdict
from tests.sandbox.training.tiny_job import Bench, order


def test_without_namespaces_the_paths_lead_below_the_jobs_folder(tmp_path: Path) -> None:
    shown = show(
        ["python", "/opt/ml", "/opt/ml/data", "/opt/mlx", "opt/ml/x"],
        {"MODEL": "/opt/ml/model", "WHO": "me"},
        work=tmp_path,
        root="/opt/ml",
        folder=tmp_path,
        readonly=(),
        namespaces=False,
    )
    files = tmp_path / "files"
    assert shown.command == ("python", f"{files}/opt/ml", f"{files}/opt/ml/data", "/opt/mlx", "opt/ml/x")
    assert shown.environment == {"MODEL": f"{files}/opt/ml/model", "WHO": "me"}


@pytest.mark.slow
@pytest.mark.skipif(not has_namespaces(), reason="mounts of one's own take root on Linux")
def test_with_namespaces_the_service_s_own_paths_are_there_for_the_job_alone(bench: Bench) -> None:
    bench.runs.stop()
    bench.namespaces = True
    bench.runs = bench.make()
    bench.runs.start()
    record = bench.wait(bench.submit(order("done")))
    assert record.outcome is Outcome.SUCCEEDED, bench.texts(record.order)
    assert bench.texts(record.order)[0] == "data /opt/ml/data/in00 table.csv"
    assert not Path("/opt/ml").exists()
    # A folder that is only read, under a name that this machine does not have at all.
    asked = order("done", key="arn:readonly", root="/gcs", command=(*_moved(order("done").command),))
    mounts = [replace(mount, path=mount.path.replace("/opt/ml", "/gcs")) for mount in asked.mounts]
    bench.verdict = Verdict(readonly=frozenset({"/gcs/model"}))
    closed = bench.wait(bench.submit(replace(asked, mounts=tuple(mounts))))
    assert closed.outcome is Outcome.FAILED
    assert "Read-only file system" in bench.texts(closed.order)[-1]


def _moved(command: tuple[str, ...]) -> list[str]:
    return [word.replace("/opt/ml", "/gcs") for word in command]
