"""Certificate Manager: certificates that become active once the record of their authorization is answered."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.eventual import MANAGED
from sandbox.clouds.gcp.common import HOST_NAME, MADE_AT, PROVIDER, located_id, needs_api, own_name, project_of, tail
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, Mistake, Region, Text, because, is_given
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested, stable_hex
from sandbox.clouds.world import World

AUTHORIZATION = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"
CERTIFICATE = "gcp:certificatemanager/certificate:Certificate"
MAP = "gcp:certificatemanager/certificateMap:CertificateMap"
ENTRY = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"
ACTIVE = "ACTIVE"


def is_active(r: Resource) -> bool:
    """Whether the certificate may be presented."""
    return r.place.get("state") == ACTIVE


def settle(world: World) -> None:
    """Make each managed certificate active whose authorizations' records have come to be answered."""
    for r in world.store.all(CERTIFICATE):
        if is_active(r):
            continue
        if missing_authorization(world, r):
            world.eventual.begin_again(r.key)
        elif world.eventual.has_passed(r.key, MANAGED):
            pair = world.ca.issue(f"gcp-{stable_hex(r.id, length=12)}", nested(r.inputs, "managed", "domains") or [])
            r.place |= {"state": ACTIVE, "certificate": str(pair.certificate), "key": str(pair.key)}
            world.store.put(r)


def missing_authorization(world: World, r: Resource) -> list[str]:
    """What keeps a managed certificate from being issued: authorizations or records that are not there."""
    references = nested(r.inputs, "managed", "dnsAuthorizations") or []
    found = {reference: world.store.find(AUTHORIZATION, reference) for reference in references}
    proven = {authorization.inputs["domain"] for authorization in found.values() if authorization}
    domains = [d for d in nested(r.inputs, "managed", "domains") or [] if d.removeprefix("*.") not in proven]
    missing = [f"a DNS authorization for {domain}" for domain in domains]
    missing += [f"the DNS authorization {reference}" for reference, known in found.items() if known is None]
    return missing + [record for known in found.values() if known for record in _unanswered(world, known)]


def _unanswered(world: World, authorization: Resource) -> list[str]:
    record = authorization.outputs["dnsResourceRecords"][0]
    name, data = record["name"].rstrip("."), record["data"].rstrip(".")
    return [] if data in world.record_values(name, "CNAME") else [f"{name} CNAME {data}"]


def _authorization_outputs(world: World, r: Resource) -> Values:
    domain, per_project = r.inputs["domain"], r.inputs.get("type") == "PER_PROJECT_RECORD"
    label = f"_acme-challenge_{stable_hex(project_of(r), domain, length=16)}" if per_project else "_acme-challenge"
    data = f"{stable_hex(r.id, domain)}.{7 if per_project else 1}.authorize.certificatemanager.goog."
    records = [{"name": f"{label}.{domain}.", "type": "CNAME", "data": data}]
    return {"name": tail(r), "project": project_of(r), "dnsResourceRecords": records}


def _certificate_outputs(world: World, r: Resource) -> Values:
    domains = nested(r.inputs, "managed", "domains") or []
    return {"name": tail(r), "project": project_of(r), "sanDnsnames": domains}


def _map_outputs(world: World, r: Resource) -> Values:
    times = {"createTime": MADE_AT, "updateTime": MADE_AT}
    return {"name": tail(r), "project": project_of(r), "gclbTargets": [], **times}


def _entry_id(world: World, r: Resource) -> str:
    parent = f"projects/{project_of(r)}/locations/global/certificateMaps/{str(r.inputs['map']).rpartition('/')[2]}"
    return f"{parent}/certificateMapEntries/{own_name(r)}"


def _entry_outputs(world: World, r: Resource) -> Values:
    times = {"createTime": MADE_AT, "updateTime": MADE_AT}
    return {"name": tail(r), "project": project_of(r), "state": ACTIVE, **times}


# pulumi-gcp 10.2.0, DnsAuthorization.name and its siblings.
_CERTIFICATE_MANAGER = Text(64, r"[a-zA-Z][a-zA-Z0-9_-]*", "Certificate Manager API")


def _managed_combinations(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-google, …/certificatemanager/resource_certificate_manager_certificate.go."""
    if is_given(inputs, "managed") == is_given(inputs, "selfManaged"):
        yield "managed", "exactly one of `managed` and `selfManaged` must be given"


_MANAGER = "Certificate Manager API, NOT_FOUND"
_NOT_FOUND = "Error 404: Resource '{}' was not found"


_PLACE = Region("gcp", ("global",))


declare(
    AUTHORIZATION,
    fidelity=Fidelity.SIMULATED,
    effect="names the record that proves the domain",
    id_of=located_id("dnsAuthorizations", place="global"),
    outputs=_authorization_outputs,
    rules=(needs_api("certificatemanager"),),
    limits={"name": _CERTIFICATE_MANAGER, "domain": HOST_NAME, "location": _PLACE},
    forces_new=because(ID, "name", "location", "project"),
    replacement_unknown=("domain", "type"),
)
declare(
    CERTIFICATE,
    fidelity=Fidelity.SIMULATED,
    illness=("the record of its authorization is not answered: it is never issued, and every handshake ends",),
    effect="issued by the private CA once its authorization's record is answered; creation does not wait for that",
    not_simulated="renewal, self-managed certificates",
    id_of=located_id("certificates", place="global"),
    rules=(
        needs_api("certificatemanager"),
        exists("managed.dnsAuthorizations[]", AUTHORIZATION, _NOT_FOUND, _MANAGER),
    ),
    outputs=_certificate_outputs,
    limits={"name": _CERTIFICATE_MANAGER, "managed.domains[]": HOST_NAME, "location": _PLACE},
    combinations=(_managed_combinations,),
    forces_new=because(ID, "location")
    | because(f"{PROVIDER}/certificatemanager", "name", "managed", "scope", "project"),
)
declare(
    MAP,
    fidelity=Fidelity.SIMULATED,
    effect="joins a proxy to its certificates",
    id_of=located_id("certificateMaps", place="global"),
    rules=(needs_api("certificatemanager"),),
    outputs=_map_outputs,
    limits={"name": _CERTIFICATE_MANAGER},
    forces_new=because(ID, "name", "project"),
)
declare(
    ENTRY,
    fidelity=Fidelity.SIMULATED,
    rules=(
        exists("map", MAP, _NOT_FOUND, _MANAGER),
        exists("certificates[]", CERTIFICATE, _NOT_FOUND, _MANAGER),
    ),
    effect="the load balancer presents its certificate for this host name, and none for others",
    id_of=_entry_id,
    outputs=_entry_outputs,
    limits={"name": _CERTIFICATE_MANAGER},
    forces_new=because(ID, "name", "map", "project"),
    replacement_unknown=("hostname", "matcher"),
)
