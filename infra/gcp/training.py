"""What Vertex AI jobs need: a repository with their image, a bucket, and a service account that reads and writes there.

The bucket is mounted into a job at /gcs/<bucket> as that account (Vertex AI, "Use Cloud Storage as a mounted file
system"), which lists the bucket for that: so it may read all of it, and write under two of its prefixes alone.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.gcp import training_key
from infra.gcp.registry import make_repository
from infra.image import build_training_image
from infra.settings.kinds import TrainingSettings
from infra.site import after
from infra.training import CHECKPOINTS, DATA, OUTPUT, UPLOAD_DAYS, name_identity, name_training

NAME = "training"
APIS = ("aiplatform", "artifactregistry", "iam", "logging", "storage")
# cloud.google.com/storage/docs/access-control/iam-roles: to read and list; that, and to create, replace and delete.
READ, WRITE = "roles/storage.objectViewer", "roles/storage.objectUser"


def make_training(settings: TrainingSettings) -> dict[str, Any]:
    """Everything; the outputs are known once a job can be started."""
    apis = _enable(settings)
    ready = pulumi.ResourceOptions(depends_on=apis)
    kept = pulumi.ResourceOptions(depends_on=apis, protect=settings.protect)
    repository, login = make_repository(name_training(settings), settings.region, kept)
    image = build_training_image(pulumi.Output.concat(repository.registry_uri, "/", NAME), login)
    bucket = _make_bucket(settings, apis)
    account = gcp.serviceaccount.Account(
        "job", account_id=name_identity(settings), display_name="Training jobs of Outlast", opts=ready
    )
    may = _let_store(settings, bucket, account)
    return {
        "trainingImage": image.reference,
        **{f"{part}Address": f"gs://{settings.store}/{part}" for part in (DATA, OUTPUT, CHECKPOINTS)},
        "identity": after(account.email, *may),
        "project": settings.account,
        "network": settings.network,
        "kmsKeyName": settings.kms_key,
    }


def _enable(settings: TrainingSettings) -> list[gcp.projects.Service]:
    """What the project has to have switched on. Destroying the stack leaves them on: others may use them."""
    more = training_key.APIS if settings.kms_key else ()
    return [
        gcp.projects.Service(f"api-{api}", service=f"{api}.googleapis.com", disable_on_destroy=False)
        for api in (*APIS, *more)
    ]


# -- the bucket ----------------------------------------------------------------------------------------------------


def _make_bucket(settings: TrainingSettings, apis: list[gcp.projects.Service]) -> gcp.storage.Bucket:
    """Checkpoints are of use until their job is done; output and data go when somebody deletes them."""
    return gcp.storage.Bucket(
        NAME,
        name=settings.store,
        location=settings.region,
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        # Whoever may delete the stack means its models and tables as well.
        force_destroy=not settings.protect,
        lifecycle_rules=[
            _rule("Delete", settings.checkpoint_days, [f"{CHECKPOINTS}/"]),
            _rule("AbortIncompleteMultipartUpload", UPLOAD_DAYS),
        ],
        **training_key.of_bucket(settings, apis),
    )


def _rule(action: str, days: int, prefixes: list[str] | None = None) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type=action),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=days, matches_prefixes=prefixes),
    )


# -- what the account may ------------------------------------------------------------------------------------------


def _let_store(
    settings: TrainingSettings, bucket: gcp.storage.Bucket, account: gcp.serviceaccount.Account
) -> list[gcp.storage.BucketIAMMember]:
    """Read everything in the stores, write output and checkpoints."""
    return [
        gcp.storage.BucketIAMMember("may-read", bucket=bucket.name, role=READ, member=account.member),
        gcp.storage.BucketIAMMember(
            "may-write",
            bucket=bucket.name,
            role=WRITE,
            member=account.member,
            condition=gcp.storage.BucketIAMMemberConditionArgs(
                title="output-and-checkpoints", expression=written_parts(settings.store)
            ),
        ),
        *(
            gcp.storage.BucketIAMMember(f"may-read-{source}", bucket=source, role=READ, member=account.member)
            for source in settings.data_sources
        ),
    ]


def written_parts(bucket: str) -> str:
    """The condition, in CEL, under which the account may write.

    cloud.google.com/iam/docs/conditions-attribute-reference says what `resource.name` of an object is.
    """
    beginnings = [f"projects/_/buckets/{bucket}/objects/{part}/" for part in (OUTPUT, CHECKPOINTS)]
    return " || ".join(f'resource.name.startsWith("{beginning}")' for beginning in beginnings)
