"""Reads from a stack's file where drain switches and audit records lie: of a base stack its stores, of traffic each
site's switch. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra import plan
from infra.audit import LONGEST_DAYS
from infra.settings.options import read_aws_pins, read_project, read_subscription
from infra.settings.reader import Check, Reader, like
from infra.settings.regions import region_check

_BUCKET, _WRITTEN = (
    r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "3 to 63 letters a-z, digits and hyphens, as nobody else has them",
)
_S3 = rf"(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|--x-s3|--table-s3)$){_BUCKET}"
# Logging API, LogBucket: letters, digits, underscores, hyphens and periods, at most 100 of them.
_LOG_BUCKET = like(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", "at most 100 letters, digits, hyphens, underscores and periods")
LONGEST_AUDITED = 64 - len("outlast--audit-carrier")
"""Characters of a stack's name on AWS after which the roles of its audit store are called (IAM API, roleNameType)."""
_STORES: Mapping[str, Check] = {
    "aws": like(
        _S3, f"{_WRITTEN}, none that S3 keeps for itself (xn--…, sthree-…, amzn-s3-demo-…, …-s3alias, …--ol-s3)"
    ),
    "azure": like(r"[a-z0-9]{3,24}", "3 to 24 letters a-z and digits, as nobody else has them"),
    "gcp": like(
        rf"(?!goog)(?!.*(google|g00gle)){_BUCKET}", f"{_WRITTEN}, without goog at the beginning or google in it"
    ),
}


def store_check(cloud: str) -> Check | None:
    """How a bucket, or a storage account, may be called: its name is part of a host name, and taken once in the world.

    S3 user guide, "Bucket naming rules"; Azure, "Naming rules for Azure resources"; Cloud Storage, "Bucket naming".
    """
    return _STORES.get(cloud)


def read_audit_store(reader: Reader, cloud: str, stack: str, switches: str) -> tuple[str, int]:
    """The name of the audit store, and how many days nobody may delete a record in it: ("", 0) where there is none."""
    if not reader.is_given("auditRetentionDays"):
        return "", 0
    days = reader.integer("auditRetentionDays", 1, LONGEST_DAYS)
    if cloud == "aws" and len(stack) > LONGEST_AUDITED:
        what = f"the stack's name '{stack}' is too long: the roles of its audit store are called after it"
        reader.wrong("auditRetentionDays", what, f"give the stack at most {LONGEST_AUDITED} characters")
    # On Google Cloud it is a log bucket, whose name is the project's own.
    default = {"aws": f"{switches}-audit", "azure": f"{switches}audit"}.get(cloud, f"{stack}-audit")
    store = reader.text("auditStore", default, check=_LOG_BUCKET if cloud == "gcp" else store_check(cloud))
    wanted = None if cloud == "gcp" else store_check(cloud)
    if not reader.is_given("auditStore") and wanted and (instead := wanted(store)) and not reader.is_wrong("store"):
        reader.wrong("auditStore", f"is missing, and '{store}' cannot be its name", f"write {instead}")
    if store == switches and cloud != "gcp":
        reader.wrong("auditStore", "is the store of the drain switches, which anybody may read", "name another")
    return store, days


def read_place(reader: Reader, cloud: str) -> tuple[str, str]:
    """The region, and the account that the stack may touch: "" on AWS."""
    if cloud == "azure":
        return _read_region(reader, "azure", "azure-native", "location"), read_subscription(reader)
    if cloud == "gcp":
        return _read_region(reader, "gcp", "gcp", "region"), read_project(reader)
    return read_aws_pins(reader)[1] if cloud == "aws" else "", ""


def _read_region(reader: Reader, cloud: str, namespace: str, key: str) -> str:
    return reader.text(key, check=region_check(cloud), namespace=namespace)


def read_switches(reader: Reader, sites: Sequence[str]) -> Mapping[str, str]:
    """Site -> the base stack that holds its drain switch; a site may have none."""
    given, found = reader.mapping("drainSwitches", {}), dict[str, str]()
    for site, stack in given.items():
        place = f"drainSwitches.{site}"
        if site not in sites and not reader.is_wrong("sites"):
            reader.wrong(place, "is not among outlast:sites", f"sites are {', '.join(sites) or 'none'}")
        elif not isinstance(stack, str) or not plan.LABEL.fullmatch(stack):
            reader.wrong(place, f"is {stack!r}", "write the name of a base stack in another cloud")
        else:
            found[site] = stack
    return found
