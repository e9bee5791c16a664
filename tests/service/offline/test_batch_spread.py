"""A cluster writes what one machine writes, byte for byte, whatever dies in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.bundle.classifier import Classifier
from service.bundle.folder import load_release
from service.cluster.client import open_cluster
from service.errors import InvalidInput, Refused, Unavailable
from service.offline.batch import predict_file
from service.offline.batch_plan import RANGE_BYTES
from service.offline.batch_rows import BLOCK_BYTES
from service.offline.batch_spread import Cuts, predict_on_cluster
from service.stores.matching import Found, find_files
from service.stores.opening import open_store
from tests.service.cluster.processes import start_scheduler, start_workers
from tests.service.offline.files import RELEASED, ROOT, HereCluster, read_rows, write_parts
from tests.service.stores.bucket import start_bucket

RELEASE = load_release(RELEASED)
CUTS = Cuts(block=20_000, range=20_000)
SLOW_CUTS = Cuts(block=6_000, range=20_000)  # small blocks take long: something can be killed meanwhile


def _alone(found: Found, folder: Path) -> tuple[bytes, bytes]:
    """What one process writes."""
    out = folder / "alone.csv"
    done = predict_file(Classifier(RELEASE), found, out, block_bytes=CUTS.block)
    return out.read_bytes(), Path(done.bad_rows).read_bytes()


def _spread(found: Found, out: Path, cluster: Any, **more: Any) -> tuple[bytes, bytes]:
    done = predict_on_cluster(RELEASE, found, out, cluster=cluster, cuts=CUTS, **more)
    assert (done.predicted, done.bad) == (568, 1)
    return out.read_bytes(), Path(done.bad_rows).read_bytes()


def test_several_files_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    found = find_files(write_parts(tmp_path / "in"))
    assert _spread(found, tmp_path / "out.csv", HereCluster()) == _alone(found, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["in", "out.csv", "out.csv.bad.csv", "alone.csv", "alone.csv.bad.csv"]
    ), "the parts are gone when they are joined"


def test_a_parquet_file_gives_the_bytes_of_one_process(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    frame = read_rows().assign(mean_area=[None if n == 8 else float(n) for n in range(569)]).infer_objects()
    path = tmp_path / "t.parquet"
    parquet.write_table(arrow.Table.from_pandas(frame, preserve_index=False), path, row_group_size=100)
    found = find_files(str(path))
    assert _spread(found, tmp_path / "out.csv", HereCluster()) == _alone(found, tmp_path)


def test_every_death_costs_only_what_was_not_finished(tmp_path: Path) -> None:
    found, out = find_files(write_parts(tmp_path / "in")), tmp_path / "out.csv"
    expected = _alone(found, tmp_path)
    finished = 0
    for _ in range(2):
        dying = HereCluster(dies_before=2)
        with pytest.raises(Unavailable):
            predict_on_cluster(RELEASE, found, out, cluster=dying, cuts=CUTS)
        assert not out.exists()
        finished += dying.done
        assert len(list(tmp_path.glob("out.csv.parts/*/*[0-9].json"))) == finished
    last = HereCluster()
    assert _spread(found, out, last) == expected
    assert last.done > 0


def test_parts_with_an_address_stay_and_are_found_again(tmp_path: Path) -> None:
    found, parts = find_files(write_parts(tmp_path / "in")), str(tmp_path / "shared")
    expected = _spread(found, tmp_path / "out.csv", HereCluster(), parts=parts)
    again = HereCluster()
    assert _spread(found, tmp_path / "again.csv", again, parts=parts) == expected
    assert again.done == 0
    one = Found((tmp_path / "in/a.csv",), False)
    other = HereCluster()
    predict_on_cluster(RELEASE, one, tmp_path / "one.csv", cluster=other, parts=parts, cuts=CUTS)
    assert other.done > 0, "another input is another run"


def test_what_is_there_is_refused_before_anything_is_scored(tmp_path: Path) -> None:
    found = find_files(write_parts(tmp_path / "in"))
    (tmp_path / "out.csv").write_text("precious")
    cluster = HereCluster()
    with pytest.raises(Refused):
        _spread(found, tmp_path / "out.csv", cluster)
    assert cluster.done == 0
    _spread(found, tmp_path / "out.csv", cluster, overwrite=True)


def test_a_small_run_is_cut_into_many_ranges_and_a_large_one_into_long_ones() -> None:
    cuts = Cuts()
    assert cuts.choose_range(1_000) == BLOCK_BYTES, "a block is what is scored at a time"
    assert cuts.choose_range(400_000_000) == 6_250_000
    assert cuts.choose_range(10**11) == RANGE_BYTES


def test_parts_on_disks_of_the_workers_own_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class _Elsewhere(HereCluster):
        """Machines that do not share the folder."""

        def run(self, *asked: Any, shared: Any, **more: Any) -> Iterator[Any]:
            return super().run(*asked, shared=replace(shared, parts=str(tmp_path / "elsewhere")), **more)

    found = find_files(write_parts(tmp_path / "in"))
    with pytest.raises(InvalidInput, match=r"not in .* as it is seen from here") as caught:
        _spread(found, tmp_path / "out.csv", _Elsewhere())
    assert "--parts" in caught.value.hint


def _write_long(folder: Path) -> Found:
    """Enough rows that something can be killed while they are scored."""
    frame = read_rows()
    head, _, body = frame.drop(index=8).to_csv(index=False).partition("\n")
    for name, copies in (("a.csv", 8), ("b.csv", 8)):
        (folder / name).write_text(f"{head}\n{body * copies}")
    return find_files(f"{folder}/[ab].csv")


@pytest.mark.slow
def test_kill_9_of_a_worker_and_of_the_scheduler_cost_only_the_ranges_in_flight(tmp_path: Path) -> None:
    found, out = _write_long(tmp_path), tmp_path / "out.csv"
    predict_file(Classifier(RELEASE), found, tmp_path / "alone.csv", block_bytes=SLOW_CUTS.block)
    counts: list[int] = []

    def count(step: str, done: int, of: int) -> None:
        if step == "rows":
            counts.append(done)

    with start_scheduler(tmp_path) as scheduler, start_workers(scheduler.address, 2, tmp_path) as workers:

        def kill(step: str, done: int, of: int) -> None:
            count(step, done, of)
            if len(counts) == 5:
                os.kill(workers[0].pid, signal.SIGKILL)
            if len(counts) == 25:
                os.kill(scheduler.process.pid, signal.SIGKILL)

        with (
            pytest.raises(Unavailable, match=r"went away; \d+ of \d+ ranges are finished") as caught,
            open_cluster(scheduler.address) as cluster,
        ):
            predict_on_cluster(RELEASE, found, out, cluster=cluster, cuts=SLOW_CUTS, announce=kill)
        assert "repeat the command" in caught.value.hint
    assert len(counts) >= 25, "the run went on without the first worker"
    assert not out.exists()
    finished = len(list(tmp_path.glob("out.csv.parts/*/*[0-9].json")))
    assert finished >= 25
    counts.clear()
    with (
        start_scheduler(tmp_path) as scheduler,
        start_workers(scheduler.address, 1, tmp_path),
        open_cluster(scheduler.address) as cluster,
    ):
        done = predict_on_cluster(RELEASE, found, out, cluster=cluster, cuts=SLOW_CUTS, announce=count)
        planned = -(-sum((tmp_path / name).stat().st_size for name in ("a.csv", "b.csv")) // SLOW_CUTS.range)
    assert len(counts) <= planned + 2 - finished, "what was finished is not scored again"
    assert done.found_rows > 0
    assert out.read_bytes() == (tmp_path / "alone.csv").read_bytes()


@pytest.mark.slow
def test_the_command_predicts_on_the_cores_of_this_machine(tmp_path: Path) -> None:
    found = _write_long(tmp_path)
    predict_file(Classifier(RELEASE), found, tmp_path / "alone.csv")
    asked = [sys.executable, "-m", "outlast", "predict", "--csv", f"{tmp_path}/[ab].csv", "--model", "tumour"]
    asked += ["--out", str(tmp_path / "out.csv"), "--dask", "local", "--json"]
    done = subprocess.run(asked, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["predicted"] == 568 * 16
    assert done.stderr == ""
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()


@pytest.mark.slow
def test_workers_that_share_nothing_but_a_store_write_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = find_files(write_parts(tmp_path / "in"))
    with start_bucket(monkeypatch) as bucket:
        store = open_store(bucket)
        for file in local.files:
            with file.open("rb") as stream:
                store.put_if_absent(f"in/{file.name}", stream)
        found = find_files(f"{bucket}/in/*.csv*")
        with open_cluster("local") as cluster:
            written = _spread(found, tmp_path / "out.csv", cluster, parts=f"{bucket}/parts")
        alone = _alone(found, tmp_path)
        assert written == alone
        assert written[0].replace(f"{bucket}/in".encode(), f"{tmp_path}/in".encode()) == _alone_here(local, tmp_path)
        assert len([entry for entry in store.list("parts/") if entry.key.endswith(".json")]) > 5


def _alone_here(found: Found, folder: Path) -> bytes:
    predict_file(Classifier(RELEASE), found, folder / "here.csv", block_bytes=CUTS.block)
    return (folder / "here.csv").read_bytes()
