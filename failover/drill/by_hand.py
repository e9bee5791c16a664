"""What a person types to take a change back with the vendors' own programs, where ours cannot any more."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping

from failover.drill.fleet import TAG_EXPIRES, TAG_ID, TAG_UNDO
from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, MARK, SWITCH_OFF, Change
from failover.levers.ecs import SUSPENDED

_INGRESS = {
    "INGRESS_TRAFFIC_ALL": "all",
    "INGRESS_TRAFFIC_INTERNAL_ONLY": "internal",
    "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER": "internal-and-cloud-load-balancing",
}
"""Cloud Run's API and its command line call the same by other names."""


def type_by_hand(change: Change) -> list[str]:
    """The commands that undo a change, to be pasted; none for what ends by itself."""
    write = _COMMANDS.get(change.action)
    return [shlex.join(words) for words in write(change)] if write else []


def _switch_on(change: Change) -> Iterator[list[str]]:
    flags = [f"--{'' if change.before[key] else 'no-'}{key.lower()}" for key in ("Disabled", "Inverted")]
    yield ["aws", "route53", "update-health-check", "--health-check-id", change.check_id, *flags]


def _unmark(change: Change) -> Iterator[list[str]]:
    what = ["--resource-type", "healthcheck", "--resource-id", change.check_id]
    yield ["aws", "route53", "change-tags-for-resource", *what, "--remove-tag-keys", TAG_ID, TAG_EXPIRES, TAG_UNDO]


def _scale_up(change: Change) -> Iterator[list[str]]:
    """The target is `arn:aws:ecs:<region>:<account>:service/<cluster>/<name>`."""
    region, resource = change.target.split(":")[3], change.target.rpartition(":")[2]
    _, cluster, name = resource.split("/")
    place, count = ["--region", region, "--cluster", cluster], str(change.before["desired"])
    yield ["aws", "ecs", "update-service", *place, "--service", name, "--desired-count", count]
    scaling = [f"{SUSPENDED[key]}={str(change.before[key]).lower()}" for key in SUSPENDED if key in change.before]
    if scaling:
        what = ["--service-namespace", "ecs", "--scalable-dimension", "ecs:service:DesiredCount"]
        where = ["--region", region, "--resource-id", resource]
        state = ["--suspended-state", ",".join(scaling)]
        yield ["aws", "application-autoscaling", "register-scalable-target", *where, *what, *state]


def _start_app(change: Change) -> Iterator[list[str]]:
    yield ["az", "containerapp", "start", "--ids", change.target]


def _open_ingress(change: Change) -> Iterator[list[str]]:
    """The target is `projects/<project>/locations/<region>/services/<name>`."""
    _, project, _, region, _, name = change.target.split("/")
    place = ["--project", project, "--region", region]
    ingress = str(change.before["ingress"])
    yield ["gcloud", "run", "services", "update", name, *place, "--ingress", _INGRESS.get(ingress, ingress)]


_COMMANDS: Mapping[str, Callable[[Change], Iterator[list[str]]]] = {
    SWITCH_OFF: _switch_on,
    MARK: _unmark,
    ECS: _scale_up,
    CONTAINER_APP: _start_app,
    CLOUD_RUN: _open_ingress,
}
