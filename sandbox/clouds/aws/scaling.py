"""Application Auto Scaling of ECS services: the bounds of a service's tasks, and what moves their number in between."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.aws.common import account_of, arn
from sandbox.clouds.aws.task_count import find_service, set_wanted_tasks, wanted_tasks
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, TERRAFORM_AWS, Mistake, Range, Text, because, is_given, is_known
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested, stable_hex
from sandbox.clouds.world import World
from sandbox.engine.wire import UNKNOWN
from sandbox.replicas import scaling as rules_of_scaling
from sandbox.replicas.scaling import Policy, TargetTracking

TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
ECS, DIMENSION = "ecs", "ecs:service:DesiredCount"
REQUESTS, CPU = "ALBRequestCountPerTarget", "ECSServiceAverageCPUUtilization"
TRACKING = "targetTrackingScalingPolicyConfiguration"
SUSPENDED = "suspended"
# "Application Auto Scaling provides a default value of 300 for ... ECS services": API, ScaleInCooldown.
_COOLDOWN_SECONDS = 300


# -- rules -----------------------------------------------------------------------------------------------------------


def _service_rule(world: World, r: Resource) -> None:
    """The service exists: Application Auto Scaling API, RegisterScalableTarget (moto has the message)."""
    resource = str(r.inputs["resourceId"])
    if r.inputs.get("serviceNamespace") == ECS and find_service(world, resource) is None:
        raise CloudRefused(
            f"ValidationException: ECS service doesn't exist: {resource}",
            hint="take the names of the cluster and of the service from the resources, so that they are made first",
        )


def target_of(world: World, resource_id: str) -> Resource | None:
    """The scalable target of a service."""
    return next((t for t in world.store.all(TARGET) if t.inputs["resourceId"] == resource_id), None)


def policies_of(world: World, resource_id: str) -> list[Resource]:
    """The scaling policies of a service."""
    return [p for p in world.store.all(POLICY) if p.inputs["resourceId"] == resource_id]


def _target_rule(world: World, r: Resource) -> None:
    """There is a scalable target to apply it to: Application Auto Scaling API, PutScalingPolicy,
    ObjectNotFoundException.
    """
    resource, dimension = str(r.inputs["resourceId"]), r.inputs.get("scalableDimension")
    if target_of(world, resource) is None:
        raise CloudRefused(
            f"ObjectNotFoundException: No scalable target registered for service namespace: "
            f"{r.inputs.get('serviceNamespace')}, resource ID: {resource}, scalable dimension: {dimension}",
            hint="take resource_id from the Target, so that it is registered first",
        )


def _label_rule(world: World, r: Resource) -> None:
    """Requests are counted at a target group that the service registers with: Application Auto Scaling API,
    PredefinedMetricSpecification.ResourceLabel.
    """
    metric = nested(r.inputs, TRACKING, "predefinedMetricSpecification") or {}
    if metric.get("predefinedMetricType") != REQUESTS:
        return
    label = str(metric.get("resourceLabel") or "")
    service = find_service(world, str(r.inputs["resourceId"]))
    groups = [str(t.get("targetGroupArn")) for t in (service.inputs.get("loadBalancers") or [] if service else [])]
    suffixes = [group.rpartition(":")[2] for group in groups]
    if not any(label.startswith("app/") and label.endswith(f"/{suffix}") for suffix in suffixes):
        raise CloudRefused(
            f"ValidationException: The resource label '{label}' does not name a target group that is attached to the "
            "ECS service",
            hint="<the load balancer's arn_suffix>/<the target group's arn_suffix>",
        )


# -- what runs by it -------------------------------------------------------------------------------------------------

_METRICS = {REQUESTS: rules_of_scaling.REQUESTS, CPU: rules_of_scaling.CPU}


def _name_of(service: Resource) -> str:
    return service.id.rpartition(":")[2]


def bounds_of(world: World, service: Resource) -> tuple[int, int] | None:
    """How many tasks the service's scaling keeps to; None where nothing scales it."""
    target = target_of(world, _name_of(service))
    return (int(target.inputs["minCapacity"]), int(target.inputs["maxCapacity"])) if target else None


def rule_of(world: World, service: Resource, cpus: float) -> TargetTracking | None:
    """What moves the number of tasks, whose processors are `cpus` each; None where no policy that is simulated does."""
    target = target_of(world, _name_of(service))
    policies = tuple(filter(None, (_read(policy) for policy in policies_of(world, _name_of(service)))))
    if target is None or not policies or not cpus:
        return None
    suspended: Values = target.place.get(SUSPENDED) or target.inputs.get("suspendedState") or {}
    out = not suspended.get("dynamicScalingOutSuspended")
    in_ = not suspended.get("dynamicScalingInSuspended")
    return TargetTracking(policies, cpus, scales_out=out, scales_in=in_)


def _read(policy: Resource) -> Policy | None:
    """A policy that tracks one of the two metrics that the sandbox measures."""
    tracking: Values = policy.inputs.get(TRACKING) or {}
    metric = _METRICS.get(str(nested(tracking, "predefinedMetricSpecification", "predefinedMetricType")))
    if metric is None:
        return None
    return Policy(
        metric,
        float(tracking["targetValue"]),
        out_cooldown=float(tracking.get("scaleOutCooldown", _COOLDOWN_SECONDS)),
        in_cooldown=float(tracking.get("scaleInCooldown", _COOLDOWN_SECONDS)),
        scales_in=not tracking.get("disableScaleIn"),
    )


# -- what follows ----------------------------------------------------------------------------------------------------


def _keep_within(world: World, r: Resource) -> None:
    """Registered, or registered anew: the service has as many tasks as the bounds allow from now on (API,
    RegisterScalableTarget).
    """
    service = find_service(world, str(r.inputs["resourceId"]))
    if service is not None:
        count = min(max(wanted_tasks(service), int(r.inputs["minCapacity"])), int(r.inputs["maxCapacity"]))
        if count != wanted_tasks(service):
            set_wanted_tasks(world, service, count)


def _delete_policies(world: World, r: Resource) -> None:
    """A target's policies go with it: API, DeregisterScalableTarget."""
    for policy in policies_of(world, str(r.inputs["resourceId"])):
        world.store.forget(policy)


# -- types -----------------------------------------------------------------------------------------------------------


def _target_combinations(inputs: Values) -> Iterator[Mistake]:
    """Application Auto Scaling API, RegisterScalableTarget: MinCapacity and MaxCapacity. The words are assumed."""
    least, most = inputs.get("minCapacity"), inputs.get("maxCapacity")
    if is_known(least, most) and float(str(least)) > float(str(most)):
        told = "ValidationException: Maximum capacity cannot be less than minimum capacity"
        yield "maxCapacity", f"{told} ({most:g}, {least:g})"


def _ecs_combinations(inputs: Values) -> Iterator[Mistake]:
    """Application Auto Scaling API: what a service of ECS is called, and the one dimension that it has."""
    namespace, resource, dimension = (inputs.get(n) for n in ("serviceNamespace", "resourceId", "scalableDimension"))
    if namespace != ECS or not is_known(resource, dimension):
        return
    if dimension != DIMENSION or str(resource).count("/") != 2 or not str(resource).startswith("service/"):
        told = "ValidationException: Unsupported service namespace, resource type or scalable dimension"
        yield "resourceId", f"{told}: {resource}, {dimension}; it is service/<cluster>/<service> and {DIMENSION}"


def _policy_combinations(inputs: Values) -> Iterator[Mistake]:
    """pulumi-aws 7.51.1, Policy: each type has its configuration; API, TargetTrackingScalingPolicyConfiguration: "You
    can specify either a predefined metric or a customized metric".
    """
    kind, tracking = inputs.get("policyType") or "StepScaling", inputs.get(TRACKING)
    if UNKNOWN in (kind, tracking):
        return
    if tracking is not None and kind != "TargetTrackingScaling":
        yield TRACKING, f"needs `policyType` TargetTrackingScaling, and it is {kind}"
    if kind == "TargetTrackingScaling" and tracking is None:
        yield TRACKING, "is needed where `policyType` is TargetTrackingScaling"
    if isinstance(tracking, dict):
        given = [n for n in ("predefinedMetricSpecification", "customizedMetricSpecification") if is_given(tracking, n)]
        if len(given) != 1:
            yield TRACKING, "takes a predefined metric or a customized one, and one of them"
        value = tracking.get("targetValue")
        if is_given(tracking, "predefinedMetricSpecification") and is_known(value) and float(str(value)) <= 0:
            yield f"{TRACKING}.targetValue", "is above 0: requests a minute, or a percentage"


def _target_outputs(world: World, r: Resource) -> Values:
    role = (
        "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
    return {
        "arn": arn("application-autoscaling", r, f"scalable-target/{stable_hex(r.urn, length=32)}"),
        "roleArn": r.inputs.get("roleArn") or f"arn:aws:iam::{account_of(r)}:role/{role}",
    }


def _policy_id(world: World, r: Resource) -> str:
    """What it is imported by: pulumi-aws says its name alone, which policies of two services may share."""
    return f"{r.inputs['serviceNamespace']}/{r.inputs['resourceId']}/{r.inputs['scalableDimension']}/{_name(r)}"


def _name(r: Resource) -> str:
    return str(r.inputs.get("name") or r.name)


def _policy_outputs(world: World, r: Resource) -> Values:
    place = f"resource/{r.inputs['serviceNamespace']}/{r.inputs['resourceId']}:policyName/{_name(r)}"
    made = arn("autoscaling", r, f"scalingPolicy:{stable_hex(r.urn, length=32)}:{place}")
    return {"arn": made, "name": _name(r), "alarmArns": []}


_SOURCE = f"{TERRAFORM_AWS}/appautoscaling"
_COOLDOWN = Range(0, 2**31 - 1, "Application Auto Scaling API, Cooldown")
_CAPACITY = Range(0, 2**31 - 1, "Application Auto Scaling API, ResourceCapacity; ECS services may go to 0")

declare(
    TARGET,
    fidelity=Fidelity.SIMULATED,
    effect="keeps the number of a service's tasks within its bounds, at once; policies need it",
    not_simulated="scheduled actions, the service-linked role, other services than ECS",
    rules=(_service_rule,),
    create=_keep_within,
    update=_keep_within,
    delete=_delete_policies,
    id_of=lambda world, r: str(r.inputs["resourceId"]),
    outputs=_target_outputs,
    limits={"minCapacity": _CAPACITY, "maxCapacity": _CAPACITY},
    combinations=(_target_combinations, _ecs_combinations),
    not_known=("the words in which a minimum above the maximum is refused",),
    forces_new=because(f"{_SOURCE}/target.go", "resourceId", "scalableDimension", "serviceNamespace"),
)
declare(
    POLICY,
    fidelity=Fidelity.SIMULATED,
    effect="moves the number of tasks between the target's bounds, by requests and processor time, in simulated time",
    not_simulated="step scaling and predictive scaling, other metrics, the alarms themselves",
    not_known=("the words in which a resource label of another target group is refused",),
    rules=(_target_rule, _label_rule),
    id_of=_policy_id,
    outputs=_policy_outputs,
    limits={
        "name": Text(255, r".+", "pulumi-aws, Policy.name"),
        f"{TRACKING}.scaleOutCooldown": _COOLDOWN,
        f"{TRACKING}.scaleInCooldown": _COOLDOWN,
    },
    combinations=(_ecs_combinations, _policy_combinations),
    forces_new=because(ID, "name")
    | because(f"{_SOURCE}/policy.go", "resourceId", "scalableDimension", "serviceNamespace"),
)
