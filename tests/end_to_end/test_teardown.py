"""The whole product goes again: no process, no port and no file of a resource stays.

Before the other tests have used the sandbox (tests/end_to_end/conftest.py); it is up again for them afterwards.
"""

from __future__ import annotations

import json
import shutil
import socket
from concurrent import futures
from pathlib import Path

import psutil
import pytest

from sandbox.journal import Journal
from tests.end_to_end.conftest import Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
SITES = ("aws", "azure", "gcp")


def test_destroy_leaves_no_process_no_port_and_no_file(project: Project) -> None:
    """In the order in which stacks lean on each other."""
    status = project.status()
    entries = [(f["address"], f["port"]) for f in status["entry_points"]]
    pids = [r["pid"] for w in status["workloads"] for r in w["replicas"]]
    assert len(entries) >= 3 and len(pids) >= 6
    for group in ("traffic",), SITES, ("zone",):
        with futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda s: project.pulumi("destroy", "-s", s, "--yes", "--skip-preview"), group))
    status = project.status()
    assert (status["workloads"], status["entry_points"], status["resources"]) == ([], [], 0)
    project.wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), "the replicas ending")
    for address in entries:
        with pytest.raises(ConnectionRefusedError), socket.create_connection(address, timeout=5):
            pass
    project.wait_until(lambda: _files_of_resources(project) == set(), "the files of resources going")
    project.up()


def _files_of_resources(project: Project) -> set[str]:
    """What is left in the sandbox's folder that belongs to a resource, and to nothing that outlives it."""
    layout = project.layout
    # The sandbox's own, made before any resource.
    lasting = {"ca", "resolver", "registries", "stores", "vault-outlast-sandbox-api-outlast-example"}
    left = {f"certificates/{file.name}" for file in layout.certificates.iterdir() if file.stem not in lasting}
    left |= {f"images/{folder.name}" for folder in layout.images.iterdir()}
    copy = Path(shutil.copy(layout.journal, project.root / ".sandbox" / "copy-of-journal.jsonl"))
    left |= {f"journal: {key}" for key in Journal(copy)}
    route53 = json.loads(layout.route53.read_text())
    return left | {f"route53.json: {one['Id']}" for one in route53["zones"] + route53["health_checks"]}
