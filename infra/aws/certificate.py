"""The certificate of a site on AWS: for the public host, the site's own name and its geographies, proven by records."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.contract import SiteSpec
from infra.dns import ZoneWriter
from infra.site import group_hosts


def build_certificate(zone: ZoneWriter, spec: SiteSpec, origin: pulumi.Output[str]) -> aws.acm.CertificateValidation:
    """Issued once every name's record answers. Other names make another certificate, which takes the place of this."""
    names = [origin, *group_hosts(spec).values()]
    certificate = aws.acm.Certificate(
        "certificate",
        domain_name=spec.host,
        subject_alternative_names=names,
        validation_method="DNS",
    )
    # Names that share no wildcard: a record each, and their number is known before ACM has named them.
    options = [certificate.domain_validation_options[i] for i in range(1 + len(names))]
    records = [
        zone.proof(f"certificate-{i}", o.resource_record_name, o.resource_record_type, o.resource_record_value)
        for i, o in enumerate(options)
    ]
    return aws.acm.CertificateValidation(
        "certificate", certificate_arn=certificate.arn, validation_record_fqdns=[r.fqdn for r in records]
    )
