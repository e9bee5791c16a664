"""The audit store: where a site's audit records go to be written once, in a base stack of its cloud and region. Pure.

The service writes its records to standard output, and the cloud's own log service carries them: no process of ours
stands between a prediction and its record, and no credentials lie in the container.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from service.errors import InvalidInput, Mistake, Unavailable

AUDIT_VERSION = 1
"""Of the stack output `audit`, as SITE_VERSION is of `site`."""

LONGEST_DAYS = 3650
"""Of retention: what a log bucket of Google Cloud takes at most; S3 and Azure take more."""

AZURE_CATEGORY = "ContainerAppConsoleLogs"
AZURE_CONTAINER = f"insights-logs-{AZURE_CATEGORY.lower()}"
"""The container that a diagnostic setting writes that category to, and makes where it is missing.
learn.microsoft.com/azure/azure-monitor/essentials/resource-logs, "Send to Azure Storage"."""

AWS_PREFIX = "audit/"
"""What the names of the objects in S3 begin with."""

AWS_FILTER = '{ $.chain = "*" }'
"""A log event that is JSON and has the field `chain`, which only audit records have."""

FIREHOSE_SECONDS, FIREHOSE_MEGABYTES = 60, 5
"""How long Firehose gathers records, and how many of them, for one object (its defaults: 300 s, 5 MB). A minute makes
43,200 objects a month at most, which cost 22 cents to write."""


@dataclass(frozen=True)
class AuditStore:
    """The audit store of one base stack.

    `store` names the bucket (AWS), the storage account (Azure) or the log bucket by its whole path (Google Cloud);
    `target` is what a site's log is sent to, by the id of its own cloud, and `role` what CloudWatch Logs assumes for
    that, "" elsewhere. `locked` says whether the retention can be shortened or taken away by nobody.
    """

    name: str
    cloud: str
    region: str
    store: str
    retention_days: int
    locked: bool
    target: str = ""
    role: str = ""


def audit_output(store: AuditStore) -> dict[str, Any]:
    """`store` as the stack output `audit`."""
    return {"version": AUDIT_VERSION, **asdict(store)}


def parse_audit(output: Mapping[str, Any]) -> AuditStore:
    """The stack output `audit`, read back. Raises Unavailable for one that lacks something."""
    names = [field.name for field in fields(AuditStore)]
    missing = [name for name in names if name not in output]
    if missing:
        what = f"the audit store of '{output.get('name', '')}' was exported without {', '.join(missing)}"
        raise Unavailable(what, hint="run `pulumi up` of its stack from the commit that this one is run from")
    given = {name: output[name] for name in names}
    return AuditStore(**{**given, "retention_days": int(given["retention_days"]), "locked": bool(given["locked"])})


def find_audit(base: str, outputs: Mapping[str, Any]) -> AuditStore:
    """The audit store among the outputs of the base stack `base`. Raises Unavailable, which says what to type."""
    found = outputs.get("audit")
    if found:
        if found.get("version") != AUDIT_VERSION:
            what = f"the audit store of '{base}' has version {found.get('version'):g}, this program reads"
            raise Unavailable(f"{what} {AUDIT_VERSION}", hint=f"run `pulumi up -s {base}` from the same commit")
        return parse_audit(found)
    if not outputs.get("store"):
        raise Unavailable(f"the base stack '{base}' is not up", hint=f"run `pulumi up -s {base}` first")
    hint = f"write outlast:auditRetentionDays into stacks/Pulumi.{base}.yaml, then run `pulumi up -s {base}`"
    raise Unavailable(f"the base stack '{base}' has no audit store", hint=hint)


def require_near(store: AuditStore, site: str, cloud: str, region: str, project: str = "") -> AuditStore:
    """`store`, where it may hold the records of a site in that place. Raises InvalidInput.

    A log's subscription and a diagnostic setting take no target in another region, and records must not leave theirs.
    On Google Cloud the `project` counts too: a sink may not write into another one's log bucket before somebody there
    lets it, and what it cannot deliver is told to nobody.
    """
    own, where = f"{region} of {cloud}", f"{store.region} of {store.cloud}"
    if cloud == "gcp" and (store.cloud, store.region) == (cloud, region):
        own, where = f"the project {project}", f"the project {store.store.split('/')[1]}"
    if own == where:
        return store
    what = f"'{store.name}' is in {where}, and the site in {own}"
    mistake = Mistake(f"stacks/Pulumi.{site}.yaml: outlast:base", what, f"name a base stack in {own}")
    raise InvalidInput("a site's audit records stay in its own cloud and region", [mistake])
