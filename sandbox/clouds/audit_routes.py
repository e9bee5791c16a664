"""Where the output of each site's replicas is carried, by the resources that exist: what the shipping follows.

A route is there only where the real one would be: a log group with a subscription whose role may put records into a
stream whose role may write to its bucket; an environment that leaves its logs to diagnostic settings; a sink whose log
bucket exists. What is missing is told by nothing but the records that do not arrive, as in the real cloud.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.audit import AZURE_CATEGORY, AZURE_CONTAINER
from sandbox.clouds.aws.audit import STREAM, SUBSCRIPTION
from sandbox.clouds.aws.roles import role_allows
from sandbox.clouds.aws.task_count import SERVICE as ECS_SERVICE
from sandbox.clouds.aws.tasks import TASK, container_of
from sandbox.clouds.azure.apps import apps_in
from sandbox.clouds.azure.audit import find_sending
from sandbox.clouds.buckets import ACCOUNT, S3_BUCKET
from sandbox.clouds.gcp.audit import SINK
from sandbox.clouds.gcp.common import tail
from sandbox.clouds.gcp.run import SERVICE as RUN_SERVICE
from sandbox.clouds.retention import IMMUTABLE, LOG_BUCKET, log_folder
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

AZURE_SECONDS = 180.0
"""From a console line to its blob. Azure promises no figure for diagnostic settings; "minutes" is all that is said."""

_MEBIBYTE = 1 << 20
_HAS_FIELD = re.compile(r'\{ \$\.(\w+) = "?\*"? \}')
_TERMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'resource\.type="(\w+)"'), "type"),
    (re.compile(r'resource\.labels\.service_name="([\w-]+)"'), "service"),
    (re.compile(r"jsonPayload\.(\w+):\*"), "field"),
)

Wants = Callable[[bytes], bool]
"""Whether a line of output is carried."""


@dataclass(frozen=True)
class Route:
    """From the replicas of a site to a store.

    `folder` is where in the store, among the sandbox's objects; records are gathered for `seconds` of simulated time or
    until they are `most_bytes`. `source` is the ARM id of the environment on Azure, the stream's or the service's name.
    """

    stack: str
    cloud: str
    folder: str
    source: str
    seconds: float
    most_bytes: int
    wants: Wants

    @property
    def key(self) -> str:
        """One site may have several, each to a store of its own."""
        return f"{self.stack} {self.folder}"


def list_routes(world: World) -> list[Route]:
    """Every route that is complete."""
    return [*_on_aws(world), *_on_azure(world), *_on_google(world)]


def _carries_all(line: bytes) -> bool:
    return True


def has_field(name: str) -> Wants:
    """Lines that are JSON objects with that field."""

    def wants(line: bytes) -> bool:
        try:
            document = json.loads(line) if line.startswith(b"{") else None
        except ValueError:
            return False
        return isinstance(document, dict) and name in document

    return wants


# -- AWS -----------------------------------------------------------------------------------------------------------


def _on_aws(world: World) -> Iterator[Route]:
    for subscription in world.store.all(SUBSCRIPTION):
        stream = world.store.follow(subscription, "destinationArn", STREAM)
        wants = _cloudwatch_filter(str(subscription.inputs.get("filterPattern") or ""))
        settings: Values = nested(stream.inputs if stream else {}, "extendedS3Configuration") or {}
        bucket = world.store.find(S3_BUCKET, settings.get("bucketArn"))
        if stream is None or bucket is None or wants is None:
            continue
        if not role_allows(world, settings.get("roleArn"), "s3:PutObject", f"arn:aws:s3:::{bucket.id}/audit"):
            continue
        for stack in _writers(world, str(subscription.inputs.get("logGroup"))):
            yield Route(
                stack,
                "aws",
                f"{bucket.id}/{settings.get('prefix') or ''}",
                str(stream.outputs.get("name")),
                float(settings.get("bufferingInterval") or 300),
                int(settings.get("bufferingSize") or 5) * _MEBIBYTE,
                wants,
            )


def _cloudwatch_filter(pattern: str) -> Wants | None:
    found = _HAS_FIELD.fullmatch(pattern)
    return has_field(found[1]) if found else _carries_all if not pattern else None


def _writers(world: World, log_group: str) -> list[str]:
    """The stacks whose services write to that log group."""
    found = []
    for service in world.store.all(ECS_SERVICE):
        task = world.store.follow(service, "taskDefinition", TASK)
        options: Values = nested(container_of(task), "logConfiguration", "options") or {} if task else {}
        if options.get("awslogs-group") == log_group:
            found.append(service.stack)
    return found


# -- Azure ---------------------------------------------------------------------------------------------------------


def _on_azure(world: World) -> Iterator[Route]:
    for environment, account in find_sending(world, AZURE_CATEGORY, "storageAccountId", ACCOUNT):
        name = str(account.inputs.get("accountName"))
        if not _takes_appends(world, name):
            continue
        for app in apps_in(world, environment):
            folder = f"{name}/{AZURE_CONTAINER}/"
            yield Route(app.stack, "azure", folder, environment.id, AZURE_SECONDS, 4 * _MEBIBYTE, _carries_all)


def _takes_appends(world: World, account: str) -> bool:
    """A container that nothing may be appended to takes one line and no second."""
    policies = [
        one.inputs
        for one in world.store.all(IMMUTABLE)
        if (one.inputs.get("accountName"), one.inputs.get("containerName")) == (account, AZURE_CONTAINER)
    ]
    allowed = ("allowProtectedAppendWrites", "allowProtectedAppendWritesAll")
    return all(any(policy.get(name) for name in allowed) for policy in policies)


# -- Google Cloud --------------------------------------------------------------------------------------------------


def _on_google(world: World) -> Iterator[Route]:
    for sink in world.store.all(SINK):
        path = str(sink.inputs.get("destination")).removeprefix("logging.googleapis.com/")
        terms = _read_filter(str(sink.inputs.get("filter") or ""))
        if world.store.get(LOG_BUCKET, path) is None or terms is None:
            continue
        if terms.get("type", "cloud_run_revision") != "cloud_run_revision":
            continue
        wants = has_field(terms["field"]) if "field" in terms else _carries_all
        for service in world.store.all(RUN_SERVICE):
            if terms.get("service", tail(service)) == tail(service):
                folder = f"{log_folder(path)}/"
                yield Route(service.stack, "gcp", folder, tail(service), 0.0, _MEBIBYTE, wants)


def _read_filter(text: str) -> dict[str, Any] | None:
    """What of the query language the sandbox knows; None where the filter says anything else."""
    found: dict[str, Any] = {}
    for term in filter(None, text.split(" AND ")):
        known = [(name, match[1]) for pattern, name in _TERMS if (match := pattern.fullmatch(term))]
        if not known:
            return None
        found |= dict(known)
    return found
