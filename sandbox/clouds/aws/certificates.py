"""ACM: certificates that are issued once the zone answers their validation records, and the wait for that."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandbox.clouds.aws.common import account_of, arn
from sandbox.clouds.eventual import ACM
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, OneOf, Text, because, is_given
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id, stable_hex
from sandbox.clouds.world import World

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
ISSUED = "ISSUED"
PENDING = "PENDING_VALIDATION"

# "[DNS] create - (Default 75m)": pulumi-aws 7.51.1, timeouts of CertificateValidation.
VALIDATION_SECONDS = 75 * 60.0
_LOOK_SECONDS = 1.0


def certificate_hosts(r: Resource) -> list[str]:
    """Every name that the certificate is for, once each, the domain name first."""
    return list(dict.fromkeys([r.inputs["domainName"], *(r.inputs.get("subjectAlternativeNames") or [])]))


def is_issued(r: Resource) -> bool:
    """Whether the certificate may be used."""
    return r.place.get("status") == ISSUED


def missing_validation(world: World, r: Resource) -> list[str]:
    """The validation records of a certificate that the zone does not answer, as `name CNAME value`."""
    missing = []
    for option in r.outputs["domainValidationOptions"]:
        name, value = option["resourceRecordName"].rstrip("."), option["resourceRecordValue"].rstrip(".")
        if value not in world.record_values(name, "CNAME"):
            missing.append(f"{name} CNAME {value}")
    return missing


def settle(world: World) -> None:
    """Issue each certificate whose validation records have come to be answered; ACM looks again and again."""
    for r in world.store.all(CERTIFICATE):
        if is_issued(r):
            continue
        if missing_validation(world, r):
            world.eventual.begin_again(r.key)
        elif world.eventual.has_passed(r.key, ACM):
            pair = world.ca.issue(f"acm-{stable_hex(r.id, length=12)}", certificate_hosts(r))
            r.place |= {"status": ISSUED, "certificate": str(pair.certificate), "key": str(pair.key)}
            r.outputs["status"] = ISSUED
            world.store.put(r)


def _option(account: str, host: str) -> Values:
    """The record that proves `host`: the same for `*.host`, and for every certificate of the account."""
    base = host.removeprefix("*.")
    token, target = stable_hex("acm", account, base), stable_hex("acm-target", account, base)
    return {
        "domainName": host,
        "resourceRecordName": f"_{token}.{base}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": f"_{target}.acm-validations.aws.",
    }


def _certificate_id(world: World, r: Resource) -> str:
    return arn("acm", r, f"certificate/{hex_id(8)}-{hex_id(4)}-{hex_id(4)}-{hex_id(4)}-{hex_id(12)}")


def _certificate_outputs(world: World, r: Resource) -> Values:
    return {
        "arn": r.id,
        "domainValidationOptions": [_option(account_of(r), host) for host in certificate_hosts(r)],
        "status": r.place.get("status", PENDING),
        "type": "AMAZON_ISSUED",
        "subjectAlternativeNames": certificate_hosts(r),
        "validationEmails": [],
        "renewalEligibility": "INELIGIBLE",
        "keyAlgorithm": r.inputs.get("keyAlgorithm") or "EC_prime256v1",
        "notAfter": "",
        "notBefore": "",
        "pendingRenewal": False,
        "renewalSummaries": [],
    }


def _wait_issued(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    """Return once the certificate is issued."""
    arn_ = r.inputs["certificateArn"]
    deadline = world.clock.simulated_now() + (timeout_seconds or VALIDATION_SECONDS)
    while True:
        world.hooks.reconcile()
        # Looked up anew each time: another thread may have issued it, or destroyed it.
        certificate = world.store.find(CERTIFICATE, arn_)
        if certificate is None:
            raise CloudRefused(f"ResourceNotFoundException: Could not find certificate {arn_}")
        if is_issued(certificate):
            return
        if world.clock.simulated_now() > deadline or cancelled():
            raise _not_issued(world, certificate)
        world.pause(_LOOK_SECONDS)


def _not_issued(world: World, certificate: Resource) -> CloudRefused:
    missing = "; ".join(missing_validation(world, certificate))
    return CloudRefused(
        f"timeout while waiting for certificate {certificate.id} to be ISSUED (last status: {PENDING}): "
        f"the zone does not answer {missing}",
        hint="create the certificate's validation records in the same zone, and see that it is delegated",
    )


# hashicorp/terraform-provider-aws, internal/service/acm/certificate.go: no last dot, and names up to 253 characters.
_LABEL = r"(?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9]"
_DOMAIN = Text(253, rf"(\*\.)?({_LABEL}\.)+(?!-)[A-Za-z0-9-]{{1,62}}[A-Za-z0-9]", "ACM API, DomainNameString")


def _certificate_combinations(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, internal/service/acm/certificate.go."""
    if is_given(inputs, "domainName") == is_given(inputs, "privateKey"):
        yield "domainName", "exactly one of `domainName` and `privateKey` must be given"
    proven = is_given(inputs, "validationMethod") or is_given(inputs, "certificateAuthorityArn")
    if is_given(inputs, "domainName") and not proven:
        yield "validationMethod", "is needed for a certificate that ACM issues (or `certificateAuthorityArn`)"


_METHOD = OneOf(
    (
        "EMAIL",
        "DNS",
        "HTTP",
    ),
    "botocore: acm RequestCertificate ValidationMethod",
)
_ALGORITHM = OneOf(
    (
        "RSA_1024",
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "EC_prime256v1",
        "EC_secp384r1",
        "EC_secp521r1",
    ),
    "botocore: acm RequestCertificate KeyAlgorithm",
)

declare(
    CERTIFICATE,
    fidelity=Fidelity.SIMULATED,
    effect="issued by the private CA once its validation records are answered by the zone",
    not_simulated="renewal, e-mail validation, imported certificates",
    id_of=_certificate_id,
    outputs=_certificate_outputs,
    limits={
        "domainName": _DOMAIN,
        "subjectAlternativeNames[]": _DOMAIN,
        "validationMethod": _METHOD,
        "keyAlgorithm": _ALGORITHM,
    },
    combinations=(_certificate_combinations,),
    forces_new=because(
        f"{TERRAFORM_AWS}/acm/certificate.go",
        "domainName",
        "subjectAlternativeNames",
        "validationMethod",
        "keyAlgorithm",
        "certificateAuthorityArn",
    ),
)


def _record_rules(world: World, r: Resource) -> None:
    """Where the program names validation records, each name of the certificate has one: terraform-provider-aws,
    internal/service/acm/certificate_validation.go.
    """
    certificate = world.store.follow(r, "certificateArn", CERTIFICATE)
    named = [str(name).rstrip(".") for name in r.inputs.get("validationRecordFqdns") or []]
    for option in certificate.outputs["domainValidationOptions"] if certificate and named else ():
        if option["resourceRecordName"].rstrip(".") not in named:
            raise CloudRefused(
                f"missing {option['domainName']} DNS validation record: {option['resourceRecordName']}",
                hint="name the FQDN of every validation record, or none",
            )


declare(
    VALIDATION,
    fidelity=Fidelity.SIMULATED,
    rules=(_record_rules,),
    effect="waits until the certificate is issued, and times out naming the missing record",
    # pulumi-aws takes the time of issue for an id, which is not one: two validations have to be told apart here.
    id_of=lambda world, r: f"2026-01-01 00:00:00 +0000 UTC {hex_id(8)}",
    wait=_wait_issued,
    forces_new=because(
        "nothing is made that could be updated: the resource is the wait", "certificateArn", "validationRecordFqdns"
    ),
)
