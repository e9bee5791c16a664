"""Unmodified programs against the whole sandbox: what a person would type first."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import HOST, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]


def run(program: str, *arguments: str, **environment: str) -> str:
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [found, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def seen(project: Project) -> dict[str, Any]:
    """What `make status` shows a person."""
    return project.status()


def port_of(seen: dict[str, Any]) -> int:
    """443, or 443 and the offset where low ports may not be bound."""
    (port,) = {entry["port"] for entry in seen["entry_points"] if entry["names"]}
    return int(port)


def test_curl_reaches_the_endpoint_by_its_name(seen: dict[str, Any]) -> None:
    url = f"https://{HOST}:{port_of(seen)}/health"
    said = run("curl", "-sS", "--max-time", "10", "--doh-url", seen["doh"], "--cacert", seen["ca"], url)
    assert json.loads(said)["status"] == "ok"


def test_openssl_verifies_every_sites_certificate_for_the_name(seen: dict[str, Any]) -> None:
    entries = [entry for entry in seen["entry_points"] if entry["names"]]
    assert {entry["stack"] for entry in entries} == {"aws", "azure", "gcp"}
    for entry in entries:
        where = ("-connect", f"{entry['address']}:{entry['port']}", "-servername", HOST, "-CAfile", seen["ca"])
        said = run("openssl", "s_client", *where, "-verify_hostname", HOST, "-verify_return_error", "-brief")
        assert "Verification: OK" in said, entry


def test_dig_gets_a_site_from_the_address_that_is_shown(seen: dict[str, Any]) -> None:
    ip, _, port = seen["dns"].rpartition(":")
    cname, address = run("dig", f"@{ip}", "-p", port, HOST, "A", "+short").split()
    assert cname.endswith(f".{HOST}.")
    assert address in {entry["address"] for entry in seen["entry_points"]}


def test_the_aws_cli_lists_the_records_that_pulumi_made(project: Project) -> None:
    shell = {name: value for name, value in project.inside().items() if name.startswith("AWS_")}
    environment = shell | {"AWS_PAGER": ""}
    zone = json.loads(run("aws", "route53", "list-hosted-zones", **environment))["HostedZones"][0]["Id"]
    command = ("aws", "route53", "list-resource-record-sets", "--hosted-zone-id", zone)
    query = f"ResourceRecordSets[?Name=='{HOST}.'].[SetIdentifier,Weight]"
    listed = json.loads(run(*command, "--query", query, **environment))
    assert sorted(listed) == [["aws", 50], ["azure", 30], ["gcp", 20]]
