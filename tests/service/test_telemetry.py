"""Nothing of the service reports to anybody: no file in the home directory, no question, no line that is not ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.service.server.harness import INFER, RELEASED, ROOT, infer_body, running, wait_for


def _sockets(pid: int) -> set[str]:
    """The remote addresses of a process's internet sockets, as the kernel writes them; a listener's is all zeros."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = str(entry.readlink()) if entry.is_symlink() else ""
        inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                found.add(fields[2])
    return found


def test_a_running_server_writes_no_file_and_asks_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    seen: set[str] = set()
    with running(tmp_path, OUTLAST_AUTH="off", OUTLAST_AUDIT="off", HOME=str(home), TMPDIR=str(home)) as server:
        with server.client() as client:
            for _ in range(20):
                assert client.post(INFER, json=infer_body([[1.0] * 30])).status_code == 200
                seen |= _sockets(server.process.pid)
        wait_for(lambda: _sockets(server.process.pid) == {"00000000:0000"}, "its connections to be closed")
        server.stop()
        assert list(home.rglob("*")) == []
        assert [line for line in server.stderr.read_text().splitlines() if not line.startswith("{")] == []
    assert {address.partition(":")[0] for address in seen} <= {"00000000", "0100007F"}


def test_whoever_imports_a_part_of_the_service_has_it_off_as_well(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from service.bundle.classifier import Classifier; import json, os;"
        f"Classifier.load(Path({str(RELEASED / 'tumour')!r})); print(json.dumps(os.environ['ORT_DISABLE_TELEMETRY']))"
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ORT_DISABLE_TELEMETRY": "0"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert (json.loads(run.stdout), run.stderr, list(tmp_path.iterdir())) == ("1", "", [])
