"""What carries an audit log to a log bucket: a sink with a filter, and the bucket, locked for good or not."""

from __future__ import annotations

from sandbox.clouds.gcp.common import DELETION, PROVIDER, needs_api, own_name, place_of, project_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.retention import LOG_BUCKET, hold_on, log_folder
from sandbox.clouds.rules import Range, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

SINK = "gcp:logging/projectSink:ProjectSink"

_BUCKET_ID = Text(100, r"[A-Za-z0-9][A-Za-z0-9_.-]*", "Logging API, LogBucket")
_SINK_NAME = Text(100, r"[A-Za-z0-9][A-Za-z0-9_.-]*", "Logging API, LogSink.name")


def _bucket_id(world: World, r: Resource) -> str:
    return f"projects/{project_of(r)}/locations/{place_of(r)}/buckets/{r.inputs['bucketId']}"


def _locked_stays(world: World, r: Resource) -> None:
    """A bucket that is locked keeps its days, and its lock: Logging API, LogBucket.locked."""
    known = world.store.get(LOG_BUCKET, r.id) if r.id else None
    if known is None or not known.inputs.get("locked"):
        return
    if not r.inputs.get("locked") or r.inputs.get("retentionDays") != known.inputs.get("retentionDays"):
        raise CloudRefused(
            f"Error 400: The retention period on a locked bucket cannot be changed: {r.id}",
            hint=f"write {known.inputs.get('retentionDays')} days again, and locked=True",
        )


def _delete_bucket(world: World, r: Resource) -> None:
    """Locked buckets may only be deleted if they are empty: Logging API, LogBucket.locked."""
    folder = log_folder(r.id)
    hold = hold_on(world, folder, int(r.inputs.get("retentionDays") or 30))
    if r.inputs.get("locked") and hold:
        raise CloudRefused(f"Error 400: Locked buckets may only be deleted if they are empty: {r.id}", hint=hold)
    world.objects.drop(folder)


def _bucket_outputs(world: World, r: Resource) -> Values:
    return {"name": r.id, "lifecycleState": "ACTIVE"}


def _sink_outputs(world: World, r: Resource) -> Values:
    account = f"service-{stable_hex(project_of(r), length=12)}@gcp-sa-logging.iam.gserviceaccount.com"
    return {"writerIdentity": f"serviceAccount:{account}"}


declare(
    LOG_BUCKET,
    fidelity=Fidelity.SIMULATED,
    effect="holds the entries that sinks route to it; locked, it keeps its days and goes only when it is empty",
    not_simulated="the default buckets, views, the end of an entry's days, having a deleted bucket back for a week",
    id_of=_bucket_id,
    outputs=_bucket_outputs,
    rules=(needs_api("logging"), _locked_stays),
    delete=_delete_bucket,
    limits={
        "bucketId": _BUCKET_ID,
        "retentionDays": Range(0, 3650, "Logging API, LogBucket.retention_days; 0 is 30"),
        "deletionPolicy": DELETION,
    },
    forces_new=because(PROVIDER, "bucketId", "location", "project"),
)
declare(
    SINK,
    fidelity=Fidelity.SIMULATED,
    effect="entries of a Cloud Run service that match its filter are in the log bucket at once",
    not_simulated="other destinations, exclusions, every filter but resource.type, resource.labels.service_name and "
    "jsonPayload.field:*",
    id_of=lambda world, r: f"projects/{project_of(r)}/sinks/{own_name(r)}",
    outputs=_sink_outputs,
    rules=(needs_api("logging"),),
    illness=("a destination that does not exist: nothing arrives", "a filter that matches nothing: nothing arrives"),
    limits={"name": _SINK_NAME, "deletionPolicy": DELETION},
    forces_new=because(PROVIDER, "name", "project"),
)
