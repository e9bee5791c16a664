"""Programs that know nothing of this project, unmodified: dig, curl, openssl and the AWS CLI.

boto3 and dnspython are in the tests of the API and of the name server.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from failover.simulator import MovingRoute53
from failover.simulator.resolver import Resolving
from tests.failover.simulator.site import Authority, Site

H = "api.outlast.example"
ZONE = "outlast.example"
BODY = b'{"status":"ok"}'


@dataclass(frozen=True)
class World:
    """One site behind a CNAME, its Route 53, and a resolver in front of that which speaks HTTPS."""

    route53: MovingRoute53
    resolving: Resolving
    site: Site
    ca_file: Path

    def run(self, program: str, *arguments: str, check: bool = True) -> str:
        """What a program says, both streams; it is looked for beside Python first, then on the PATH."""
        found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed")
        environment = {**os.environ, "AWS_ENDPOINT_URL_ROUTE_53": self.route53.endpoint_url, "AWS_PAGER": ""}
        done = subprocess.run(
            [found, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
        said = done.stdout + done.stderr
        assert not check or done.returncode == 0, said
        return said


@pytest.fixture(scope="module")
def world(authority: Authority) -> Iterator[World]:
    pair = authority.issue("127.0.0.1")
    with (
        MovingRoute53(speed=1) as route53,
        Site("127.0.0.43", certificate=authority.issue(H, f"*.{H}"), body=BODY) as site,
    ):
        client = route53.client()
        zone = client.create_hosted_zone(Name=ZONE, CallerReference="clients")["HostedZone"]["Id"]
        records = (("CNAME", H, f"aws.{H}"), ("A", f"aws.{H}", site.ip))
        changes = [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 5, "ResourceRecords": [{"Value": value}]},
            }
            for kind, name, value in records
        ]
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})  # type: ignore[typeddict-item]
        resolving = Resolving(route53.respond, route53.clock, certificate=(pair, pair)).start()
        yield World(route53, resolving, site, authority.ca_file)
        resolving.stop()


def test_curl_reaches_the_endpoint_by_its_name_over_https_all_the_way(world: World) -> None:
    """No /etc/hosts, no --resolve: curl asks the DoH server, verifies both certificates, and gets the answer."""
    url = f"https://{H}:{world.site.port}/health"
    trust = ("--doh-url", world.resolving.doh_url, "--cacert", str(world.ca_file))
    assert world.run("curl", "-sS", "--max-time", "10", *trust, url) == BODY.decode()
    untrusting = world.run("curl", "-sS", "--max-time", "10", *trust[:2], url, check=False)
    assert "resolve host" in untrusting  # without the authority it does not even believe the resolver


def test_openssl_verifies_the_certificate_for_the_name(world: World) -> None:
    where = ("-connect", f"{world.site.ip}:{world.site.port}", "-servername", H, "-CAfile", str(world.ca_file))
    check = ("-verify_return_error", "-brief", "-verify_hostname")
    assert "Verification: OK" in world.run("openssl", "s_client", *where, *check, H)
    assert "hostname mismatch" in world.run("openssl", "s_client", *where, *check, "other.example", check=False)


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize(("server", "ttl"), [("authoritative", 5), ("resolver", 30)])
def test_dig_follows_the_chain_and_sees_the_floor_under_ttls(
    world: World, transport: str, server: str, ttl: int
) -> None:
    ip, port = world.route53.dns_address if server == "authoritative" else world.resolving.dns_address
    said = world.run("dig", f"@{ip}", "-p", str(port), H, "A", transport, "+noall", "+answer", "+comments")
    lines = [line.split() for line in said.splitlines() if line and not line.startswith(";")]
    assert [(line[0], line[3], line[4]) for line in lines] == [
        (f"{H}.", "CNAME", f"aws.{H}."),
        (f"aws.{H}.", "A", world.site.ip),
    ]
    assert all(ttl - 5 <= int(line[1]) <= ttl for line in lines)
    assert (" aa" in said) == (server == "authoritative") and (" ra" in said) == (server == "resolver")


def test_dig_is_refused_a_transfer_and_another_zone(world: World) -> None:
    ip, port = world.route53.dns_address
    at = ("dig", f"@{ip}", "-p", str(port))
    assert "Transfer failed" in world.run(*at, "AXFR", ZONE)
    assert "status: REFUSED" in world.run(*at, "www.example.org")
    assert "status: NXDOMAIN" in world.run(*at, f"none.{ZONE}")
    assert "ANSWER: 0" in world.run(*at, "-t", "TYPE65280", H.replace("api", "aws.api"))


def test_the_aws_cli_changes_a_record_waits_and_sees_the_answer(world: World) -> None:
    zone = world.route53.client().list_hosted_zones()["HostedZones"][0]["Id"]
    record = {"Name": f"cli.{ZONE}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.9"}]}
    batch = json.dumps({"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
    command = ("aws", "route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", batch)
    assert json.loads(world.run(*command))["ChangeInfo"]["Status"] == "PENDING"
    again = world.run(*command, check=False)
    assert "(InvalidChangeBatch)" in again and "but it already exists" in again
    assert world.route53.ask(f"cli.{ZONE}").records[0].values == ("192.0.2.9",)
