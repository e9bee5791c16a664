"""One sandbox for all end-to-end tests: a copy of the project in a temporary folder, brought up by the real CLI."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest

from failover.dial import Dial
from sandbox import keys
from sandbox.command import control, status
from sandbox.command import predict as prediction
from sandbox.command.environment import dial_of, load_cli, sandbox_environment
from sandbox.layout import Layout
from service.bundle.folder import RELEASED, load_golden

ROOT = Path(__file__).resolve().parents[2]
SPEED = 10
EVENTUAL = 20
"""What is forgotten is found: roles, APIs, records and certificates count two real seconds after they were made."""
HOST = "api.outlast.example"


@dataclass
class Project:
    """A copy of the project, and the commands that a person gives in it."""

    root: Path
    up_document: dict[str, Any] = field(default_factory=dict)

    def run(self, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """`python <arguments>` in the project; its output is shown when it fails."""
        return self.run_in(self.environment(), self.python, *arguments, **kwargs)

    def run_in(
        self,
        environment: dict[str, str],
        *command: str,
        check: bool = True,
        timeout_seconds: float = 120.0,
        typed: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Any command in the project, with what is typed into it; its output is shown when it fails."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=environment,
            text=True,
            input=typed,
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(f"{' '.join(command)} left with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    @property
    def python(self) -> str:
        return str(self.root / ".venv" / "bin" / "python")

    def environment(self) -> dict[str, str]:
        """What a person's shell has, and nothing of the test's."""
        keep = ("PATH", "HOME", "LANG", "XDG_CACHE_HOME", "TMPDIR")
        return {name: os.environ[name] for name in keep if name in os.environ}

    def sandbox(self, *arguments: str, **kwargs: Any) -> Any:
        """A `python -m sandbox …` command's JSON."""
        return json.loads(self.run("-m", "sandbox", *arguments, "--json", **kwargs).stdout)

    def pulumi(self, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """A plain `pulumi` command, as in `make shell`."""
        environment = self.inside()
        command = str(shutil.which("pulumi", path=environment["PATH"]))
        return self.run_in(environment, command, *arguments, "--non-interactive", **kwargs)

    def inside(self) -> dict[str, str]:
        """The environment of `make shell`, without a process that makes it: that takes half a second."""
        with self._as_a_person():
            return sandbox_environment(self.layout, self.control.instance, load_cli(self.layout))

    @contextlib.contextmanager
    def _as_a_person(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in os.environ.keys() - self.environment().keys():
                patch.delenv(name)
            yield

    def up(self, *arguments: str) -> dict[str, Any]:
        # On a machine that never had it, this builds Pulumi's CLI first.
        asked = ("--speed", str(SPEED), "--eventual", str(EVENTUAL))
        found: dict[str, Any] = self.sandbox("up", *asked, *arguments, timeout_seconds=1800.0)
        return found

    @property
    def layout(self) -> Layout:
        return Layout(self.root, self.root / ".sandbox")

    @property
    def control(self) -> control.Control:
        return control.connect(self.layout)

    def start(self) -> None:
        """Start the sandbox alone, without an update of any stack."""
        self.run(
            "-c", "from sandbox import __main__ as m; from sandbox.command import control; control.start(m._layout())"
        )

    def status(self) -> dict[str, Any]:
        """What `make status` shows, without a process for it."""
        return status.collect(self.layout)

    def predict(self) -> prediction.Prediction:
        """What `make predict` does, without a process for it."""
        dial = Dial.from_environment(dial_of(self.layout, self.control.instance))
        with self._as_a_person():
            api_key = keys.api_key_of(self.layout)
        return prediction.predict(dial, HOST, load_golden(RELEASED / "tumour"), api_key=api_key)

    def answer(self) -> str:
        """The origin that DNS answers for the public host now, by UDP."""
        address, port = self.up_document["dns"]
        query = dns.message.make_query(HOST, "A")
        response = dns.query.udp(query, address, timeout=5, port=port)
        return str(response.answer[0][0]).rstrip(".")

    def sites_answered(self, times: int = 60) -> set[str]:
        """The sites among `times` answers."""
        return {self.answer().partition(".")[0] for _ in range(times)}

    def wait_until(self, holds: Callable[[], bool], what: str, timeout_seconds: float = 30.0) -> float:
        """Seconds until `holds()`; fails after `timeout_seconds`."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > timeout_seconds:
                pytest.fail(f"{what} did not happen within {timeout_seconds:g} s")
            time.sleep(0.1)
        return time.monotonic() - began


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a sandbox that nobody used yet comes before the others on it."""
    at = [place for place, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    for place, item in zip(at, sorted((items[place] for place in at), key=_turn), strict=True):
        items[place] = item


def _turn(item: pytest.Item) -> int:
    return int(item.path.stem not in ("test_clients", "test_sandbox", "test_teardown"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project's own files, tracked or not, in a git tree of their own; up once, down at the end."""
    root = tmp_path_factory.mktemp("project") / "outlast"
    copy_project(root)
    copy = Project(root)
    try:
        copy.up_document = copy.up()
        copy.up_document["dns"] = ("127.0.0.1", int(copy.status()["dns"].rpartition(":")[2]))
        yield copy
    finally:
        copy.run("-m", "sandbox", "down", check=False)


@pytest.fixture(scope="module")
def changed(project: Project) -> Iterator[Project]:
    """The project, its program taking changes from the environment; everything as it was afterwards."""
    program = project.root / "__main__.py"
    before = program.read_text()
    driver = (Path(__file__).parent / "changed_program.py").read_text()
    _, future, body = before.partition("from __future__ import annotations\n")
    program.write_text(driver + body if future else driver + before)
    yield project
    program.write_text(before)
    project.up()


def pulumi(project: Project, changes: Any, *arguments: str) -> tuple[int, str]:
    """The exit code of a `pulumi` command on the changed program, and all that it said."""
    inside = project.inside() | {"CHANGES": json.dumps(changes)}
    command = Path(inside["PATH"].partition(":")[0], "pulumi")
    done = project.run_in(inside, str(command), *arguments, "--non-interactive", "--color=never", check=False)
    return done.returncode, done.stdout + done.stderr


def copy_project(root: Path) -> None:
    """Copy what a commit of everything would hold, and share this checkout's virtual environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, root / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    (root / ".venv").symlink_to(Path(sys.prefix))
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@outlast.example"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "copy"]):
        subprocess.run([*git, *command], cwd=root, check=True, capture_output=True)
