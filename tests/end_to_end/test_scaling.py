"""Load on one site of the shared sandbox while another one is lost: real instances come, and the drill shows them.

They go again after fifteen simulated minutes, for which nothing waits here: tests/sandbox/replicas/test_scaling.py
moves the clock, and test_supervisor.py beside it sees processes end. No test that counts instances runs after this.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.end_to_end.conftest import HOST, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
AT_ONCE = 60  # requests; 60 % of forty is what one instance of Cloud Run is kept to, and two run


def ready(project: Project, site: str) -> int:
    replicas = [r for w in project.status()["workloads"] if w["stack"] == site for r in w["replicas"]]
    return sum(r["ready"] for r in replicas)


def hold_requests(project: Project, site: str, stack: ExitStack) -> None:
    """Begin requests at the site's load balancer, none of which ends before `stack` does."""
    status = project.status()
    entry = next(f for f in status["entry_points"] if f["stack"] == site and f["names"])
    context = ssl.create_default_context(cafile=status["ca"])
    for _ in range(AT_ONCE):
        plain = stack.enter_context(socket.create_connection((entry["address"], entry["port"]), timeout=10))
        connection = stack.enter_context(context.wrap_socket(plain, server_hostname=HOST))
        connection.sendall(b"GET /health HTTP/1.1\r\n")


@pytest.fixture
def drill(project: Project) -> Iterator[subprocess.Popen[str]]:
    """A drill of another site, which holds it out for long enough that instances can start meanwhile."""
    how = ("--lose", "azure", "--clients", "1", "--wait-for", "browser", "--json")
    command = [project.python, "-m", "failover", "drill", "now", *how]
    running = subprocess.Popen(
        command, cwd=project.root, env=project.inside(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    yield running
    running.terminate()  # one that is over does not mind; any other undoes its changes
    running.communicate()


def has_failed_the_site(project: Project) -> bool:
    """Whether the drill that runs has changed something."""
    return any('"kind":"changed"' in path.read_text() for path in (project.root / "drills").glob("*/journal.jsonl"))


def test_a_site_scales_out_under_load_and_a_drill_shows_it(project: Project, drill: subprocess.Popen[str]) -> None:
    assert ready(project, "gcp") == 2
    project.wait_until(lambda: has_failed_the_site(project) or drill.poll() is not None, "the drill's change", 40)
    with ExitStack() as stack:
        hold_requests(project, "gcp", stack)
        project.wait_until(lambda: ready(project, "gcp") > 2, "a third instance", 40)
        shown = project.run("-m", "sandbox", "status").stdout
        assert re.search(r"^gcp .* [34] of 2\.\.4 ready", shown, re.MULTILINE), shown
        assert re.search(r"^aws .* 2 of 2\.\.4 ready", shown, re.MULTILINE), "the others have nothing to do with it"
        told, _ = drill.communicate(timeout=60)
    scaled = {each["site"]: each for each in json.loads(told)["scaled"]}
    assert scaled.keys() == {"aws", "gcp"}
    assert scaled["aws"]["before"] == scaled["aws"]["most"] == {"ready": 2, "wanted": 2}
    assert scaled["gcp"]["before"]["ready"] == 2 < scaled["gcp"]["most"]["ready"]
    assert scaled["gcp"]["more_after"] > 0
