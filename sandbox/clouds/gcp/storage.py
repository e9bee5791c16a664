"""Cloud Storage: buckets, and who may read them."""

from __future__ import annotations

from sandbox.clouds.buckets import GCS_BUCKET, GCS_MEMBER, keep_objects
from sandbox.clouds.gcp.common import PROVIDER, needs_api, own_name, project_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

_NAME = Text(
    63, r"(?!goog)(?!.*(google|g00gle))[a-z0-9][a-z0-9_.-]*[a-z0-9]", "Cloud Storage, Bucket names", shortest=3
)


def _bucket_id(world: World, r: Resource) -> str:
    return own_name(r)


def _outputs(world: World, r: Resource) -> Values:
    own = {"name": r.id, "project": project_of(r), "url": f"gs://{r.id}"}
    return {**own, "selfLink": f"https://www.googleapis.com/storage/v1/b/{r.id}"}


def _member_id(world: World, r: Resource) -> str:
    return f"b/{r.inputs.get('bucket')}/{r.inputs.get('role')}/{r.inputs.get('member')}"


def _may_be_public(world: World, r: Resource) -> None:
    """`allUsers` is refused where the bucket forbids public access. Cloud Storage, Public access prevention."""
    bucket = world.store.require(GCS_BUCKET, r.inputs.get("bucket"), "Error 404: The specified bucket does not exist.")
    everybody = r.inputs.get("member") in ("allUsers", "allAuthenticatedUsers")
    if everybody and bucket.inputs.get("publicAccessPrevention") == "enforced":
        raise CloudRefused(
            "Error 412: The member bindings allUsers and allAuthenticatedUsers are not allowed since public access "
            "prevention is enforced.",
            hint='set public_access_prevention="inherited" on the bucket',
        )


declare(
    GCS_BUCKET,
    fidelity=Fidelity.SIMULATED,
    effect="objects can be written to it with credentials, and read as its members say",
    not_simulated="listing, versions, retention, the cache of public objects",
    id_of=_bucket_id,
    outputs=_outputs,
    rules=(needs_api("storage"),),
    delete=keep_objects("gcp", "Error 409: The bucket you tried to delete is not empty."),
    limits={"name": _NAME},
    forces_new=because(PROVIDER, "name", "location", "project"),
)
declare(
    GCS_MEMBER,
    fidelity=Fidelity.SIMULATED,
    effect="with allUsers as member, objects are readable without credentials; a training job reads and writes what "
    "its account's members let it, conditions on the beginning of an object's name included",
    not_simulated="other conditions, and members for anybody else",
    id_of=_member_id,
    rules=(_may_be_public,),
    forces_new=because(PROVIDER, "bucket", "role", "member"),
)
