"""Three sites whose audit records go to three stores, made as their programs make them."""

from __future__ import annotations

import json

from infra.audit import AWS_FILTER, AZURE_CONTAINER
from infra.gcp.audit import record_filter
from sandbox.clouds.aws.audit import STREAM, SUBSCRIPTION
from sandbox.clouds.azure.audit import SETTING
from sandbox.clouds.gcp.audit import SINK
from sandbox.clouds.retention import IMMUTABLE, LOG_BUCKET, S3_LOCK, S3_VERSIONING
from tests.sandbox.clouds import sites, stores
from tests.sandbox.clouds.harness import Clouds, Made

RECORDS, ACCOUNT, LOGS = "records-aws", "recordsazure", "records"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
DAYS = 30


def make_audits(clouds: Clouds) -> dict[str, Made]:
    """A site and its store in each cloud; what carries records there."""
    return {"aws": make_aws(clouds), "azure": make_azure(clouds), "gcp": make_gcp(clouds)}


def make_aws(clouds: Clouds) -> Made:
    sites.aws_site(clouds)
    on = {"stack": "base-aws"}
    bucket = clouds.make(stores.BUCKET, **on, bucket=RECORDS, objectLockEnabled=True)
    clouds.make(S3_VERSIONING, **on, bucket=RECORDS, versioningConfiguration={"status": "Enabled"})
    clouds.make(S3_LOCK, **on, bucket=RECORDS, rule={"defaultRetention": {"mode": "COMPLIANCE", "days": DAYS}})
    carrier = _role(clouds, "carrier", "firehose", "s3:PutObject", f"{bucket.outputs['arn']}/*")
    target = {"bucketArn": bucket.outputs["arn"], "roleArn": carrier, "prefix": "audit/", "bufferingInterval": 60}
    stream = clouds.make(STREAM, **on, name="records", destination="extended_s3", extendedS3Configuration=target)
    sender = _role(clouds, "sender", "logs", "firehose:PutRecord", stream.id)
    group = clouds.only("aws:cloudwatch/logGroup:LogGroup").id
    return clouds.make(
        SUBSCRIPTION, name="audit", logGroup=group, destinationArn=stream.id, roleArn=sender, filterPattern=AWS_FILTER
    )


def _role(clouds: Clouds, name: str, service: str, action: str, resource: str) -> str:
    trust = sites.trust(f"{service}.amazonaws.com")
    role = clouds.make(ROLE, name, stack="base-aws", name=name, assumeRolePolicy=trust)
    statement = {"Effect": "Allow", "Action": [action], "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    clouds.make(ROLE_POLICY, name, stack="base-aws", role=role.id, policy=document)
    return str(role.outputs["arn"])


def make_azure(clouds: Clouds) -> Made:
    sites.azure_site(clouds)
    environment = clouds.only("azure-native:app:ManagedEnvironment")
    environment.inputs["appLogsConfiguration"] = {"destination": "azure-monitor"}
    where = {"stack": "base-azure", "resourceGroupName": "records"}
    clouds.make(stores.GROUP, "records", **where)
    account = clouds.make(stores.ACCOUNT, **where, accountName=ACCOUNT, kind="StorageV2", sku={"name": "Standard_ZRS"})
    container = {**where, "accountName": ACCOUNT, "containerName": AZURE_CONTAINER}
    clouds.make(stores.CONTAINER, **container)
    held = {"immutabilityPeriodSinceCreationInDays": DAYS, "allowProtectedAppendWrites": True}
    clouds.make(IMMUTABLE, **container, immutabilityPolicyName="default", **held)
    logs = [{"category": "ContainerAppConsoleLogs", "enabled": True}]
    return clouds.make(
        SETTING, stack="azure", name="audit", resourceUri=environment.id, storageAccountId=account.id, logs=logs
    )


def make_gcp(clouds: Clouds) -> Made:
    service = sites.gcp_site(clouds)
    clouds.make(stores.API, "logging", stack="base-gcp", service="logging.googleapis.com")
    place = {"project": "outlast-sandbox", "location": "us-central1", "bucketId": LOGS}
    bucket = clouds.make(LOG_BUCKET, stack="base-gcp", **place, retentionDays=DAYS, locked=True)
    destination, name = f"logging.googleapis.com/{bucket.id}", str(service.outputs["name"])
    return clouds.make(SINK, stack="gcp", name="audit", destination=destination, filter=record_filter(name))
