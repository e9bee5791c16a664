"""The built image run by crun as every cloud runs it: not root, a read-only root, no capabilities; then looked at."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from service.bundle.golden import Golden
from service.errors import Unavailable
from tools.image_proof.build import Builder, run
from tools.image_proof.findings import STOP_SECONDS, Finding, judge_process, judge_stop, read_process, runtime_config

START_SECONDS, PROCESSOR_SECONDS = 60.0, 600
WRITES = ("/written", "/app/written", "/venv/written", "/etc/passwd")
_WRITE = "import sys; open(sys.argv[1], 'a').write('x')"
_PACKAGES = (
    "import importlib.metadata as m, json; "
    "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
)
_ENVIRONMENT = {"OUTLAST_AUTH": "off", "OUTLAST_HOST_BIND": "127.0.0.1", "OUTLAST_SITE": "proof"}


def _crun(state: Path) -> tuple[str, ...]:
    """crun without control groups, which it refuses to look at where both their versions are mounted."""
    hide = 'mount -t tmpfs none /sys/fs/cgroup && exec crun --cgroup-manager=disabled "$@"'
    return ("unshare", "--mount", "sh", "-c", hide, "crun", "--root", str(state))


@dataclass
class Container:
    """A running container: `crun`'s name of it, its process as this machine sees it, its port."""

    state: Path
    name: str
    process: subprocess.Popen[bytes]
    pid: int
    port: int
    log: Path
    ended: float | None = field(default=None)

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command inside, as the same user with the same rights."""
        return subprocess.run(
            (*_crun(self.state), "exec", "--cwd", "/app", self.name, *command),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def kill(self, signal: str) -> None:
        """Send a signal to its first process."""
        run((*_crun(self.state), "kill", self.name, signal))


@contextlib.contextmanager
def running(builder: Builder, image: str, port: int) -> Iterator[Container]:
    """The image's own command for the length of a block. Raises Unavailable where it does not come up."""
    bundle, state = builder.folder / "bundle", builder.folder / "crun"
    bundle.mkdir()
    mounted, root = builder.mount(image)
    config = runtime_config(
        builder.read_config(image), str(root), _ENVIRONMENT | {"PORT": str(port)}, PROCESSOR_SECONDS
    )
    (bundle / "config.json").write_text(json.dumps(config))
    log, name = builder.folder / "server.log", f"outlast-proof-{port}"
    command = (*_crun(state), "run", "--bundle", str(bundle), name)
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        container = Container(state, name, process, 0, port, log)
        _wait_until_it_answers(container)
        container.pid = int(json.loads(run((*_crun(state), "state", name)))["pid"])
        yield container
    finally:
        if process.poll() is None:
            subprocess.run((*_crun(state), "delete", "--force", name), capture_output=True, check=False)
            process.wait(timeout=30)
        builder.unmount(mounted)


def look_inside(container: Container, released: Sequence[Golden]) -> list[Finding]:
    """Everything that is seen while it runs."""
    process = read_process(Path(f"/proc/{container.pid}/status").read_text())
    probe = container.execute("python", "-m", "service", "probe")
    return [
        *judge_process(process),
        *(_try_to_write(container, path) for path in WRITES),
        Finding("its HEALTHCHECK passes", _tell(probe), probe.returncode == 0),
        *(_ask_golden(container.port, golden) for golden in released),
    ]


def list_packages(container: Container) -> dict[str, str]:
    """Name -> version of every package that its interpreter finds."""
    found: dict[str, str] = json.loads(container.execute("python", "-c", _PACKAGES).stdout)
    return found


def list_service(container: Container) -> list[str]:
    """What lies in the service's folder."""
    listing = "import os; print('\\n'.join(sorted(os.listdir('/app/service'))))"
    return container.execute("python", "-c", listing).stdout.split()


def stop(container: Container, clock: Callable[[], float] = time.monotonic) -> Finding:
    """SIGTERM, and how long it takes."""
    began = clock()
    container.kill("TERM")
    try:
        code = container.process.wait(timeout=3 * STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return judge_stop(None, None)
    return judge_stop(clock() - began, code)


def _try_to_write(container: Container, path: str) -> Finding:
    done = container.execute("python", "-c", _WRITE, path)
    told = (done.stderr.strip().splitlines() or ["it was written"])[-1]
    return Finding(f"cannot write {path}", told, done.returncode != 0 and "Read-only file system" in told)


def _tell(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join([f"exit code {done.returncode}", *done.stderr.split()][:40])


def _ask_golden(port: int, golden: Golden) -> Finding:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False) as client:
        wrong = [
            mistake
            for row in golden.rows
            if (
                mistake := golden.find_mistake(
                    row, client.post(golden.path, content=golden.render_request(row)).content
                )
            )
        ]
    told = "; ".join(wrong) or f"{len(golden.rows)} of {len(golden.rows)} rows"
    return Finding(f"answers the golden rows of {golden.problem} right", told, not wrong)


def _wait_until_it_answers(container: Container) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and container.process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{container.port}/health"
            if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                return
        time.sleep(0.1)
    told = container.log.read_text(errors="replace")[-600:]
    raise Unavailable(f"the image does not answer within {START_SECONDS:g} s: {told}")
