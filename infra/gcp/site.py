"""A site on Google Cloud: Cloud Run behind a global load balancer, with a certificate proven by a standing CNAME."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra import plan, sizes
from infra.contract import HEALTH_PATH, LIVE_PATH, PORT, Site, SiteSpec
from infra.dns import ZoneWriter
from infra.gcp import alarms, audit, budget, dashboard, logs
from infra.gcp import holdings as holdings_gcp
from infra.gcp import secrets as gcp_secrets
from infra.gcp.certificate import Certificates, build_certificates
from infra.gcp.edge import limit_addresses
from infra.gcp.holdings import Holdings
from infra.gcp.network import build_network
from infra.gcp.registry import build_site_image
from infra.gcp.secrets import ServiceSecrets
from infra.image import BuiltImage
from infra.settings.kinds import GcpOptions, SiteSettings
from infra.site import after, deploy_site, held
from infra.stack import build_spec

APIS = ("artifactregistry", "certificatemanager", "compute", "iam", "monitoring", "run", "secretmanager")
SCANNING = ("containerscanning",)
"""While it is on, Artifact Registry looks for known holes in each image that is pushed, and is paid for each."""
SCHEME = "EXTERNAL_MANAGED"
CONTAINER = "service"


def program(settings: SiteSettings[GcpOptions]) -> dict[str, Any]:
    """Of a stack of the kind `gcp`."""
    return deploy_site(Gcp(settings.options), build_spec(settings))


class Gcp:
    """Satisfies `infra.contract.Cloud`."""

    name = "gcp"

    def __init__(self, options: GcpOptions) -> None:
        self._options = options

    def unsupported(self, spec: SiteSpec) -> Mapping[str, str]:
        """Everything that is asked for is given."""
        return {}

    def deploy(self, spec: SiteSpec) -> Site:
        """Register the site's resources."""
        name = plan.name_site(spec.prefix, spec.name)
        origin = pulumi.Output.concat(f"{spec.name}.", spec.host)
        zone = ZoneWriter(spec.zone_id, self._options.dns)
        scanning = SCANNING if self._options.scan_images else ()
        budgets = budget.needed_apis(spec, self._options.billing_account)
        ready = pulumi.ResourceOptions(depends_on=_apis((*scanning, *logs.needed_apis(spec), *budgets)))
        holdings = holdings_gcp.of_site(name, self._options.project, spec, ready)
        image = build_site_image(holdings, spec)
        access = build_network(name, spec, self._options.vpc_cidr, ready)
        service = _service(name, spec, holdings, image, access, ready)
        address = gcp.compute.GlobalAddress("address", name=name, deletion_policy="DELETE", opts=held(spec, ready))
        certificates = build_certificates(name, spec, zone, ready)
        urls = _url_map(name, spec, service, ready)
        ports = _load_balancer(name, urls, address, certificates, ready)
        if spec.dashboard:
            dashboard.build_dashboard(name, spec, ready)
        if spec.alert_email:
            told = alarms.build_alarms(name, spec.alert_email, spec.replicas.minimum, ready)
            budget.build_budget(name, spec, self._options.billing_account, told, ready)
        record = zone.address("origin", origin, address.address)
        return Site(
            name=spec.name,
            cloud=self.name,
            region=spec.region,
            origin_host=after(origin, record, *ports),
            probe_address=address.address,
            probe_server_name=spec.host,
            model_digest=spec.model_digest,
            image_digest=after(image.digest, service),
            capacity_rps=plan.capacity(spec.replicas, spec.rps_per_replica),
            workload=service.id,
        )


def _apis(more: tuple[str, ...]) -> list[gcp.projects.Service]:
    """What the project has to have switched on. Destroying the site leaves them on: others may use them."""
    return [
        gcp.projects.Service(f"api-{api}", service=f"{api}.googleapis.com", disable_on_destroy=False)
        for api in (*APIS, *more)
    ]


# -- service -------------------------------------------------------------------------------------------------------


def _service(
    name: str,
    spec: SiteSpec,
    holdings: Holdings,
    image: BuiltImage,
    access: gcp.cloudrunv2.ServiceTemplateVpcAccessArgs | None,
    ready: pulumi.ResourceOptions,
) -> gcp.cloudrunv2.Service:
    # The service calls nothing of Google's: its account may read its own secrets, and that is all.
    account = gcp.serviceaccount.Account("identity", account_id=name, display_name=name, opts=ready)
    secrets = gcp_secrets.build_secrets(name, holdings.secrets, spec.secrets, account)
    sent = logs.send_logs(name, spec, holdings.log_bucket, ready)
    sent += [audit.send_log(name, spec.audit, ready)] if spec.audit else []
    return gcp.cloudrunv2.Service(
        "service",
        name=name,
        location=spec.region,
        # Only the load balancer gets in, so that the public host is the one way to the model.
        ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
        default_uri_disabled=True,
        # Who may call is decided by the service itself, which asks for API keys; else Cloud Run lets nobody in. Not by
        # a binding for allUsers: domain-restricted sharing, the default of new organizations, refuses that.
        # cloud.google.com/run/docs/securing/managing-access#invoker_check
        invoker_iam_disabled=True,
        # The provider's default would refuse `pulumi destroy`, and every change that replaces the service.
        deletion_protection=False,
        template=_template(spec, image, account, secrets, access),
        opts=pulumi.ResourceOptions.merge(ready, pulumi.ResourceOptions(depends_on=[*secrets.may_read, *sent])),
    )


def _template(
    spec: SiteSpec,
    image: BuiltImage,
    account: gcp.serviceaccount.Account,
    secrets: ServiceSecrets,
    access: gcp.cloudrunv2.ServiceTemplateVpcAccessArgs | None,
) -> gcp.cloudrunv2.ServiceTemplateArgs:
    return gcp.cloudrunv2.ServiceTemplateArgs(
        service_account=account.email,
        containers=[_container(spec, image, secrets)],
        max_instance_request_concurrency=spec.concurrency,
        vpc_access=access,
        scaling=gcp.cloudrunv2.ServiceTemplateScalingArgs(
            min_instance_count=spec.replicas.minimum, max_instance_count=spec.replicas.maximum
        ),
    )


def _container(
    spec: SiteSpec, image: BuiltImage, secrets: ServiceSecrets
) -> gcp.cloudrunv2.ServiceTemplateContainerArgs:
    variables = plan.environment(spec.name, spec.models, spec.environment)  # PORT is Cloud Run's own to set
    return gcp.cloudrunv2.ServiceTemplateContainerArgs(
        name=CONTAINER,
        image=image.reference,
        ports=gcp.cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=PORT),
        envs=[
            *(gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=k, value=v) for k, v in sorted(variables.items())),
            *secrets.variables,
        ],
        resources=gcp.cloudrunv2.ServiceTemplateContainerResourcesArgs(
            limits={"cpu": f"{spec.size.cpu:g}", "memory": sizes.mebibytes(spec.size.memory_mib)},
            # Said because leaving it out beside `limits` means billing by the instance.
            cpu_idle=True,
            startup_cpu_boost=True,
        ),
        startup_probe=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(path=HEALTH_PATH, port=PORT),
            period_seconds=2,
            failure_threshold=30,
            timeout_seconds=1,  # less than the period (Cloud Run API v2, Probe)
        ),
        liveness_probe=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerLivenessProbeHttpGetArgs(path=LIVE_PATH, port=PORT),
            period_seconds=10,
            failure_threshold=3,
            timeout_seconds=2,
        ),
    )


# -- load balancer ------------------------------------------------------------------------------------------------


def _load_balancer(
    name: str,
    url_map: gcp.compute.URLMap,
    address: gcp.compute.GlobalAddress,
    certificates: Certificates,
    ready: pulumi.ResourceOptions,
) -> list[gcp.compute.GlobalForwardingRule]:
    """Two ports of one address: TLS to the service, plain HTTP to TLS."""
    # Not 1.3 alone: the health checkers of Route 53 are documented to speak no more than 1.2.
    policy = gcp.compute.SSLPolicy("tls", name=name, min_tls_version="TLS_1_2", profile="MODERN", opts=ready)
    entries, filled = certificates
    https = gcp.compute.TargetHttpsProxy(
        "https",
        name=name,
        url_map=url_map.id,
        certificate_map=pulumi.Output.concat("//certificatemanager.googleapis.com/", entries.id),
        ssl_policy=policy.id,
        opts=pulumi.ResourceOptions(depends_on=filled),
    )
    redirect = gcp.compute.URLMap(
        "redirect",
        name=f"{name}-redirect",
        default_url_redirect=gcp.compute.URLMapDefaultUrlRedirectArgs(https_redirect=True, strip_query=False),
        opts=ready,
    )
    http = gcp.compute.TargetHttpProxy("http", name=name, url_map=redirect.id)
    return [
        gcp.compute.GlobalForwardingRule(
            f"port-{port}",
            name=f"{name}-{port}",
            target=proxy.id,
            ip_address=address.address,
            ip_protocol="TCP",
            port_range=str(port),
            load_balancing_scheme=SCHEME,
        )
        for port, proxy in ((443, https), (80, http))
    ]


def _url_map(
    name: str, spec: SiteSpec, service: gcp.cloudrunv2.Service, ready: pulumi.ResourceOptions
) -> gcp.compute.URLMap:
    group = gcp.compute.RegionNetworkEndpointGroup(
        "service",
        name=name,
        region=spec.region,
        network_endpoint_type="SERVERLESS",
        cloud_run=gcp.compute.RegionNetworkEndpointGroupCloudRunArgs(service=service.name),
        opts=ready,
    )
    # No health check: a serverless group takes none, so a broken Cloud Run is seen by Route 53's checks alone.
    backend = gcp.compute.BackendService(
        "service",
        name=name,
        load_balancing_scheme=SCHEME,
        protocol="HTTPS",
        backends=[gcp.compute.BackendServiceBackendArgs(group=group.id)],
        log_config=logs.log_requests(spec),
        security_policy=limit_addresses(name, spec.address_limit, ready),
    )
    return gcp.compute.URLMap("service", name=name, default_service=backend.id)
