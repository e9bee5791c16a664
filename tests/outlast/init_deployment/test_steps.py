"""What is to be typed after the files: in order, and every command is there with its options."""

from __future__ import annotations

import shlex

import pytest

from outlast.init_deployment.questions import fill
from outlast.init_deployment.steps import next_steps, render
from tests.outlast.init_deployment.test_questions import GIVEN
from tests.tools_of_pages import check_command


def commands(**changed: str) -> list[str]:
    return [command for step in next_steps("prod", fill(GIVEN | changed)) for command in step.commands]


WHOLE = {"size": "production", "owner": "platform", "cost_centre": "c1"}


@pytest.mark.parametrize("command", sorted({*commands(), *commands(**WHOLE)}))
def test_each_command_is_there_with_its_options(command: str) -> None:
    check_command(shlex.split(command))


def test_what_depends_on_something_comes_after_it() -> None:
    typed = commands()
    ups = [command.split()[3] for command in typed if command.startswith("pulumi up")]
    assert ups == ["prod-zone", "prod-aws", "prod-azure", "prod-gcp", "prod-traffic"]
    whole = [command.split()[3] for command in commands(**WHOLE) if command.startswith("pulumi up")]
    assert whole == ["prod-zone", *(f"prod-base-{cloud}" for cloud in ("aws", "azure", "gcp")), *ups[1:]]
    order = ("make up STACKS=prod", "pulumi login s3://our-state", "pulumi stack init prod-zone", "outlast doctor")
    places = [next(place for place, command in enumerate(typed) if command.startswith(word)) for word in order]
    assert places == sorted(places)


def test_a_state_in_one_of_the_clouds_is_told() -> None:
    lines = "\n".join(render(next_steps("prod", fill(GIVEN))))
    assert "it lies in AWS" in lines
    assert "it lies in" not in "\n".join(render(next_steps("prod", fill({**GIVEN, "state": "file:///state"}))))


def test_the_secrets_provider_reaches_each_stack() -> None:
    key = "awskms://alias/outlast?region=us-east-1"
    assert f"pulumi stack init prod-gcp --secrets-provider {key}" in [c.replace("'", "") for c in commands(secrets=key)]
    assert not any("PASSPHRASE" in command for command in commands(secrets=key))
    assert "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE" in commands()


def test_only_azure_needs_a_certificate_of_ones_own() -> None:
    assert "Key Vault" in "\n".join(render(next_steps("prod", fill(GIVEN))))
    assert "Key Vault" not in "\n".join(render(next_steps("prod", fill({**GIVEN, "clouds": "aws,gcp"}))))
