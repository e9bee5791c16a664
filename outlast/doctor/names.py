"""What `outlast doctor` asks DNS: who the parent says answers for the domain, which authorities may issue (CAA)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.resolver

from failover.dial import Dial
from failover.drill.discover import find_zone
from failover.drill.route53 import translate_errors
from outlast.doctor.checks import Finding, fine, unknown, wrong
from service.errors import InvalidInput, Unavailable

# docs.aws.amazon.com/acm/latest/userguide/setup-caa.html; cloud.google.com/certificate-manager/docs/dns-authorizations
ISSUERS = {
    "aws": ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"),
    "gcp": ("pki.goog",),
}
_SECONDS = 5.0


def look_at_delegation(route53: Any, dial: Dial, domain: str) -> Finding:
    """Whether resolvers find the zone: what its parent names, against the servers that Route 53 gave it."""
    try:
        with translate_errors(f"read the zone of {domain}"):
            zone = route53.get_hosted_zone(Id=find_zone(route53, domain))
    except InvalidInput as error:
        return unknown(error.what, "bring up the stack of the zone; its output `name_servers` is what to delegate to")
    wanted = {_plain(server) for server in zone["DelegationSet"]["NameServers"]}
    named = {_plain(server) for server in read_delegation(dial, domain)}
    write = f"write at the registrar, or in the parent's zone: NS {' '.join(sorted(wanted))}"
    if not named:
        return wrong(f"the parent of {domain} names no servers for it", write)
    if named != wanted:
        return wrong(f"the parent of {domain} names {', '.join(sorted(named))}, which are not the zone's", write)
    return fine(f"{domain} is delegated to {', '.join(sorted(wanted))}")


def _plain(server: str) -> str:
    return server.rstrip(".").lower()


def read_delegation(dial: Dial, domain: str) -> Sequence[str]:
    """The servers that a domain's parent names; of the name server that is asked instead, what that one says."""
    if dial.nameserver:
        return dial.resolve(domain, "NS", timeout_seconds=_SECONDS).addresses
    name = dns.name.from_text(domain)
    try:
        parent = dns.resolver.zone_for_name(name.parent(), lifetime=_SECONDS)
        server = dns.resolver.resolve(parent, "NS", lifetime=_SECONDS)[0].target
        address = str(dns.resolver.resolve(server, "A", lifetime=_SECONDS)[0])
        query = dns.message.make_query(name, "NS", use_edns=0)
        query.flags &= ~dns.flags.RD
        answer, _ = dns.query.udp_with_fallback(query, address, timeout=_SECONDS)
    except (dns.exception.DNSException, OSError) as error:
        raise Unavailable(f"the parent of {domain} does not answer: {error}", hint=f"dig +trace NS {domain}") from error
    return read_servers(answer, name)


def read_servers(answer: dns.message.Message, name: dns.name.Name) -> list[str]:
    """The servers in an answer about a name: a referral has them in its authority section."""
    sets = [*answer.answer, *answer.authority]
    return [rr.target.to_text() for one in sets if one.name == name and one.rdtype == dns.rdatatype.NS for rr in one]


def look_at_caa(dial: Dial, host: str, clouds: Sequence[str]) -> Finding:
    """Whether the authorities from which the sites get their certificates may issue for the host (RFC 8659)."""
    where, issuers = read_issuers(dial, host)
    if not issuers:
        return fine("no CAA record: every authority may issue")
    barred = [cloud for cloud in clouds if cloud in ISSUERS and not issuers.intersection(ISSUERS[cloud])]
    told = f"the CAA records of {where} allow {', '.join(sorted(issuers))}"
    if not barred:
        return fine(told + (", Azure's certificate has to be of one of them" if "azure" in clouds else ""))
    records = "; ".join(f'{where} CAA 0 issue "{ISSUERS[cloud][0]}"' for cloud in barred)
    return wrong(f"{told}, and not the authority of {', '.join(barred)}", f"add {records}")


def read_issuers(dial: Dial, host: str) -> tuple[str, set[str]]:
    """The name whose CAA records count, the host's or the next above that has any, and who may issue by them."""
    name = host
    while "." in name:
        records = dial.resolve(name, "CAA", timeout_seconds=_SECONDS).addresses
        fields = [record.split(None, 2) for record in records]
        issue = {value.strip('"').partition(";")[0].strip() for _, tag, value in fields if tag == "issue"}
        if records:
            return name, issue - {""} or ({"nobody"} if issue else set())
        name = name.partition(".")[2]
    return "", set()
