"""DNS, asked before anything is made: who answers for the domain, and who may issue certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import dns.message
import dns.name
import dns.rrset
import pytest

from failover.dial import Dial
from failover.resolution import Resolution
from failover.simulator.store import Store
from outlast.doctor.checks import FINE, UNKNOWN, WRONG
from outlast.doctor.names import look_at_caa, look_at_delegation, read_delegation, read_servers
from service.errors import Unavailable

HOST = "api.example.org"


@dataclass(frozen=True)
class Answering(Dial):
    """A name server whose answers a test writes."""

    records: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        return Resolution(host, rdtype, self.records.get((host, rdtype), ()), (), 60, "NOERROR", True, 0.0)


@pytest.fixture(scope="module")
def zone() -> tuple[Any, tuple[str, ...]]:
    client = Store().client
    made = client.create_hosted_zone(Name="example.org", CallerReference="one")
    return client, tuple(made["DelegationSet"]["NameServers"])


def answering(**records: tuple[str, ...]) -> Answering:
    return Answering(nameserver="192.0.2.53", records={("example.org", kind): held for kind, held in records.items()})


def test_a_delegated_domain(zone: tuple[Any, tuple[str, ...]]) -> None:
    client, servers = zone
    found = look_at_delegation(client, answering(NS=tuple(f"{one.upper()}." for one in servers)), "example.org")
    assert found.state == FINE


@pytest.mark.parametrize("named", [(), ("ns1.somebody.example.",)])
def test_a_domain_that_is_not(zone: tuple[Any, tuple[str, ...]], named: tuple[str, ...]) -> None:
    client, servers = zone
    found = look_at_delegation(client, answering(NS=named), "example.org")
    assert found.state == WRONG
    assert all(server in found.hint for server in servers)


def test_a_zone_that_is_not_there_yet() -> None:
    client = Store().client
    assert look_at_delegation(client, answering(), "example.org").state == UNKNOWN


def test_a_referral_has_its_servers_in_the_authority_section() -> None:
    name = dns.name.from_text("example.org")
    answer = dns.message.make_response(dns.message.make_query(name, "NS"))
    answer.authority.append(dns.rrset.from_text(name, 60, "IN", "NS", "ns1.example.net.", "ns2.example.net."))
    answer.authority.append(dns.rrset.from_text("org.", 60, "IN", "NS", "a0.org.afilias-nst.info."))
    assert sorted(read_servers(answer, name)) == ["ns1.example.net.", "ns2.example.net."]


def test_a_parent_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import dns.resolver

    def silent(*_: Any, **__: Any) -> Any:
        raise dns.resolver.NoNameservers

    monkeypatch.setattr("dns.resolver.zone_for_name", silent)
    with pytest.raises(Unavailable, match=r"the parent of example\.org does not answer"):
        read_delegation(Dial(), "example.org")


@pytest.mark.parametrize(
    ("records", "state", "said"),
    [
        ((), FINE, "no CAA record"),
        (('0 iodef "mailto:a@example.org"',), FINE, "no CAA record"),
        (('0 issue "amazon.com"', '0 issue "pki.goog; cansignhttpexchanges=yes"'), FINE, "allow amazon.com, pki.goog"),
        (('0 issue "letsencrypt.org"',), WRONG, "not the authority of aws, gcp"),
        (('0 issue ";"',), WRONG, "allow nobody"),
    ],
)
def test_who_may_issue(records: tuple[str, ...], state: str, said: str) -> None:
    found = look_at_caa(answering(CAA=records), HOST, ["aws", "azure", "gcp"])
    assert (found.state, said in found.what) == (state, True), found
    assert state == FINE or 'example.org CAA 0 issue "amazon' in found.hint
