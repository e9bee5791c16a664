"""Labels on everything that takes them, by one transformation of the stack instead of an argument of each resource."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pulumi

from infra.applied import apply

_NAMES = {"aws": "tags", "azure-native": "tags", "gcp": "labels"}
"""Package -> what it calls them. On Google Cloud `tags` are something else: network tags, or those of a policy."""

_OTHER_NAMES = {
    "gcp:monitoring/notificationChannel:NotificationChannel": "user_labels",
    "gcp:monitoring/alertPolicy:AlertPolicy": "user_labels",
}
"""Cloud Monitoring's own name for them: the `labels` of a channel are its address (API, NotificationChannel)."""

FULL = ("aws:route53/healthCheck:HealthCheck",)
"""Takes ten tags (Route 53 API, ChangeTagsForResource), and those that drills read and write leave none."""


def tag_everything(labels: Mapping[str, str]) -> None:
    """Let every resource that is registered from now on carry `labels` and the project's name, beside its own."""
    everywhere = {"project": pulumi.get_project(), **labels}
    pulumi.runtime.register_stack_transformation(functools.partial(_tag, everywhere))


def _tag(
    labels: Mapping[str, str], args: pulumi.ResourceTransformationArgs
) -> pulumi.ResourceTransformationResult | None:
    name = _OTHER_NAMES.get(args.type_) or _NAMES.get(args.type_.partition(":")[0], "")
    props: Any = args.props
    if name not in props or args.type_ in FULL:
        return None
    return pulumi.ResourceTransformationResult({**props, name: _joined(labels, props[name])}, args.opts)


def _joined(labels: Mapping[str, str], own: Any) -> Any:
    """What the resource says itself goes first; it may be known only once something else is made."""
    if isinstance(own, pulumi.Output):
        return apply(own, lambda known: {**labels, **(known or {})})
    return {**labels, **(own or {})}
