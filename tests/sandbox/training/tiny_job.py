"""A training image that starts at once and does what its first argument says, and a fake of what surrounds runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.clouds.object_store import ObjectStore
from sandbox.images import store as images
from sandbox.replicas.processes import program_of
from sandbox.training.order import Mount, Order, Phase, Record
from sandbox.training.runs import TrainingRuns
from sandbox.training.surroundings import Surroundings, Verdict

PROGRAM = """
import os, signal, sys, time

does, *rest = sys.argv[1:]
does = os.environ.get("DOES", "done") if does == "model" else does
given = list(zip(rest[::2], rest[1::2]))
data = [value for name, value in given if name == "--data"]
checkpoints, out = dict(given)["--checkpoints"], dict(given)["--out"]


def leave(number, frame):
    print("stopped by SIGTERM", flush=True)
    if does != "stay":
        sys.exit(143)


signal.signal(signal.SIGTERM, leave)
for path in data:
    content = open(path).read() if os.path.isfile(path) else ",".join(sorted(os.listdir(path)))
    print("data", path, content, flush=True)
found = sorted(os.listdir(checkpoints))
print("found", ",".join(found), flush=True)
with open(os.path.join(checkpoints, "fit-%d" % len(found)), "w") as file:
    file.write("a fit")
print("made a fit", flush=True)
while does in ("wait", "stay") or (does == "once" and not found):
    time.sleep(0.01)
if does == "fail":
    sys.exit("error: the table has no rows")
with open(os.path.join(out, "model.onnx"), "w") as file:
    file.write("a model after " + ",".join(found))
with open(os.path.join(out, "training.json"), "w") as file:
    file.write(os.environ.get("WHO", ""))
"""
SECONDS = 20.0


def build_job_image(folder: Path) -> images.Image:
    """An image of the tiny job in the store `folder / "images"`."""
    context = folder / "job"
    context.mkdir(parents=True, exist_ok=True)
    (context / "it.py").write_text(PROGRAM)
    (context / "service").mkdir(exist_ok=True)
    (context / "service/__main__.py").write_text(PROGRAM)  # as the services are asked to start it
    dockerfile = context / "Dockerfile"
    dockerfile.write_text(
        'FROM python:3.11\nWORKDIR /app\nCOPY it.py ./\nCOPY service/ ./service/\nCMD ["python", "-S", "it.py"]\n'
    )
    return images.build(context, dockerfile, folder / "images")


def command(does: str, root: str = "/opt/ml") -> tuple[str, ...]:
    """What a service runs, the folders as SageMaker calls them."""
    where = ("--checkpoints", f"{root}/checkpoints", "--out", f"{root}/model")
    return ("python", "-S", "it.py", does, "--data", f"{root}/data/in00", *where)


def order(does: str, **more: Any) -> Order:
    """A job that finds one folder of data."""
    mounts = (
        Mount("/opt/ml/data/in00", "bucket", "data"),
        Mount("/opt/ml/checkpoints", "bucket", "checkpoints", saved="live"),
        Mount("/opt/ml/model", "bucket", "output/one", saved="end"),
    )
    told: dict[str, Any] = {"stack": "training-aws", "key": "arn:one", "grace_seconds": 5.0, "mounts": mounts}
    return Order(**{"cloud": "aws", "image": "it", "command": command(does), "root": "/opt/ml", **told, **more})


class Bench:
    """Runs on a folder, with one object of data."""

    def __init__(self, folder: Path, image: images.Image, *, namespaces: bool = False) -> None:
        self.folder, self.image, self.namespaces = folder, image, namespaces
        self.objects = ObjectStore(folder / "objects")
        self.objects.change("bucket/data/table.csv", b"a,b", lambda there: True)
        self.verdict = Verdict()
        self.judge: Callable[[Record], Verdict] = lambda record: self.verdict
        self.no_spot = False
        self.runs = self.make()

    def make(self) -> TrainingRuns:
        """Runs on what the folder holds."""
        return TrainingRuns(
            self.objects,
            self.folder / "jobs",
            Surroundings(lambda record: self.judge(record), self._program, lambda stack: self.no_spot),
            namespaces=self.namespaces,
        )

    def _program(self, asked: Order) -> tuple[tuple[str, ...], dict[str, str], Path]:
        found = program_of(self.image, lambda line: None, asked.command)
        return found.command, dict(found.environment), found.folder

    def submit(self, asked: Order) -> Record:
        """Queue a job."""
        return self.runs.submit(Record(asked, {}, time.time()))

    def texts(self, asked: Order) -> list[str]:
        """What it wrote."""
        return [line.text for line in self.runs.lines(asked)]

    def wait(self, record: Record, *, until: Callable[[Record], bool] | None = None) -> Record:
        """Until a job has ended, or something else holds."""
        holds = until or (lambda one: one.phase is Phase.ENDED)
        end = time.monotonic() + SECONDS
        while not holds(record):
            assert time.monotonic() < end, f"{record}; it wrote {self.texts(record.order)}"
            time.sleep(0.01)
        return record
