"""What is prepared before a job's process is released."""

from __future__ import annotations

from pathlib import Path

from sandbox.clouds.object_store import ObjectStore
from sandbox.training.order import Record
from sandbox.training.start import clear, start
from tests.sandbox.training.tiny_job import order


def test_what_may_not_be_read_is_not_there_and_what_may_not_be_written_is_not_carried(tmp_path: Path) -> None:
    objects = ObjectStore(tmp_path / "objects")
    objects.change("bucket/data/table.csv", b"a,b", lambda there: True)
    (tmp_path / "work/files/of an earlier start").mkdir(parents=True)
    started = start(
        Record(order("done"), {}, 1.0),
        (("/bin/sh", "-c", "echo $WHO; exit 3"), {"WHO": "me"}, tmp_path),
        objects,
        tmp_path / "work",
        hidden=frozenset({"/opt/ml/data/in00"}),
        readonly=frozenset({"/opt/ml/checkpoints"}),
        namespaces=False,
    )
    assert not (tmp_path / "work/files/of an earlier start").exists()
    assert not (tmp_path / "work/files/opt/ml/data/in00").exists()
    assert (tmp_path / "work/files/opt/ml/model").is_dir()
    assert (len(started.live), len(started.at_end)) == (0, 1)
    started.process.release()
    started.process.end(10)
    assert (started.process.exit_code, started.follower.read(last=True)) == (3, ["me"])


def test_only_what_a_start_made_is_taken_away(tmp_path: Path) -> None:
    for name in ("files/opt/ml/model", "root/home"):
        (tmp_path / "work" / name).mkdir(parents=True)
    (tmp_path / "work/output.log").touch()
    clear(tmp_path / "work")
    assert [path.name for path in sorted((tmp_path / "work").iterdir())] == ["root"]
    clear(tmp_path / "none")
