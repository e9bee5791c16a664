"""Hosted zones."""

from __future__ import annotations

from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.route53.api import call, call_if_there, change_record, list_records
from sandbox.clouds.rules import NO_UPDATE, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

ZONE, RECORD = "aws:route53/zone:Zone", "aws:route53/record:Record"
# pulumi-aws 7.51.1, Zone.comment: "Defaults to 'Managed by Pulumi'".
_COMMENT = "Managed by Pulumi"


def _create(world: World, r: Resource) -> None:
    made = call(
        world.route53().create_hosted_zone,
        Name=r.inputs["name"],
        CallerReference=r.place["reference"],
        HostedZoneConfig={"Comment": r.inputs.get("comment", _COMMENT)},
    )
    r.id = made["HostedZone"]["Id"].rpartition("/")[2]
    r.place["name_servers"] = made["DelegationSet"]["NameServers"]


def _find_made(world: World, r: Resource) -> str | None:
    pages = world.route53().get_paginator("list_hosted_zones").paginate()
    zones = (zone for page in pages for zone in page["HostedZones"])
    return next((z["Id"].rpartition("/")[2] for z in zones if z["CallerReference"] == r.place["reference"]), None)


def _update(world: World, r: Resource) -> None:
    call(world.route53().update_hosted_zone_comment, Id=r.id, Comment=r.inputs.get("comment", _COMMENT))


def _delete(world: World, r: Resource) -> None:
    left = [record for record in list_records(world, r.id) if record["Type"] not in ("NS", "SOA")]
    if left and not r.inputs.get("forceDestroy"):
        raise CloudRefused(
            "HostedZoneNotEmpty: The specified hosted zone contains non-required resource record sets "
            f"({left[0]['Name']} {left[0]['Type']}, …) and so cannot be deleted."
        )
    for record in left:
        change_record(world, r.id, "DELETE", record)
    call_if_there(world.route53().delete_hosted_zone, Id=r.id)
    # Records that outlived their stack (retainOnDelete) go with their zone.
    for retained in world.store.all(RECORD):
        if retained.inputs.get("zoneId") == r.id:
            world.store.forget(retained)


def _refresh(world: World, r: Resource) -> Resource | None:
    found = call_if_there(world.route53().get_hosted_zone, Id=r.id)
    if found is None:
        return None
    r.inputs["name"] = found["HostedZone"]["Name"].rstrip(".")
    r.inputs["comment"] = found["HostedZone"]["Config"].get("Comment", "")
    r.place["name_servers"] = found["DelegationSet"]["NameServers"]
    return r


def _outputs(world: World, r: Resource) -> Values:
    servers = sorted(r.place.get("name_servers", []))
    return {
        "arn": f"arn:aws:route53:::hostedzone/{r.id}",
        "zoneId": r.id,
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "comment": r.inputs.get("comment", _COMMENT),
        "name": r.inputs["name"].rstrip("."),
    }


declare(
    ZONE,
    fidelity=Fidelity.MOTO,
    effect="the sandbox's DNS answers for the zone",
    not_simulated="delegation from a parent zone, private zones, DNSSEC, accelerated recovery",
    create=_create,
    find_made=_find_made,
    update=_update,
    delete=_delete,
    refresh=_refresh,
    outputs=_outputs,
    forces_new=because(NO_UPDATE, "name", "delegationSetId"),
)
