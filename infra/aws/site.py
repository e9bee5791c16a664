"""A site on AWS: Fargate behind an Application Load Balancer, with a certificate proven by standing DNS records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import plan, sizes
from infra.applied import apply
from infra.aws import alarms, audit, budget, dashboard, metrics
from infra.aws import holdings as holdings_aws
from infra.aws.access_logs import build_access_logs
from infra.aws.certificate import build_certificate
from infra.aws.edge import limit_addresses
from infra.aws.holdings import Holdings
from infra.aws.network import Network, build_network
from infra.aws.registry import build_site_image
from infra.aws.roles import build_role, execution_policy
from infra.aws.rollback import refuse_rollback
from infra.aws.scaling import add_scaling, choose_capacity
from infra.aws.secrets import TaskSecrets, build_secrets
from infra.contract import CONNECTION_SECONDS, HEALTH_PATH, PORT, Site, SiteSpec
from infra.dns import ZoneWriter
from infra.edge import HSTS
from infra.image import BuiltImage
from infra.settings.kinds import AwsOptions, SiteSettings
from infra.site import after, deploy_site
from infra.stack import build_spec

CONTAINER = "service"
Text = pulumi.Output[str]


def program(settings: SiteSettings[AwsOptions]) -> dict[str, Any]:
    """Of a stack of the kind `aws`."""
    return deploy_site(Aws(settings.options), build_spec(settings))


@dataclass(frozen=True)
class LoadBalancer:
    """What answers the public: the load balancer, where it sends requests, and the listener that must exist first."""

    load_balancer: aws.lb.LoadBalancer
    target_group: aws.lb.TargetGroup
    https: aws.lb.Listener


@dataclass(frozen=True)
class Deployed:
    """The service, and the task definition that it was asked to run."""

    service: aws.ecs.Service
    asked: pulumi.Output[str]
    scaling: aws.appautoscaling.Target


class Aws:
    """Satisfies `infra.contract.Cloud`."""

    name = "aws"

    def __init__(self, options: AwsOptions) -> None:
        self._options = options

    def unsupported(self, spec: SiteSpec) -> Mapping[str, str]:
        """Tasks are added by their requests a minute and their processor time, not by requests at once."""
        return {"concurrency": "a load balancer does not limit the requests that a task works on"}

    def deploy(self, spec: SiteSpec) -> Site:
        """Register the site's resources."""
        name = plan.name_site(spec.prefix, spec.name)
        origin = pulumi.Output.concat(f"{spec.name}.", spec.host)
        zone = ZoneWriter(spec.zone_id)
        network = build_network(name, spec.region, self._options)
        holdings = holdings_aws.of_site(name, spec)
        image = build_site_image(holdings, spec, self._options.architecture)
        balancer = _load_balancer(name, spec, network, build_certificate(zone, spec, origin))
        limit_addresses(name, balancer.load_balancer, spec.address_limit)
        deployed = _service(name, spec, self._options, network, balancer, image, holdings)
        watched = metrics.watch(balancer.load_balancer, balancer.target_group, deployed.service)
        if spec.dashboard:
            dashboard.build_dashboard(name, spec, watched)
        if spec.alert_email:
            alarms.build_alarms(name, spec.alert_email, watched)
            budget.build_budget(name, spec)
        record = zone.alias("origin", origin, balancer.load_balancer.dns_name, balancer.load_balancer.zone_id)
        return Site(
            name=spec.name,
            cloud=self.name,
            region=spec.region,
            origin_host=after(origin, record),
            # A load balancer's addresses change, so checkers resolve its own name; the certificate holds that too.
            probe_address=origin,
            probe_server_name=origin,
            model_digest=spec.model_digest,
            image_digest=after(_running_digest(deployed, image.digest), deployed.service),
            capacity_rps=plan.capacity(spec.replicas, spec.rps_per_replica),
            # Not before it scales: the capacity that is exported is that of its full size.
            workload=after(deployed.service.id, deployed.scaling),
        )


# -- load balancer ------------------------------------------------------------------------------------------------


def _load_balancer(
    name: str, spec: SiteSpec, network: Network, certificate: aws.acm.CertificateValidation
) -> LoadBalancer:
    targets = _target_group(name, network)
    balancer = aws.lb.LoadBalancer(
        "front",
        name=name,
        load_balancer_type="application",
        internal=False,
        security_groups=[network.load_balancer_group],
        subnets=network.subnet_ids,
        drop_invalid_header_fields=True,
        enable_deletion_protection=spec.protect,
        access_logs=build_access_logs(name, spec, targets),
        client_keep_alive=CONNECTION_SECONDS,  # by default an hour, and who keeps a connection never asks DNS again
        opts=pulumi.ResourceOptions(depends_on=network.ways_out),
    )
    https = aws.lb.Listener(
        "https",
        load_balancer_arn=balancer.arn,
        port=443,
        protocol="HTTPS",
        # TLS 1.2 and 1.3: the health checkers of Route 53 are documented to speak no more than 1.2.
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        # Of the validation, not of the certificate: a listener is refused one that is not issued yet.
        certificate_arn=certificate.certificate_arn,
        default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)],
        # For the answers that it gives itself, a refusal or a 503; the service sends the same with each of its own.
        routing_http_response_strict_transport_security_header_value=HSTS,
    )
    redirect = aws.lb.ListenerDefaultActionRedirectArgs(port="443", protocol="HTTPS", status_code="HTTP_301")
    aws.lb.Listener(
        "http",
        load_balancer_arn=balancer.arn,
        port=80,
        protocol="HTTP",
        default_actions=[aws.lb.ListenerDefaultActionArgs(type="redirect", redirect=redirect)],
    )
    return LoadBalancer(balancer, targets, https)


def _target_group(name: str, network: Network) -> aws.lb.TargetGroup:
    health = aws.lb.TargetGroupHealthCheckArgs(
        path=HEALTH_PATH, interval=10, timeout=5, healthy_threshold=2, unhealthy_threshold=2, matcher="200"
    )
    return aws.lb.TargetGroup(
        "tasks",
        name=name,
        target_type="ip",
        port=PORT,
        protocol="HTTP",
        vpc_id=network.vpc_id,
        health_check=health,
        deregistration_delay=30,
    )


# -- service -------------------------------------------------------------------------------------------------------


def _service(
    name: str,
    spec: SiteSpec,
    options: AwsOptions,
    network: Network,
    balancer: LoadBalancer,
    image: BuiltImage,
    holdings: Holdings,
) -> Deployed:
    sent = [audit.send_log(holdings.log_group, spec.audit)] if spec.audit else []
    cluster = aws.ecs.Cluster("cluster", name=name, settings=_insights(options))
    fargate = aws.ecs.ClusterCapacityProviders(
        "fargate", cluster_name=cluster.name, capacity_providers=["FARGATE", "FARGATE_SPOT"]
    )
    execution = build_role(name, "execution")
    secrets = build_secrets(holdings.secrets, spec.secrets)
    policy = execution_policy(holdings.repository_arn, holdings.log_group_arn, secrets)
    allowed = aws.iam.RolePolicy("execution", role=execution.id, policy=policy)
    task = aws.ecs.TaskDefinition(
        "task",
        family=name,
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=sizes.fargate_units(spec.size.cpu),
        memory=str(spec.size.memory_mib),
        execution_role_arn=execution.arn,
        # The service calls nothing of AWS: its role has no policy.
        task_role_arn=build_role(name, "task").arn,
        runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
            operating_system_family="LINUX", cpu_architecture=options.architecture.upper()
        ),
        container_definitions=_container(spec, image.reference, holdings.log_group, secrets),
    )
    service = aws.ecs.Service(
        "service",
        name=name,
        cluster=cluster.arn,
        task_definition=task.arn,
        desired_count=spec.replicas.minimum,
        capacity_provider_strategies=choose_capacity(spec.replicas, spot_above=options.spot_above),
        # Without it the provider replaces a service whose capacity providers change, and the site is gone meanwhile.
        force_new_deployment=True,
        network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
            subnets=network.task_subnet_ids,
            security_groups=[network.task_group],
            assign_public_ip=network.tasks_are_public,
        ),
        load_balancers=[_registered(balancer)],
        deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
        deployment_minimum_healthy_percent=100,
        propagate_tags="SERVICE",  # tasks are what costs, and tags are how a bill is told apart
        health_check_grace_period_seconds=60,
        # `up` ends when the tasks answer, and fails when they do not.
        wait_for_steady_state=True,
        # How many there are is said by the scaling from then on: an update that counted again would undo that.
        opts=pulumi.ResourceOptions(
            depends_on=[balancer.https, fargate, allowed, *sent, *network.paths], ignore_changes=["desiredCount"]
        ),
    )
    return Deployed(service, task.arn, add_scaling(name, spec, service, cluster.name, _metric_label(balancer)))


def _insights(options: AwsOptions) -> list[aws.ecs.ClusterSettingArgs]:
    """Said either way: left out, a cluster follows the account's own setting."""
    value = "enabled" if options.container_insights else "disabled"
    return [aws.ecs.ClusterSettingArgs(name="containerInsights", value=value)]


def _registered(balancer: LoadBalancer) -> aws.ecs.ServiceLoadBalancerArgs:
    """Where each task is registered as a target."""
    return aws.ecs.ServiceLoadBalancerArgs(
        target_group_arn=balancer.target_group.arn, container_name=CONTAINER, container_port=PORT
    )


def _metric_label(balancer: LoadBalancer) -> Text:
    """Whose requests are counted: Application Auto Scaling API, PredefinedMetricSpecification.ResourceLabel."""
    return pulumi.Output.concat(balancer.load_balancer.arn_suffix, "/", balancer.target_group.arn_suffix)


def _running_digest(deployed: Deployed, image_digest: pulumi.Output[str]) -> pulumi.Output[str]:
    """The image's digest, once the tasks that run are of the definition asked for.

    A rollback by the circuit breaker ends in a steady state too, that of the tasks before, and the provider is content.
    Exported as if it were the new one, the site would claim a model that it does not serve.
    """
    known: pulumi.Output[list[str]] = pulumi.Output.all(deployed.service.task_definition, deployed.asked, image_digest)
    return apply(known, lambda found: refuse_rollback(*found))


def _container(spec: SiteSpec, image: Text, log_group: Text, secrets: TaskSecrets) -> Text:
    """The one container, as the task definition's JSON (ECS API, ContainerDefinition)."""
    variables = plan.environment(spec.name, spec.models, spec.environment) | {"PORT": str(PORT)}
    logs = {"awslogs-group": log_group, "awslogs-region": spec.region, "awslogs-stream-prefix": CONTAINER}
    container = {
        "name": CONTAINER,
        "image": image,
        "essential": True,
        "readonlyRootFilesystem": True,
        "portMappings": [{"containerPort": PORT, "protocol": "tcp"}],
        "environment": [{"name": k, "value": v} for k, v in sorted(variables.items())],
        **({"secrets": list(secrets.references)} if secrets.references else {}),
        # Left to its default mode ECS drops lines that it cannot send, audit records among them.
        "logConfiguration": {"logDriver": "awslogs", "options": {**logs, "mode": "blocking"}},
    }
    return pulumi.Output.json_dumps([container])
