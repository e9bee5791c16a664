"""The stores of the three base stacks, made as their programs make them."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.clouds.harness import Clouds, Made

S3_BUCKET, AZURE_CONTAINER, GCS_BUCKET = "switches-aws", "switchesazure/flags", "switches-gcp"
BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
GROUP, ACCOUNT = "azure-native:resources:ResourceGroup", "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainer"
API, GCS, MEMBER = (
    "gcp:projects/service:Service",
    "gcp:storage/bucket:Bucket",
    "gcp:storage/bucketIAMMember:BucketIAMMember",
)


def policy_text(resource: str = f"arn:aws:s3:::{S3_BUCKET}/flags/*") -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_stores(clouds: Clouds, *, public: bool = True) -> dict[str, Made]:
    """One store in each cloud, open to everybody or not; the bucket of each."""
    return {
        "aws": make_s3(clouds, public=public),
        "azure": make_azure(clouds, public=public),
        "gcp": make_gcs(clouds, public=public),
    }


def make_s3(clouds: Clouds, *, public: bool = True, **bucket: Any) -> Made:
    made = clouds.make(BUCKET, stack="base-aws", bucket=S3_BUCKET, region="eu-west-1", **bucket)
    if public:
        open_up = {"blockPublicPolicy": False, "restrictPublicBuckets": False}
        clouds.make(BLOCK, stack="base-aws", bucket=S3_BUCKET, **open_up)
        clouds.make(POLICY, stack="base-aws", bucket=S3_BUCKET, policy=policy_text())
    return made


def make_azure(clouds: Clouds, *, public: bool = True) -> Made:
    where = {"resourceGroupName": "switches"}
    clouds.make(GROUP, stack="base-azure", **where)
    sku = {"name": "Standard_ZRS"}
    account = {**where, "accountName": "switchesazure", "kind": "StorageV2", "sku": sku}
    clouds.make(ACCOUNT, stack="base-azure", **account, allowBlobPublicAccess=public)
    access = "Blob" if public else "None"
    container = {**where, "accountName": "switchesazure", "containerName": "flags", "publicAccess": access}
    return clouds.make(CONTAINER, stack="base-azure", **container)


def make_gcs(clouds: Clouds, *, public: bool = True, **bucket: Any) -> Made:
    clouds.make(API, stack="base-gcp", service="storage.googleapis.com")
    made = clouds.make(GCS, stack="base-gcp", name=GCS_BUCKET, location="europe-west1", **bucket)
    if public:
        reader = {"role": "roles/storage.legacyObjectReader", "member": "allUsers"}
        clouds.make(MEMBER, stack="base-gcp", bucket=GCS_BUCKET, **reader)
    return made
