"""Two production sites on one cloud: neither takes a name of the other's, however long theirs are."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from infra import plan
from infra.settings.regions import CLOUDS
from sandbox.clouds import rules
from sandbox.clouds.simulated import kind_of
from tests.infra.goldens import at_production
from tests.infra.harness import Registered, Run, run_stack

# What an account, a subscription, a project or the world has once under a name; a record is named after the host.
NAMES = (
    *("name", "namePrefix", "family", "bucket", "bucketPrefix", "dashboardName", "repositoryId", "accountId"),
    *("bucketId", "registryName", "containerAppName", "workspaceName", "actionGroupName", "budgetName", "secretName"),
    *("virtualNetworkName", "certificateName", "resourceName", "ruleName", "secretId"),
)
# One that both ask for, and names that count inside of something that each site has for itself.
BESIDE = {
    "gcp:projects/service:Service",
    "azure-native:monitor:DiagnosticSetting",
    "aws:route53/record:Record",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "gcp:secretmanager/secretIamMember:SecretIamMember",
}


@functools.cache
def run_called(cloud: str, name: str) -> Run:
    """The production site of a cloud, as a stack of that name registers it."""
    return run_stack(cloud, called=name, **at_production())


def named(run: Run) -> Iterator[tuple[str, str, str]]:
    """Type, input and value of each name that a cloud is asked for."""
    for one in run.resources:
        if one.type not in BESIDE and not one.type.startswith("pulumi:"):
            yield from ((one.type, key, one.inputs[key]) for key in NAMES if isinstance(one.inputs.get(key), str))


def longest(cloud: str) -> str:
    """The longest name that the parser takes of a site on that cloud."""
    length = next(n for n in range(63, 0, -1) if not plan.list_bad_names(cloud, "outlast", f"eu-{'x' * n}"))
    return f"eu-{'x' * length}"


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_second_site_takes_no_name_of_the_first(cloud: str) -> None:
    first, second = (set(named(run_called(cloud, name))) for name in (cloud, longest(cloud)))
    assert len(first) == len(second) > 5
    assert first & second == set()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_longest_name_is_one_that_the_cloud_takes_everywhere(cloud: str) -> None:
    run = run_called(cloud, longest(cloud))
    assert run.problems == []
    assert [found for one in run.resources for found in mistakes(one)] == []


def mistakes(one: Registered) -> list[str]:
    """What the cloud refuses of a resource's inputs, by the sandbox's rules."""
    if one.type.startswith("pulumi:") or one.type == "docker-build:index:Image":
        return []
    kind = kind_of(one.type)
    found = rules.mistakes(kind.limits, kind.combinations, one.inputs)
    # The mocked clouds' ids are no ids of Azure.
    return [f"{one.name}: {where} {what}" for where, what in found if not str(one.inputs.get(where)).endswith("-id")]
