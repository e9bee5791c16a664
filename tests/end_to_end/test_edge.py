"""How often one address may ask, on the whole sandbox: every site refuses one address, not the next, and no checker."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from sandbox.command.status import render
from tests.end_to_end.conftest import HOST, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
SITES = ("aws", "azure", "gcp")
GREEDY, OTHER = "127.0.0.77", "127.0.0.78"
HSTS = b"strict-transport-security: max-age=31536000; includeSubDomains"


@pytest.fixture(scope="module")
def limited(project: Project) -> Iterator[Project]:
    """The sandbox with the least limit, ten requests a minute, at every site, and Google's access log; as it was
    afterwards."""
    paths = [project.root / "stacks" / f"Pulumi.{site}.yaml" for site in SITES]
    before = {path: path.read_text() for path in paths}
    for path, text in before.items():
        document = yaml.safe_load(text)
        document["config"]["outlast:requestsPerMinutePerAddress"] = 10
        if path.stem.endswith("gcp"):
            document["config"]["outlast:accessLogs"] = True
        path.write_text(yaml.safe_dump(document))
    try:
        project.up()
        yield project
    finally:
        for path, text in before.items():
            path.write_text(text)
        project.up()


@dataclass(frozen=True)
class Entry:
    """Where a site is asked, from any address of this machine."""

    address: tuple[str, int]
    context: ssl.SSLContext

    @classmethod
    def of(cls, project: Project, site: str) -> Entry:
        status = project.status()
        (entry,) = [f for f in status["entry_points"] if f["stack"] == site and f["names"]]
        return cls((entry["address"], entry["port"]), ssl.create_default_context(cafile=status["ca"]))

    def ask(self, source: str, path: str = "/v2") -> bytes:
        """The head of the answer."""
        with (
            socket.create_connection(self.address, 5, source_address=(source, 0)) as raw,
            self.context.wrap_socket(raw, server_hostname=HOST) as connection,
        ):
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n".encode())
            answer = b""
            while data := connection.recv(65536):
                answer += data
        return answer.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(("site", "rule"), [("aws", "AWS WAF"), ("azure", ""), ("gcp", "Cloud Armor")])
def test_each_site_refuses_an_address_that_asks_too_often_and_no_other(limited: Project, site: str, rule: str) -> None:
    entry = Entry.of(limited, site)
    until, head = time.monotonic() + 60, b""
    while b" 429 " not in head and time.monotonic() < until:
        head = entry.ask(GREEDY)
    assert b" 429 " in head, head
    shown = render(limited.status())
    assert entry.ask(OTHER).startswith(b"HTTP/1.1 200")
    assert entry.ask(GREEDY, "/health").startswith(b"HTTP/1.1 200"), "checkers are never refused"
    if rule:  # of the load balancer; Azure's replicas count by themselves
        assert f"limited: {GREEDY} at {site}: over 10 requests in 60 s ({rule}): 429" in shown
    if site != "gcp":  # whose load balancer's own answers cannot have the header
        assert HSTS in head, head
    assert all(check["healthy"] for check in limited.status()["health_checks"])


def test_what_was_refused_stands_in_the_access_log_and_what_is_not_switched_on_is_told(limited: Project) -> None:
    environment = limited.inside() | {"PYTHONPATH": str(limited.root)}

    def read(*options: str) -> subprocess.CompletedProcess[str]:
        command = (limited.python, "-m", "outlast", "logs", "--json", "--source", *options)
        return limited.run_in(environment, *command, check=False)

    lines, refused = list[Any](), list[Any]()
    until = time.monotonic() + 30
    while not refused and time.monotonic() < until:  # Cloud Logging takes a moment
        lines = [json.loads(text) for text in read("access", "--site", "gcp").stdout.splitlines()]
        refused = [line["line"] for line in lines if line["line"].get("status") == 429]
    assert {(one["client"], one["path"], one["log"]) for one in refused} >= {(GREEDY, "/v2", "load-balancer")}
    assert all(one["why"].startswith("denied_by_security_policy ") for one in refused), refused
    assert {line["line"]["log"] for line in lines} == {"load-balancer", "service"}
    aws = read("access", "--site", "aws")
    assert aws.returncode == 4 and "the load balancer of aws writes no access log" in aws.stderr
