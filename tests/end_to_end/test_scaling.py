"""Load on one site of the shared sandbox: real instances come, and `make status` tells of them.

They go again after fifteen simulated minutes, for which nothing waits here: tests/sandbox/replicas/test_scaling.py
moves the clock, and test_supervisor.py beside it sees processes end. No test that counts instances runs after this.
"""

from __future__ import annotations

import re
import socket
import ssl
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
    front = next(f for f in status["fronts"] if f["stack"] == site and f["names"])
    context = ssl.create_default_context(cafile=status["ca"])
    for _ in range(AT_ONCE):
        plain = stack.enter_context(socket.create_connection((front["address"], front["port"]), timeout=10))
        connection = stack.enter_context(context.wrap_socket(plain, server_hostname=HOST))
        connection.sendall(b"GET /health HTTP/1.1\r\n")


def test_a_site_scales_out_under_load(project: Project) -> None:
    assert ready(project, "gcp") == 2
    with ExitStack() as stack:
        hold_requests(project, "gcp", stack)
        project.wait_until(lambda: ready(project, "gcp") > 2, "a third instance", 40)
        shown = project.run("-m", "sandbox", "status").stdout
        assert re.search(r"^gcp .* [34] of 2\.\.4 ready", shown, re.MULTILINE), shown
        assert re.search(r"^azure .* 2 of 2\.\.4 ready", shown, re.MULTILINE), "the others have nothing to do with it"
