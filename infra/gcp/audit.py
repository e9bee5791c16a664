"""The audit store on Google Cloud: a locked log bucket, and a sink that sends a site's audit records there."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.applied import apply
from infra.audit import AuditStore
from infra.settings.kinds import BaseSettings

NAME = "audit"


def make_audit(settings: BaseSettings) -> pulumi.Output[AuditStore]:
    """The log bucket; known once a sink can name it. Its name is the project's own, taken by nobody else."""
    api = gcp.projects.Service("logging", service="logging.googleapis.com", disable_on_destroy=False)
    bucket = gcp.logging.ProjectBucketConfig(
        NAME,
        project=settings.account,
        location=settings.region,
        bucket_id=settings.audit_store,
        retention_days=settings.audit_days,
        # For good: from then on the days cannot be changed, and the bucket goes only when it is empty.
        locked=True,
        deletion_policy="DELETE",
        opts=pulumi.ResourceOptions(protect=settings.protect, depends_on=[api]),
    )
    path = f"projects/{settings.account}/locations/{settings.region}/buckets/{settings.audit_store}"
    return apply(
        bucket.id,
        lambda _: AuditStore(
            settings.name,
            "gcp",
            settings.region,
            path,
            settings.audit_days,
            locked=True,
            target=f"logging.googleapis.com/{path}",
        ),
    )


def send_log(name: str, audit: pulumi.Output[AuditStore], ready: pulumi.ResourceOptions) -> pulumi.Resource:
    """Every audit record of the service `name` goes to the store; what else it prints stays in the default bucket.

    A sink to a log bucket of its own project needs no grant (cloud.google.com/logging/docs/export/configure_export_v2).
    """
    sink: pulumi.Resource = gcp.logging.ProjectSink(
        NAME,
        name=f"{name}-{NAME}",
        destination=apply(audit, lambda store: store.target),
        filter=record_filter(name),
        unique_writer_identity=True,
        opts=ready,
    )
    return sink


def record_filter(service: str) -> str:
    """The audit records of one Cloud Run service, in the query language of Cloud Logging."""
    parts = ('resource.type="cloud_run_revision"', f'resource.labels.service_name="{service}"', "jsonPayload.chain:*")
    return " AND ".join(parts)
