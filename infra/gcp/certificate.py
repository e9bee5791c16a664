"""The certificates of a site on Google Cloud: one for the public host, and one for each geography, by standing CNAMEs.

Each name has a certificate of its own: the names of one cannot change, so that a further geography would take the
public host's away while the next one is issued.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.applied import apply
from infra.contract import SiteSpec
from infra.dns import ZoneWriter
from infra.site import group_hosts

Certificates = tuple[gcp.certificatemanager.CertificateMap, list[gcp.certificatemanager.CertificateMapEntry]]
"""The map that a proxy names, and the entries without which the map is empty."""


def build_certificates(name: str, spec: SiteSpec, zone: ZoneWriter, ready: pulumi.ResourceOptions) -> Certificates:
    """Google issues each some minutes after its record answers; until then it has no TLS for that name."""
    hosts = {"": spec.host, **{f"-{geography}": host for geography, host in group_hosts(spec).items()}}
    issued = {suffix: _issue(f"{name}{suffix}", suffix, host, zone, ready) for suffix, host in hosts.items()}
    entries = gcp.certificatemanager.CertificateMap("certificates", name=name, opts=ready)
    return entries, [
        gcp.certificatemanager.CertificateMapEntry(
            f"certificate{suffix}",
            name=f"{name}{suffix}",
            map=entries.name,
            certificates=[issued[suffix].id],
            hostname=host,
        )
        for suffix, host in hosts.items()
    ]


def _issue(
    name: str, suffix: str, host: pulumi.Input[str], zone: ZoneWriter, ready: pulumi.ResourceOptions
) -> gcp.certificatemanager.Certificate:
    proof = gcp.certificatemanager.DnsAuthorization(
        f"certificate{suffix}",
        name=name,
        domain=host,
        location="global",
        # The other type puts a CNAME at _acme-challenge.<host>, where the job that gets Azure's certificate writes.
        type="PER_PROJECT_RECORD",
        opts=ready,
    )
    record = proof.dns_resource_records[0]
    proven = zone.proof(
        f"certificate{suffix}", apply(record.name, _without_dot), record.type, apply(record.data, _without_dot)
    )
    return gcp.certificatemanager.Certificate(
        f"certificate{suffix}",
        name=name,
        location="global",
        managed=gcp.certificatemanager.CertificateManagedArgs(domains=[host], dns_authorizations=[proof.id]),
        # Google looks at once, and then ever more seldom: a record that comes later costs up to hours.
        opts=pulumi.ResourceOptions(depends_on=[proven]),
    )


def _without_dot(name: str) -> str:
    """Google writes names with the root's dot, Route 53 gives them back without: the same name is no change."""
    return name.removesuffix(".")
