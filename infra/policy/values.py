"""Reading what resources carry: nested inputs, containers, and policies that are JSON in a text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.policy.rule import Inputs, Resource

TASK = "aws:ecs/taskDefinition:TaskDefinition"
APP = "azure-native:app:ContainerApp"
RUN = "gcp:cloudrunv2/service:Service"
WORKLOADS = (TASK, APP, RUN)


def dig(inputs: Inputs, path: str, default: Any = None) -> Any:
    """The input at a dotted path, through maps and lists (`template.containers.0.image`); `default` where none is."""
    found: Any = inputs
    for key in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, Sequence) and not isinstance(found, str) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            return default
    return default if found is None else found


def containers(resource: Resource) -> list[Mapping[str, Any]]:
    """The containers of a task definition, a Container App or a Cloud Run service, as each cloud writes them."""
    if resource.type == TASK:
        return list(json.loads(resource.inputs["containerDefinitions"]))
    return list(dig(resource.inputs, "template.containers", ()))


def variables(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value of each variable that a container is given in plain."""
    for key in ("environment", "env", "envs"):
        for variable in container.get(key) or ():
            if isinstance(variable.get("value"), str):
                yield variable["name"], variable["value"]


def statements(document: str) -> list[Mapping[str, Any]]:
    """The statements of an IAM policy; one that stands alone is a list of one."""
    found = json.loads(document).get("Statement", [])
    return found if isinstance(found, list) else [found]


def listed(value: Any) -> list[str]:
    """A text or a list of texts, as IAM takes either."""
    return [value] if isinstance(value, str) else list(value or ())
