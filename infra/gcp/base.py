"""A store of drain switches in Google Cloud: a bucket whose objects anybody may read, and nobody list."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from infra.settings.kinds import BaseSettings
from infra.switch import FLAGS

READ_OBJECTS = "roles/storage.legacyObjectReader"
"""To read, and not to list: cloud.google.com/storage/docs/access-control/iam-roles"""


def make_store(settings: BaseSettings) -> Sequence[pulumi.CustomResource]:
    """Everything that has to be there before a checker can look."""
    api = gcp.projects.Service("storage", service="storage.googleapis.com", disable_on_destroy=False)
    bucket = gcp.storage.Bucket(
        "store",
        name=settings.store,
        location=settings.region,
        uniform_bucket_level_access=True,
        public_access_prevention="inherited",
        # Whoever may delete the store means the switches in it as well.
        force_destroy=not settings.protect,
        opts=pulumi.ResourceOptions(protect=settings.protect, depends_on=[api]),
    )
    readable = gcp.storage.BucketIAMMember(FLAGS, bucket=bucket.name, role=READ_OBJECTS, member="allUsers")
    return [bucket, readable]
