"""What an operation's own model bounds is refused in the API's words; the program's own values are within."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.clouds.aws import api_values
from sandbox.clouds.aws.api_values import Bound, bounds_of, mistakes
from sandbox.clouds.kinds import KINDS
from sandbox.engine.wire import UNKNOWN
from tests.sandbox.clouds.harness import Clouds

GOLDEN = Path(__file__).resolve().parents[3] / "golden"
ROLE, SERVICE, CLUSTER = "aws:iam/role:Role", "aws:ecs/service:Service", "aws:ecs/cluster:Cluster"
# Types without an operation of their own in the table, and who looks at their values.
ELSEWHERE = {
    "aws:acm/certificateValidation:CertificateValidation": "a wait, nothing is made",
    "aws:budgets/budget:Budget": "rows: the operation has its values one level deeper, in `Budget`",
    "aws:wafv2/webAcl:WebAcl": "rows: the statements of WAF's model hold each other, without an end",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "two references, which a rule looks up",
    "aws:route53/record:Record": "the simulated Route 53 holds changes to botocore's model itself",
    **dict.fromkeys(
        (type_ for type_ in KINDS if type_.startswith(("aws:ec2/", "aws:vpc/"))), "rows: EC2's model bounds nothing"
    ),
}


def test_every_type_in_use_has_its_operation_or_somebody_else() -> None:
    assert {type_ for type_ in KINDS if type_.startswith("aws:")} == {*api_values.OPERATIONS, *ELSEWHERE}


@pytest.mark.parametrize(
    ("type_", "inputs", "where", "told"),
    [
        (ROLE, {"maxSessionDuration": 60}, "maxSessionDuration", "have value greater than or equal to 3600"),
        (ROLE, {"maxSessionDuration": 43201}, "maxSessionDuration", "have value less than or equal to 43200"),
        (ROLE, {"description": "a" * 1001}, "description", "have length less than or equal to 1000"),
        (ROLE, {"description": "a\x00"}, "description", "satisfy regular expression pattern"),
        (ROLE, {"path": "no/slash"}, "path", "satisfy regular expression pattern"),
        (CLUSTER, {"settings": [{"name": "containerInsight"}]}, "settings[0].name", "enum value set: [containerInsig"),
        (
            SERVICE,
            {"deploymentConfiguration": {"strategy": "CANARIES"}},
            "deploymentConfiguration.strategy",
            "enum value set: [ROLLING, BLUE_GREEN, LINEAR, CANARY]",
        ),
        ("aws:lb/listener:Listener", {"defaultActions": [{"order": 0}]}, "defaultActions[0].order", "equal to 1"),
        ("aws:ecs/taskDefinition:TaskDefinition", {"pidMode": "none"}, "pidMode", "enum value set: [host, task]"),
    ],
)
def test_what_is_beyond_the_model_is_refused_by_its_place(
    type_: str, inputs: dict[str, Any], where: str, told: str
) -> None:
    [(path, reason)] = mistakes(type_, inputs)
    assert path == where and told in reason
    assert (
        reason.startswith("1 validation error detected: Value '") and "failed to satisfy constraint: Member" in reason
    )


def test_it_is_asked_in_the_preview(clouds: Clouds) -> None:
    asked = clouds.request(ROLE, "one", {"maxSessionDuration": 60.0}, stack="aws")
    assert [path for path, _ in clouds.clouds.check(asked)] == ["maxSessionDuration"]


@pytest.mark.parametrize("stack", ["zone", "aws", "azure", "gcp", "traffic"])
def test_the_programs_own_values_are_within(stack: str) -> None:
    resources = json.loads((GOLDEN / f"{stack}.json").read_text())["resources"]
    assert [found for one in resources for found in mistakes(one["type"], one["inputs"])] == []


def test_what_is_unknown_absent_or_said_by_a_row_is_let_be() -> None:
    assert mistakes(ROLE, {"maxSessionDuration": UNKNOWN, "path": "", "description": None}) == []
    assert "launchType" in bounds_of(SERVICE) and mistakes(SERVICE, {"launchType": "FARGAT"}) == [], "the row says it"
    assert mistakes("gcp:compute/uRLMap:URLMap", {"tags": {"a": "b" * 999}}) == []


@pytest.mark.parametrize(
    ("tags", "where"),
    [
        ({"Name": "a" * 257}, ["tags.Name"]),
        ({"aws:mine": "a"}, ["tags.aws:mine"]),
        ({"a" * 129: "a"}, [f"tags.{'a' * 129}"]),
        ({f"key-{n}": "a" for n in range(51)}, ["tags"]),
        ({"Name": "a" * 256, "a" * 128: "", "unknown": UNKNOWN}, []),
        (UNKNOWN, []),
    ],
)
def test_tags_have_their_length_and_number(tags: Any, where: list[str]) -> None:
    assert [path for path, _ in mistakes("aws:ec2/vpc:Vpc", {"tags": tags})] == where


def test_a_bound_says_what_it_takes() -> None:
    assert [str(one) for one in (Bound(("a", "b")), Bound(least=1, most=2), Bound(most=3, pattern="x+"))] == [
        "one of a, b",
        "1 to 2",
        "any to 3 like x+",
    ]
    assert Bound(pattern=r"\p{L}").refusal("!") == "", "a pattern that only Java reads"
