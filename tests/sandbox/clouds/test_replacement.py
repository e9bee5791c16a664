"""What replaces a resource, as the types' rows say it, against the installed SDKs and botocore's models."""

from __future__ import annotations

import re

import botocore.session
import pytest

from sandbox.clouds import reference
from sandbox.clouds.kinds import KINDS
from sandbox.engine import sdk
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

SERVICES = {"route53": "route53", "ec2": "ec2", "iam": "iam", "lb": "elbv2", "ecs": "ecs"}
# pulumi-aws's name of an input -> what the API's operations call it, where it is not the same but for the first letter.
RENAMED = {
    "measureLatency": "MeasureLatency",
    "launchType": "launchType",
    "schedulingStrategy": "schedulingStrategy",
    "iamRole": "role",
}
FORCES_NEW = {type_: kind.forces_new for type_, kind in KINDS.items() if kind.forces_new}
NOT_KNOWN = {type_: kind.replacement_unknown for type_, kind in KINDS.items() if kind.replacement_unknown}
ABSENT = [
    (type_, name, found[1])
    for type_, inputs in FORCES_NEW.items()
    for name, source in inputs.items()
    if (found := re.match(r"botocore: absent from (\w+)", source))
]


@pytest.mark.parametrize(("type_", "name", "operation"), ABSENT)
def test_the_update_operation_has_no_such_member(type_: str, name: str, operation: str) -> None:
    service = SERVICES[type_.split(":")[1].split("/")[0]]
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    members = {member.lower() for member in model.input_shape.members}
    assert members, "the operation is there"
    assert RENAMED.get(name, name).lower() not in members


def test_every_entry_is_an_input_of_its_type_and_has_a_source() -> None:
    for table in (FORCES_NEW, NOT_KNOWN):
        for type_, names in table.items():
            assert set(names) <= set(sdk.inputs_of(type_).fields), type_
    for inputs in FORCES_NEW.values():
        assert all(source for source in inputs.values())


def test_every_type_in_use_is_in_the_table_and_on_the_page() -> None:
    assert set(KINDS) == set(FORCES_NEW) | set(NOT_KNOWN)
    section = reference.render().split("## What replaces a resource")[1].split("\n## ")[0]
    assert [type_ for type_ in KINDS if f"`{type_}`" not in section] == []


def test_what_is_not_known_is_not_claimed() -> None:
    for type_, names in NOT_KNOWN.items():
        assert not set(names) & set(FORCES_NEW.get(type_, ()))


def test_the_sdks_own_words_are_still_there() -> None:
    said = [
        (type_, name, source.partition(": '")[2].rstrip("'"))
        for type_, inputs in FORCES_NEW.items()
        for name, source in inputs.items()
        if source.startswith("the installed SDK")
    ]
    assert said
    for type_, name, words in said:
        text = " ".join((vars(sdk.inputs_of(type_).cls)["__init__"].__doc__ or "").split())
        assert words in text, (type_, name)


def test_an_input_that_an_id_is_made_of_changes_the_id(clouds: Clouds) -> None:
    one = clouds.make("aws:iam/role:Role", name="one", assumeRolePolicy=sites.trust())
    other = clouds.make("aws:iam/role:Role", "other", name="other", assumeRolePolicy=sites.trust())
    assert one.id != other.id
    assert clouds.clouds.replaces("aws:iam/role:Role") == {"name", "path"}
    assert clouds.clouds.replaces("aws:no/such:Type") == frozenset()
