"""The pytest plugin in a test project that is not this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROJECT = """
import boto3
import dns.message
import dns.query


def test_a_record_is_answered(moving_route53):
    client = boto3.client("route53")
    zone = client.create_hosted_zone(Name="shop.example", CallerReference="1")["HostedZone"]["Id"]
    record = {"Name": "www.shop.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    ip, port = moving_route53.dns_address
    response = dns.query.udp(dns.message.make_query("www.shop.example", "A"), ip, port=port, timeout=2)
    assert response.answer[0][0].address == "192.0.2.1"
    assert response.answer[0].ttl == 12


def test_each_test_begins_empty(moving_route53):
    assert boto3.client("route53").list_hosted_zones()["HostedZones"] == []
    assert moving_route53.clock.speed == 5
"""


def test_it_works_in_a_project_outside(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(PROJECT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    plugin = ["-p", "failover.testing.plugin", "--route53-speed", "5"]
    done = subprocess.run(
        [*command, *plugin], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
