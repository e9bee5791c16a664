"""The pytest plugin in a test project that is not this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROJECT = """
import http.server
import sys
import threading

import boto3
import dns.message
import dns.query
import pytest


class Site(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_record_is_answered(moving_route53):
    client = boto3.client("route53")
    zone = client.create_hosted_zone(Name="shop.example", CallerReference="1")["HostedZone"]["Id"]
    record = {"Name": "www.shop.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    ip, port = moving_route53.dns_address
    response = dns.query.udp(dns.message.make_query("www.shop.example", "A"), ip, port=port, timeout=2)
    assert response.answer[0][0].address == "192.0.2.1"
    assert response.answer[0].ttl == 4


def test_a_site_that_fails_leaves_the_answers(moving_route53, port):
    client = boto3.client("route53")
    zone = client.create_hosted_zone(Name="shop.example", CallerReference="1")["HostedZone"]["Id"]
    config = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": port, "RequestInterval": 10, "FailureThreshold": 1}
    check = client.create_health_check(CallerReference="1", HealthCheckConfig=config)["HealthCheck"]["Id"]
    for name, weight, more in (("one", 100, {"HealthCheckId": check}), ("two", 0, {})):
        record = {"Name": "www.shop.example", "Type": "A", "TTL": 60, "SetIdentifier": name, "Weight": weight, **more}
        record["ResourceRecords"] = [{"Value": "192.0.2.1" if name == "one" else "192.0.2.2"}]
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    def answered():
        asked = {"HostedZoneId": zone, "RecordName": "www.shop.example", "RecordType": "A"}
        return client.test_dns_answer(**asked)["RecordData"]

    moving_route53.wait_until(lambda: len(moving_route53.status(check).observations) == 8, timeout_seconds=100)
    assert answered() == ["192.0.2.1"]
    Site.status = 503
    moving_route53.wait_until(lambda: not moving_route53.status(check).healthy, timeout_seconds=100)
    assert answered() == ["192.0.2.2"]
    seen = client.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
    assert any("HTTP Status Code 503" in one["StatusReport"]["Status"] for one in seen)


def test_it_brings_nothing_of_the_rest_of_the_project():
    assert not {"pulumi", "infra", "sandbox", "failover.drill"} & set(sys.modules)
    assert {name for name in sys.modules if name.split(".")[0] == "service"} <= {"service", "service.errors"}


def test_each_test_begins_empty(moving_route53):
    assert boto3.client("route53").list_hosted_zones()["HostedZones"] == []
    assert moving_route53.clock.speed == 15
"""


@pytest.mark.slow
def test_it_works_in_a_project_outside(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(PROJECT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    plugin = ["-p", "failover.testing.plugin", "--route53-speed", "15"]
    done = subprocess.run(
        [*command, *plugin], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
