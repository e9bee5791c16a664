"""Secrets on AWS: in Secrets Manager, named by their version, read by the execution role and by no other."""

from __future__ import annotations

import json

from infra.secrets import API_KEYS, RECEIPT_KEYS
from tests.infra.harness import KEYS, run_stack

SECRET, VERSION = "aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"
TASK, POLICY = "aws:ecs/taskDefinition:TaskDefinition", "aws:iam/rolePolicy:RolePolicy"


def test_each_secret_is_one_of_secrets_manager_and_the_container_names_its_version() -> None:
    run = run_stack("aws")
    assert {r.inputs["name"] for r in run.all(SECRET).values()} == {"outlast-aws-api-keys", "outlast-aws-receipt-keys"}
    assert run.one(VERSION, "api-keys").inputs["secretString"] == KEYS["outlast:apiKeys"]
    (container,) = json.loads(run.one(TASK).inputs["containerDefinitions"])
    assert container["secrets"] == [
        {"name": API_KEYS, "valueFrom": "arn:api-keys:::version-api-keys"},
        {"name": RECEIPT_KEYS, "valueFrom": "arn:receipt-keys:::version-receipt-keys"},
    ]
    assert KEYS["outlast:receiptKeys"] not in str(container)


def test_the_execution_role_reads_these_and_no_other() -> None:
    statements = json.loads(run_stack("aws").one(POLICY).inputs["policy"])["Statement"]
    (reading,) = [s for s in statements if s["Action"] == ["secretsmanager:GetSecretValue"]]
    assert reading["Resource"] == ["arn:api-keys", "arn:receipt-keys"]


def test_a_site_that_asks_nobody_has_none() -> None:
    excused = [{"rule": "auth-off", "reason": "a test", "until": "2099-01-01"}]
    run = run_stack("aws", environment={"OUTLAST_AUTH": "off"}, exceptions=excused)
    (container,) = json.loads(run.one(TASK).inputs["containerDefinitions"])
    assert not run.all(SECRET) and "secrets" not in container
    assert "secretsmanager" not in run.one(POLICY).inputs["policy"]
