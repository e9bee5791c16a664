"""Dialling over real sockets: a name server, and sites that behave badly."""

from __future__ import annotations

import datetime
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from failover.dial import Dial, Resolution, StubResolver, authorise
from failover.simulator import MovingRoute53
from service.errors import InvalidInput, Unavailable
from tests.failover.simulator.site import Authority, Site, make_authority

H = "api.outlast.example"
URL = f"https://{H}/health"


@dataclass(frozen=True)
class World:
    """A zone whose public host is a CNAME to a site; both are served at an offset."""

    dial: Dial
    authority: Authority
    certificate: Path
    site_port: int


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    authority = make_authority(tmp_path_factory.mktemp("authority"))
    many = [{"Value": f"192.0.2.{number}"} for number in range(1, 101)]
    with MovingRoute53() as route53:
        client = route53.client()
        zone = client.create_hosted_zone(Name="outlast.example", CallerReference="1")["HostedZone"]["Id"]
        records = [
            {"Name": H, "Type": "CNAME", "TTL": 30, "ResourceRecords": [{"Value": f"aws.{H}"}]},
            {"Name": f"aws.{H}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "127.0.0.21"}]},
            {"Name": f"many.{H}", "Type": "A", "TTL": 60, "ResourceRecords": many},
            {"Name": f"away.{H}", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "lb.example.net"}]},
        ]
        client.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]},  # type: ignore[typeddict-item]
        )
        offset = route53.dns_address[1] - 53
        yield World(
            dial=Dial(nameserver="127.0.0.1", port_offset=offset, ca_file=authority.ca_file),
            authority=authority,
            certificate=authority.issue(H, f"*.{H}"),
            site_port=443 + offset,
        )


PAIR = ("127.0.0.22", "127.0.0.21")  # nothing listens on the first


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    with Site("127.0.0.21", world.site_port, world.certificate) as running:
        yield running


# -- settings --------------------------------------------------------------------------------------------------------


def test_an_empty_environment_means_the_real_world() -> None:
    assert Dial.from_environment({}) == Dial(nameserver=None, port_offset=0, ca_file=None, speed=1)


def test_the_environment_is_read(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    environ = {
        "OUTLAST_NAMESERVER": "127.0.0.1",
        "OUTLAST_PORT_OFFSET": "8000",
        "OUTLAST_CA_FILE": str(ca_file),
        "OUTLAST_SPEED": "10",
    }
    assert Dial.from_environment(environ) == Dial("127.0.0.1", 8000, ca_file, 10)


def test_every_mistake_in_the_environment_is_told_at_once() -> None:
    environ = {
        "OUTLAST_NAMESERVER": "ns.example",
        "OUTLAST_PORT_OFFSET": "-1",
        "OUTLAST_CA_FILE": "/no/such/file",
        "OUTLAST_SPEED": "fast",
    }
    with pytest.raises(InvalidInput) as caught:
        Dial.from_environment(environ)
    assert [mistake.place for mistake in caught.value.mistakes] == [
        "OUTLAST_NAMESERVER",
        "OUTLAST_CA_FILE",
        "OUTLAST_PORT_OFFSET",
        "OUTLAST_SPEED",
    ]


# -- names -----------------------------------------------------------------------------------------------------------


def test_a_name_resolves_along_its_cname(world: World) -> None:
    found = world.dial.resolve(H)
    assert (found.addresses, found.cname_chain, found.origin_host) == (("127.0.0.21",), (f"aws.{H}",), f"aws.{H}")
    assert (found.ttl_seconds, found.rcode, found.authoritative) == (30, "NOERROR", True)
    assert 0 < found.elapsed_seconds < 2


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode"),
    [("none.outlast.example", "A", "NXDOMAIN"), (f"aws.{H}", "AAAA", "NOERROR"), ("other.example", "A", "REFUSED")],
)
def test_a_name_without_addresses_says_why(world: World, name: str, rdtype: str, rcode: str) -> None:
    found = world.dial.resolve(name, rdtype)
    assert (found.addresses, found.rcode) == ((), rcode)


def test_a_long_answer_comes_by_tcp(world: World) -> None:
    assert len(world.dial.resolve(f"many.{H}").addresses) == 100


def test_a_chain_that_ends_elsewhere_keeps_its_cname(world: World) -> None:
    found = world.dial.resolve(f"away.{H}")
    assert (found.addresses, found.cname_chain) == ((), ("lb.example.net",))


@pytest.mark.parametrize("name", ["a" * 64 + ".example", ".".join(["a" * 60] * 5), "a..example"])
def test_what_can_be_no_name_is_not_asked_for(world: World, name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a DNS name") as refused:
        world.dial.resolve(name)
    assert refused.value.hint and "63" in refused.value.hint


def test_a_silent_name_server_is_told_with_a_hint() -> None:
    with pytest.raises(Unavailable, match="OUTLAST_NAMESERVER"):
        Dial(nameserver="127.0.0.1", port_offset=1).resolve(H, timeout_seconds=0.1)


class CountingDial(Dial):
    """Answers from memory and counts how often it was asked."""

    asked = 0

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        CountingDial.asked += 1
        return Resolution(host, rdtype, (f"192.0.2.{CountingDial.asked}",), (), 30, "NOERROR", True, 0.0)


@pytest.fixture
def ticking() -> tuple[list[float], StubResolver]:
    CountingDial.asked = 0
    now = [1000.0]
    return now, StubResolver(CountingDial(), now=lambda: now[0])


def test_an_answer_is_kept_for_its_ttl_and_no_longer(ticking: tuple[list[float], StubResolver]) -> None:
    now, stub = ticking
    first = stub.lookup(H)
    now[0] += 29.9
    assert stub.lookup(f"{H.upper()}.") == first
    now[0] += 0.1
    assert stub.lookup(H).addresses == ("192.0.2.2",)


def test_a_resolver_that_forgets_asks_again(ticking: tuple[list[float], StubResolver]) -> None:
    _, stub = ticking
    stub.lookup(H)
    stub.forget()
    assert stub.lookup(H).addresses == ("192.0.2.2",)


# -- connections -----------------------------------------------------------------------------------------------------


def test_a_request_names_the_host_and_verifies_it(world: World, site: Site) -> None:
    answer = world.dial.get(URL)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert site.names == [H]
    assert f"\r\nHost: {H}\r\n" in site.seen[0].replace("host:", "Host:")


def _may_bind_low_ports() -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.24", 53))
        except PermissionError:
            return False
    return True


@pytest.mark.skipif(not _may_bind_low_ports(), reason="ports below 1024 may not be bound here: then there is an offset")
def test_low_ports_need_no_offset(world: World) -> None:
    """Every other test of this file has an offset."""
    with (
        MovingRoute53(dns_addresses=[("127.0.0.24", 53)]) as route53,
        Site("127.0.0.24", 443, world.certificate) as site,
    ):
        client = route53.client()
        zone = client.create_hosted_zone(Name=H, CallerReference="1")["HostedZone"]["Id"]
        record: Any = {"Name": H, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": site.ip}]}
        batch: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        dial = Dial(nameserver="127.0.0.24", port_offset=0, ca_file=world.authority.ca_file)
        assert dial.get(URL).json() == {"status": "ok"}


def test_a_post_carries_json(world: World, site: Site) -> None:
    assert world.dial.post(f"https://{H}/v2/models/tumour/infer", json={"inputs": []}).status_code == 200
    assert site.seen[0].startswith("POST /v2/models/tumour/infer ")


def test_one_address_can_be_dialled_whatever_the_name_says(world: World) -> None:
    with Site("127.0.0.23", world.site_port, world.certificate, body=b'{"other":1}'):
        assert world.dial.get(URL, address="127.0.0.23").json() == {"other": 1}


@pytest.mark.parametrize(("fresh", "connections"), [(True, 3), (False, 1)])
def test_connections_are_fresh_or_kept(world: World, site: Site, fresh: bool, connections: int) -> None:
    with world.dial.client(fresh=fresh) as http:
        assert [http.get(URL).status_code for _ in range(3)] == [200, 200, 200]
    assert len(site.names) == connections


def test_a_kept_connection_never_looks_up_again(world: World, site: Site) -> None:
    lookups: list[str] = []

    def lookup(host: str) -> Resolution:
        lookups.append(host)
        return world.dial.resolve(host)

    with world.dial.client(lookup=lookup, fresh=False) as http:
        for _ in range(3):
            http.get(URL)
    assert lookups == [H]


def test_the_next_address_is_tried_when_one_refuses(world: World, site: Site) -> None:
    def lookup(host: str) -> Resolution:
        return replace(world.dial.resolve(host), addresses=PAIR)

    with world.dial.client(lookup=lookup) as http:
        assert http.get(URL).status_code == 200


@pytest.mark.parametrize(
    ("names", "days", "told"),
    [(("wrong.example",), 30, "Hostname mismatch"), ((H,), -1, "certificate has expired")],
)
def test_a_bad_certificate_is_refused(world: World, names: tuple[str, ...], days: int, told: str) -> None:
    bad = world.authority.issue(*names, days=days)
    with Site("127.0.0.21", world.site_port, bad):
        with pytest.raises(httpx.ConnectError, match=told):
            world.dial.get(URL)
        with pytest.raises(Unavailable, match=told):
            world.dial.certificate(H)


def test_an_unknown_authority_is_refused(world: World, site: Site) -> None:
    with pytest.raises(httpx.ConnectError, match=r"unable to get local issuer certificate|self-signed"):
        replace(world.dial, ca_file=None).get(URL)


def test_a_certificate_tells_its_end_and_its_names(world: World, site: Site) -> None:
    found = world.dial.certificate(H)
    assert found.names == (H, f"*.{H}")
    assert (
        datetime.timedelta(days=29)
        < found.not_after - datetime.datetime.now(datetime.UTC)
        < datetime.timedelta(days=31)
    )


def _drip(site: Site) -> None:
    site.drip = True


def _sleep(site: Site) -> None:
    site.delay_seconds = 2.0


def _reset(site: Site) -> None:
    site.reset = True


@pytest.mark.parametrize(
    ("misbehave", "kinds"),
    [
        (_drip, (httpx.ReadTimeout,)),
        (_sleep, (httpx.ReadTimeout,)),
        (_reset, (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)),
    ],
)
def test_a_deadline_is_for_the_whole_request(
    world: World, site: Site, misbehave: Callable[[Site], None], kinds: tuple[type[Exception], ...]
) -> None:
    misbehave(site)
    began = time.monotonic()
    with pytest.raises(kinds):
        world.dial.get(URL, deadline_seconds=0.3)
    assert time.monotonic() - began < 1.5  # and not the 2 s of the site, on a busy machine either


def test_a_name_without_an_address_cannot_be_dialled(world: World) -> None:
    with pytest.raises(httpx.ConnectError, match="has no address"):
        world.dial.get("https://none.outlast.example/")


def test_a_port_where_nothing_listens_is_told_with_its_offset(world: World) -> None:
    with pytest.raises(httpx.ConnectError, match=f"127.0.0.21 port {world.site_port}"):
        world.dial.get(URL)


def test_an_unreadable_authority_file_is_told(tmp_path: Path) -> None:
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("not a certificate")
    with pytest.raises(Unavailable, match="OUTLAST_CA_FILE"):
        Dial(ca_file=nonsense).ssl_context  # noqa: B018  # reading it is the test


@pytest.mark.parametrize(("speed", "seconds"), [(1, 5.0), (2, 2.5), (10, 1.0), (1000, 1.0)])
def test_a_request_has_five_seconds_of_the_clock_and_one_real_one_at_least(speed: int, seconds: float) -> None:
    assert Dial(speed=speed).deadline_seconds == seconds


def test_a_key_goes_into_a_header_and_none_into_none() -> None:
    assert authorise("a-key") == {"authorization": "Bearer a-key"}
    assert authorise("") == {}
