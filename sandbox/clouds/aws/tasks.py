"""Task definitions of ECS: what a task is to run, refused where Fargate refuses it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from infra import sizes
from infra.contract import Size
from sandbox.clouds.aws.common import arn
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, OneOf, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World
from sandbox.engine.wire import UNKNOWN

TASK = "aws:ecs/taskDefinition:TaskDefinition"
_LARGEST_BYTES = 65536
# botocore's documentation of ecs RegisterTaskDefinition: cpu, memory: as units and MiB, or as vCPU and GB.
_CPU = Text(None, r"[1-9]\d*|\d+(\.\d+)? ?v[Cc][Pp][Uu]", "ECS API, RegisterTaskDefinition")
_MEMORY = Text(None, r"[1-9]\d*|\d+(\.\d+)? ?[Gg][Bb]", "ECS API, RegisterTaskDefinition")
# botocore's documentation of ecs: CreateService.serviceName, CreateCluster.clusterName, RegisterTaskDefinition.family.
ECS_NAME = Text(255, r"[A-Za-z0-9_-]+", "ECS API")


def _task_rules(world: World, r: Resource) -> None:
    """There is a container, and the definition is not larger than ECS takes: "Amazon ECS service quotas", 64 KB."""
    size = len(json.dumps(r.inputs).encode())
    if size > _LARGEST_BYTES:
        raise CloudRefused(
            f"ClientException: Actual length: '{size}'. Max allowed length is '{_LARGEST_BYTES}' bytes.",
            hint="shorten the container's environment variables",
        )
    try:
        containers = json.loads(r.inputs["containerDefinitions"])
    except ValueError as error:
        raise CloudRefused(f"ECS Task Definition container_definitions is invalid: {error}") from error
    if not containers:
        raise CloudRefused("ClientException: TaskDefinition must contain at least one container definition.")


def _create_task(world: World, r: Resource) -> None:
    family = [task for task in world.store.all(TASK) if task.inputs["family"] == r.inputs["family"]]
    r.place["revision"] = 1 + max((task.place.get("revision", 0) for task in family), default=0)


def _task_id(world: World, r: Resource) -> str:
    """The ARN with its revision: pulumi-aws says the family, which two revisions share while one replaces the other."""
    return arn("ecs", r, f"task-definition/{r.inputs['family']}:{r.place['revision']}")


def _task_outputs(world: World, r: Resource) -> Values:
    return {"arn": r.id, "arnWithoutRevision": r.id.rpartition(":")[0], "revision": r.place["revision"]}


def architecture_of(task: Resource) -> str:
    """The platform whose images the task runs, as images name it; ECS API, RuntimePlatform.cpuArchitecture."""
    asked = nested(task.inputs, "runtimePlatform", "cpuArchitecture") or "X86_64"
    return "linux/arm64" if asked == "ARM64" else "linux/amd64"


def cpus_of(task: Resource) -> float:
    """The vCPUs of one task, which are given in 1024ths."""
    given = str(task.inputs.get("cpu") or "")
    return int(given) / 1024 if given.isdigit() else 0.0


def memory_of(task: Resource) -> int:
    """The MiB of one task; 0 where they are not known."""
    return round(_amount(task.inputs.get("memory"), _MEMORY) or 0)


def container_of(task: Resource) -> Values:
    """The one container that the sandbox runs of a task: the first."""
    return containers_of(task)[0]


def containers_of(task: Resource) -> list[Values]:
    """Every container of a task."""
    containers: list[Values] = json.loads(task.inputs["containerDefinitions"])
    return containers


def _task_combinations(inputs: Values) -> Iterator[Mistake]:
    """pulumi-aws 7.51.1, TaskDefinition: what FARGATE requires; sizes: infra.sizes, which says where they are from."""
    if "FARGATE" not in (inputs.get("requiresCompatibilities") or []):
        return
    cpu, memory = inputs.get("cpu"), inputs.get("memory")
    for name, value in (("cpu", cpu), ("memory", memory)):
        if value is None:
            yield name, "is needed where `requiresCompatibilities` has FARGATE"
    if inputs.get("networkMode") != "awsvpc" and inputs.get("networkMode") is not UNKNOWN:
        yield "networkMode", "ClientException: Fargate only supports network mode 'awsvpc'."
    units, mebibytes = _amount(cpu, _CPU), _amount(memory, _MEMORY)
    if units and mebibytes:
        bad = sizes.explain_bad_size("aws", Size(units / 1024, round(mebibytes)))
        if bad:
            yield "memory", f"ClientException: No Fargate configuration exists for given values: {bad[0]} {bad[1]}"


def _amount(value: object, form: Text) -> float | None:
    """In CPU units or MiB; None for what is not known yet, or no such amount: its own rule says that."""
    text = str(value)
    if value is None or value is UNKNOWN or form.refuses(text):
        return None
    number = float(re.findall(r"[\d.]+", text)[0])
    return number if text.isdigit() else number * 1024


_NETWORK_MODE = OneOf(
    (
        "bridge",
        "host",
        "awsvpc",
        "none",
    ),
    "botocore: ecs RegisterTaskDefinition networkMode",
)
_COMPATIBILITY = OneOf(
    (
        "EC2",
        "FARGATE",
        "EXTERNAL",
        "MANAGED_INSTANCES",
    ),
    "botocore: ecs RegisterTaskDefinition requiresCompatibilities",
)
_SYSTEM = OneOf(
    (
        "WINDOWS_SERVER_2019_FULL",
        "WINDOWS_SERVER_2019_CORE",
        "WINDOWS_SERVER_2016_FULL",
        "WINDOWS_SERVER_2004_CORE",
        "WINDOWS_SERVER_2022_CORE",
        "WINDOWS_SERVER_2022_FULL",
        "WINDOWS_SERVER_2025_CORE",
        "WINDOWS_SERVER_2025_FULL",
        "WINDOWS_SERVER_20H2_CORE",
        "LINUX",
    ),
    "botocore: ecs RegisterTaskDefinition runtimePlatform.operatingSystemFamily",
)
_PROCESSOR = OneOf(
    (
        "X86_64",
        "ARM64",
    ),
    "botocore: ecs RegisterTaskDefinition runtimePlatform.cpuArchitecture",
)

declare(
    TASK,
    fidelity=Fidelity.SIMULATED,
    effect="its container's image, environment and port are what the processes get",
    not_simulated="CPU and memory limits, volumes, further containers",
    rules=(_task_rules,),
    id_of=_task_id,
    create=_create_task,
    outputs=_task_outputs,
    limits={
        "family": ECS_NAME,
        "cpu": _CPU,
        "memory": _MEMORY,
        "networkMode": _NETWORK_MODE,
        "requiresCompatibilities[]": _COMPATIBILITY,
        "runtimePlatform.cpuArchitecture": _PROCESSOR,
        "runtimePlatform.operatingSystemFamily": _SYSTEM,
    },
    combinations=(_task_combinations,),
    forces_new=because(
        f"{TERRAFORM_AWS}/ecs/task_definition.go",
        "containerDefinitions",
        "cpu",
        "ephemeralStorage",
        "executionRoleArn",
        "family",
        "ipcMode",
        "memory",
        "networkMode",
        "pidMode",
        "placementConstraints",
        "proxyConfiguration",
        "requiresCompatibilities",
        "runtimePlatform",
        "taskRoleArn",
        "volumes",
    ),
)
