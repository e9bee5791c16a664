"""The names that a site on Azure answers for: each proven to the subscription, and bound to the app and a certificate.

The one certificate of the vault is for all of them (`outlast certificate renew` sees to it).
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from pulumi_azure_native import app

from infra.applied import apply
from infra.contract import SiteSpec
from infra.dns import ZoneWriter
from infra.site import group_hosts


def claim_hosts(zone: ZoneWriter, spec: SiteSpec) -> list[aws.route53.Record]:
    """A TXT record for each name, without which the app is refused it."""
    # The subscription's, so it is known before anything of the app exists.
    value = apply(app.get_custom_domain_verification_id_output(), _verification_id)
    hosts = {"ownership": spec.host, **{f"ownership-{name}": host for name, host in group_hosts(spec).items()}}
    return [
        zone.claim(name, pulumi.Output.concat("asuid.", host), "TXT", value, spec.name) for name, host in hosts.items()
    ]


def bind_hosts(spec: SiteSpec, certificate: app.Certificate) -> list[app.CustomDomainArgs]:
    """Each name as a custom domain of the app."""
    return [
        app.CustomDomainArgs(name=host, binding_type=app.BindingType.SNI_ENABLED, certificate_id=certificate.id)
        for host in (spec.host, *group_hosts(spec).values())
    ]


def _verification_id(found: app.GetCustomDomainVerificationIdResult) -> str:
    return found.value or ""
