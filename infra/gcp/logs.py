"""Where a site on Google Cloud has its log: by default the project's own bucket, which keeps 30 days of everything.

For any other number a bucket of its own, in the site's region, gets every entry of its service. The project's bucket
gets them still: leaving them out there would need a change of the project's own sink, which is not the site's.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.applied import apply
from infra.contract import SiteSpec
from infra.settings.log_days import GOOGLES_OWN

APIS = ("logging",)


def needed_apis(spec: SiteSpec) -> tuple[str, ...]:
    """What has to be switched on for it."""
    return APIS if spec.log_days != GOOGLES_OWN else ()


def send_logs(
    name: str, spec: SiteSpec, bucket: pulumi.Output[str] | None, ready: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The sink that fills the bucket with that path; nothing where the project's own keeps as long.

    A sink to a bucket of its own project needs no grant (cloud.google.com/logging/docs/export/configure_export_v2).
    """
    if bucket is None:
        return []
    sink = gcp.logging.ProjectSink(
        "logs",
        name=name,
        destination=apply(bucket, lambda path: f"logging.googleapis.com/{path}"),
        filter=_filter(name, spec),
        unique_writer_identity=True,
        opts=ready,
    )
    return [sink]


def _filter(name: str, spec: SiteSpec) -> str:
    """The lines of its service, and by choice those of its load balancer."""
    service = f'resource.type="cloud_run_revision" AND resource.labels.service_name="{name}"'
    balancer = f'resource.type="http_load_balancer" AND resource.labels.url_map_name="{name}"'
    return f"({service}) OR ({balancer})" if spec.access_logs else service


def log_requests(spec: SiteSpec) -> gcp.compute.BackendServiceLogConfigArgs:
    """Every request, or none: a sample would leave out the one that somebody asks about."""
    sample = 1.0 if spec.access_logs else None
    return gcp.compute.BackendServiceLogConfigArgs(enable=spec.access_logs, sample_rate=sample)
