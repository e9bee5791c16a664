"""ECS on Fargate: clusters, and services whose tasks are real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sandbox.clouds import quotas, revisions
from sandbox.clouds.aws import scaling
from sandbox.clouds.aws.common import account_of, arn, own_name, region_of
from sandbox.clouds.aws.health import why_unhealthy
from sandbox.clouds.aws.service_rules import CAPACITY_PROVIDERS, CLUSTER, INSIGHTS, SERVICE_RULES
from sandbox.clouds.aws.targets import health_path
from sandbox.clouds.aws.task_count import SERVICE, SPOT, follow_program, see_count, spot_of, wanted_tasks
from sandbox.clouds.aws.tasks import ECS_NAME, TASK, container_of, cpus_of, memory_of
from sandbox.clouds.effects import environment_pairs
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, NO_MEMBER, Mistake, OneOf, Range, because, is_given, is_known
from sandbox.clouds.store import CloudRefused, NotReady, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World
from sandbox.replicas.workload import Workload
from service.errors import Unavailable

# A load balancer does not limit what a task works on: one that is asked for more than this is not in this sandbox.
_FARGATE, _OWN_PROVIDER = ("FARGATE", SPOT), "aws:ecs/capacityProvider:CapacityProvider"
_UNLIMITED = 1000
# pulumi-aws 7.51.1, timeouts of Service: "create - (Default 20m)", "update - (Default 20m)".
_STEADY_SECONDS = 1200.0
# How long targets that are never reached are replaced before the deployment is given up: assumed, as for those that
# never answer (`sandbox.replicas.workloads.READY_SECONDS`).
_UNREACHED_SECONDS, _LOOK_SECONDS = 300.0, 1.0
_ROLLED_BACK = "the deployment circuit breaker was triggered and rolled the service back"


# -- services --------------------------------------------------------------------------------------------------------


def workload(world: World, r: Resource) -> Workload | None:
    """What the service runs: the task definition that it names, or after a rollback the one before."""
    target: Values = next(iter(r.inputs.get("loadBalancers") or []), {})
    path = health_path(world, target.get("targetGroupArn"))
    kept = revisions.fallen_back_to(r)
    if kept is not None:  # but for the load balancer and the scaling, which were not rolled back
        return _scaled(world, r, replace(kept, probe_path=path), wanted_tasks(r))
    task, cluster = world.store.follow(r, "taskDefinition", TASK), world.store.follow(r, "cluster", CLUSTER)
    if task is None or cluster is None:
        return None
    container = container_of(task)
    desired = min(wanted_tasks(r), placeable_tasks(world, r, task))
    variables = {e["name"]: e["value"] for e in container.get("environment") or []} | r.place.get("secrets", {})
    asked = Workload(
        r.key,
        r.stack,
        r.place["digest"],
        int(target.get("containerPort") or nested(container, "portMappings", 0, "containerPort") or 8080),
        environment_pairs(variables),
        desired,
        desired,
        concurrency=_UNLIMITED,
        probe_path=path,
        tells_port=False,
        memory_mib=memory_of(task),
        probed_by_balancer=True,
        **spot_of(r),
    )
    return _scaled(world, r, asked, desired)


def _scaled(world: World, r: Resource, asked: Workload, desired: int) -> Workload:
    """With the bounds and the rule of its scaling, where that has one and nobody went beyond them by hand."""
    task = world.store.follow(r, "taskDefinition", TASK)
    bounds, rule = scaling.bounds_of(world, r), scaling.rule_of(world, r, cpus_of(task) if task else 0.0)
    if bounds is None or rule is None or not bounds[0] <= desired <= bounds[1]:
        return replace(asked, min_replicas=desired, max_replicas=desired)
    return replace(asked, min_replicas=bounds[0], max_replicas=bounds[1], scaling=rule, start=desired)


def placeable_tasks(world: World, r: Resource, task: Resource) -> int:
    """How many of its tasks the account has vCPUs for: the services that were there before have theirs."""
    before = 0.0
    for service in world.store.all(SERVICE):
        if service.urn == r.urn:
            break
        known = world.store.follow(service, "taskDefinition", TASK)
        if known is not None and (account_of(service), region_of(service)) == (account_of(r), region_of(r)):
            before += wanted_tasks(service) * cpus_of(known)
    return quotas.placeable(world, r, wanted_tasks(r), cpus_of(task), before)


def why_unplaced(world: World, r: Resource) -> str | None:
    """What the service's events say where the account has no vCPUs for a task; None where all are placed."""
    task = world.store.follow(r, "taskDefinition", TASK)
    if task is None or placeable_tasks(world, r, task) >= wanted_tasks(r):
        return None
    return (
        f"(service {own_name(r)}) was unable to place a task. Reason: You've reached the limit on the number of vCPUs "
        "you can run concurrently."
    )


def _wait_steady(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    """Where the program asks for it: until the tasks answer. The circuit breaker goes back to what answered before."""
    if not r.inputs.get("waitForSteadyState"):
        return
    unplaced = why_unplaced(world, r)
    if unplaced is not None:
        raise NotReady(
            f"waiting for ECS Service ({r.id}) to reach a steady state: {unplaced}",
            hint=f"ask for more: Service Quotas, AWS Fargate, {quotas.FARGATE_CPUS}; or fewer outlast:minReplicas",
        )
    try:
        world.hooks.wait_workload(r.key, timeout_seconds or _STEADY_SECONDS, cancelled)
    except Unavailable as error:
        told = f"{_ROLLED_BACK}: {error.what}" if _break_circuit(r) else error.what
        raise NotReady(f"waiting for ECS Service ({r.id}) to reach a steady state: {told}") from error
    _wait_healthy(world, r, cancelled)
    revisions.keep_ready(r, workload(world, r))


def _wait_healthy(world: World, r: Resource, cancelled: Callable[[], bool]) -> None:
    """The tasks answer; the load balancer gets through to them as well, by rules that may still be on their way."""
    deadline = world.clock.simulated_now() + _UNREACHED_SECONDS
    while (why := why_unhealthy(world, r)) is not None:
        if world.clock.simulated_now() > deadline or cancelled():
            told = f"{_ROLLED_BACK}: {why}" if _break_circuit(r) else why
            raise NotReady(
                f"waiting for ECS Service ({r.id}) to reach a steady state: {told}",
                hint="let the load balancer's security group out to the tasks, and the tasks' let it in, on that port",
            )
        world.pause(_LOOK_SECONDS)


def _break_circuit(r: Resource) -> bool:
    """Go back to what answered before, where the service has a circuit breaker that does so and there is something."""
    breaker = r.inputs.get("deploymentCircuitBreaker") or {}
    return bool(breaker.get("enable") and breaker.get("rollback")) and revisions.fall_back(r)


def settle(world: World) -> None:
    """Deployments that nobody waits for end too: one that serves is written down, one that does not is rolled back."""
    for r in world.store.all(SERVICE):
        newest = workload(world, r)
        if newest is None or r.inputs.get("waitForSteadyState") or revisions.is_proven(r, newest):
            continue
        fate = world.hooks.fate_of(r.key, newest.revision)
        with world.store.lock:
            if fate is not None and world.store.get(r.type, r.id) is r:  # an update may have come in between
                _end_deployment(world, r, newest, fate)


def _end_deployment(world: World, r: Resource, newest: Workload, fate: str) -> None:
    if not fate:
        revisions.keep_ready(r, newest)
    elif _break_circuit(r):
        world.report(f"ECS Service ({r.id}): {_ROLLED_BACK}: {fate}")
    else:
        return
    world.store.put(r)


def _begin(world: World, r: Resource) -> None:
    revisions.begin(world, r)
    follow_program(world, r)


def _service_id(world: World, r: Resource) -> str:
    cluster = str(r.inputs.get("cluster", "default")).rpartition("/")[2]
    return arn("ecs", r, f"service/{cluster}/{own_name(r)}")


# -- types -----------------------------------------------------------------------------------------------------------


def _named_outputs(world: World, r: Resource) -> Values:
    return {"arn": r.id, "name": own_name(r)}


def _service_combinations(inputs: Values) -> Iterator[Mistake]:
    """pulumi-aws 7.51.1, Service.launch_type: "Conflicts with capacity_provider_strategy"."""
    if is_given(inputs, "launchType") and is_given(inputs, "capacityProviderStrategies"):
        yield "launchType", "conflicts with `capacityProviderStrategies`"


def _deployment_combinations(inputs: Values) -> Iterator[Mistake]:
    """ECS API, DeploymentConfiguration: percentages between which a deployment can move; by default 100 and 200."""
    least, most = inputs.get("deploymentMinimumHealthyPercent", 100), inputs.get("deploymentMaximumPercent", 200)
    if is_known(least, most) and not 0 <= least < most:
        told = f"minimumHealthyPercent {least:g} and maximumPercent {most:g} would block deployments"
        yield "deploymentMinimumHealthyPercent", f"InvalidParameterException: {told}"


def _provider_rules(world: World, r: Resource) -> None:
    """Fargate's two capacity providers need nothing; any other has to be made: ECS API, PutClusterCapacityProviders."""
    for name in r.inputs.get("capacityProviders") or []:
        if name not in _FARGATE and world.store.find(_OWN_PROVIDER, name) is None:
            raise CloudRefused(
                f"InvalidParameterException: The specified capacity provider '{name}' was not found. Specify a valid "
                "name or ARN and try again.",
                hint=f"Fargate's are {' and '.join(_FARGATE)}",
            )


declare(
    CLUSTER,
    fidelity=Fidelity.SIMULATED,
    effect="services run in it, and nowhere without it",
    not_simulated="Container Insights, Service Connect, the service-linked role of an account's first cluster",
    id_of=lambda world, r: arn("ecs", r, f"cluster/{own_name(r)}"),
    outputs=_named_outputs,
    limits={"name": ECS_NAME, "settings[].value": INSIGHTS},
    forces_new=because(ID, "name"),
)
declare(
    CAPACITY_PROVIDERS,
    fidelity=Fidelity.SIMULATED,
    rules=(
        exists("clusterName", CLUSTER, "ClusterNotFoundException: Cluster not found. ({})", "ECS API"),
        _provider_rules,
    ),
    effect="services may name the capacity that it associates with its cluster",
    not_simulated="the capacity itself: every task starts",
    id_of=lambda world, r: str(r.inputs["clusterName"]),
    forces_new=because(ID, "clusterName"),
)
_LAUNCH = OneOf(
    (
        "EC2",
        "FARGATE",
        "EXTERNAL",
        "MANAGED_INSTANCES",
    ),
    "botocore: ecs CreateService launchType",
)
_SCHEDULING = OneOf(
    (
        "REPLICA",
        "DAEMON",
    ),
    "botocore: ecs CreateService schedulingStrategy",
)
_TAGS = OneOf(
    (
        "TASK_DEFINITION",
        "SERVICE",
        "NONE",
    ),
    "botocore: ecs CreateService propagateTags",
)
_REBALANCING = OneOf(
    (
        "ENABLED",
        "DISABLED",
    ),
    "botocore: ecs CreateService availabilityZoneRebalancing",
)
_CONTROLLER = OneOf(
    (
        "ECS",
        "CODE_DEPLOY",
        "EXTERNAL",
    ),
    "botocore: ecs CreateService deploymentController.type",
)

declare(
    SERVICE,
    fidelity=Fidelity.SIMULATED,
    illness=(
        "a container port that the process does not listen on: no task gets healthy, and the deployment is rolled back",
        "security groups that do not let the load balancer through to the tasks: as above, and 503 from it",
    ),
    not_known=(
        "whether a deployment ends where the subnets have addresses for fewer than twice the tasks: it does here",
    ),
    effect="real service processes, replaced when they die, rolled back when a new revision never gets ready",
    not_simulated="placement, deployment alarms; Spot's tasks are interrupted by `make fault KIND=spot` alone",
    rules=SERVICE_RULES,
    create=_begin,
    update=_begin,
    refresh=see_count,
    wait=_wait_steady,
    id_of=_service_id,
    outputs=_named_outputs,
    limits={
        "name": ECS_NAME,
        "launchType": _LAUNCH,
        "schedulingStrategy": _SCHEDULING,
        "propagateTags": _TAGS,
        "availabilityZoneRebalancing": _REBALANCING,
        "deploymentController.type": _CONTROLLER,
        "healthCheckGracePeriodSeconds": Range(0, 2147483647, "ECS API, CreateService"),
        "capacityProviderStrategies[].base": Range(0, 100_000, "ECS API, CapacityProviderStrategyItemBase"),
        "capacityProviderStrategies[].weight": Range(0, 1000, "ECS API, CapacityProviderStrategyItemWeight"),
    },
    combinations=(_service_combinations, _deployment_combinations),
    forces_new=because(ID, "name", "cluster")
    | because(f"{NO_MEMBER} UpdateService", "launchType", "schedulingStrategy", "iamRole"),
)
