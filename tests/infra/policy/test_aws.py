"""Each rule of AWS, broken and kept."""

from __future__ import annotations

import pytest

from infra.policy.aws import BALANCER, EGRESS, NAT, RULES, SERVICE
from infra.policy.rule import Resource
from tests.infra.policy.held import Case, ask, ask_stack, check_case, policy, task

REDIRECT = {"defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443"}}]}
TASKS = "ecs-tasks.amazonaws.com"
SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 3}

ACL = "aws:wafv2/webAcl:WebAcl"
HSTS, YEAR = "routingHttpResponseStrictTransportSecurityHeaderValue", "max-age=31536000; includeSubDomains"

CASES = {
    "aws-listener-encrypted": Case(
        {"protocol": "HTTP", "port": 80, "defaultActions": [{"type": "forward"}]},
        "port 80 answers without TLS",
        {"protocol": "HTTP", "port": 80, **REDIRECT},
    ),
    "aws-listener-modern-tls": Case(
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-2016-08"},
        "ELBSecurityPolicy-2016-08",
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    ),
    "aws-balancer-drops-invalid-headers": Case({}, "malformed headers", {"dropInvalidHeaderFields": True}),
    "aws-balancer-desync": Case({"desyncMitigationMode": "monitor"}, "monitor", {"desyncMitigationMode": "strictest"}),
    "aws-balancer-access-log": Case({}, "no access log", {"accessLogs": {"enabled": True, "bucket": "b"}}),
    "aws-balancer-deletion-protection": Case({}, "destroy", {"enableDeletionProtection": True}),
    "aws-target-group-checked": Case(
        {"healthCheck": {"enabled": False, "path": "/health"}},
        "whether they answer or not",
        {"healthCheck": {"path": "/health"}},
    ),
    "aws-tasks-private": Case(
        {"networkConfiguration": {"assignPublicIp": True}},
        "public addresses",
        {"networkConfiguration": {"assignPublicIp": False}},
    ),
    "aws-deployment-rolls-back": Case(
        {"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
        "not rolled back",
        {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    ),
    "aws-platform-latest": Case({"platformVersion": "1.3.0"}, "1.3.0", {"platformVersion": "LATEST"}),
    "aws-spot-above-a-base": Case(
        {"capacityProviderStrategies": [SPOT]},
        "taken back",
        {"capacityProviderStrategies": [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, SPOT]},
    ),
    "aws-container-unprivileged": Case(task(privileged=True), "privileged: service", task()),
    "aws-container-read-only": Case(task(), "service", task(readonlyRootFilesystem=True)),
    "aws-task-own-processes": Case({"pidMode": "host"}, "host's processes", {"pidMode": "task"}),
    "aws-task-roles-apart": Case(
        {"executionRoleArn": "arn:a", "taskRoleArn": "arn:a"},
        "rights by which it is started",
        {"executionRoleArn": "arn:a", "taskRoleArn": "arn:b"},
    ),
    "aws-logs-blocking": Case(
        task(logConfiguration={"options": {"awslogs-group": "g"}}),
        "the audit records are lost",
        task(logConfiguration={"options": {"awslogs-group": "g", "mode": "blocking"}}),
    ),
    "aws-container-insights": Case(
        {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        "are off",
        {"settings": [{"name": "containerInsights", "value": "enabled"}]},
    ),
    "aws-registry-scanned": Case({}, "not scanned", {"imageScanningConfiguration": {"scanOnPush": True}}),
    "aws-registry-immutable": Case({}, "can be moved", {"imageTagMutability": "IMMUTABLE"}),
    "aws-logs-retention": Case({"retentionInDays": 0}, "for ever", {"retentionInDays": 30}),
    "aws-policy-narrow": Case(
        {"policy": policy(Action=["s3:*", "logs:PutLogEvents"], Resource="*")},
        "it allows s3:*",
        {"policy": policy(Action="logs:PutLogEvents", Resource="*")},
    ),
    "aws-role-trusts-services": Case(
        {"assumeRolePolicy": policy(Action="sts:AssumeRole", Principal={"AWS": "*"})},
        "assumed by",
        {"assumeRolePolicy": policy(Action="sts:AssumeRole", Principal={"Service": TASKS})},
    ),
    "aws-listener-hsts": Case(
        {"protocol": "HTTPS", HSTS: "max-age=300"}, "max-age=300", {"protocol": "HTTPS", HSTS: YEAR}
    ),
    "aws-open-ports": Case(
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22},
        "22 to 22",
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443},
    ),
}
STACK = {"aws-egress-closed", "aws-rate-limited", "aws-registry-expires", "aws-zone-protected"}


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in RULES} == CASES.keys() | STACK


@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_broken_and_kept(name: str) -> None:
    check_case(name, CASES[name])


def test_only_what_speaks_tls_has_to_send_the_header() -> None:
    assert "nothing" in ask("aws-listener-hsts", {"protocol": "HTTPS"})
    assert ask("aws-listener-hsts", {"protocol": "HTTP"}) == "", "without TLS a browser ignores it: RFC 6797, 8.1"


def test_a_load_balancer_needs_a_web_acl_of_its_own_or_another_stack_none() -> None:
    balancer = Resource(BALANCER, "front", {})
    acl = Resource("aws:wafv2/webAclAssociation:WebAclAssociation", "limits", {})
    assert ask_stack("aws-rate-limited", [balancer]) == ["the load balancer 'front' has no web ACL"]
    assert ask_stack("aws-rate-limited", [balancer, acl]) == []
    counting = {"rules": [{"statement": {"rateBasedStatement": {"limit": 10}}}]}
    for inputs, told in (({}, ["the web ACL 'edge' counts nobody's requests"]), (counting, [])):
        assert ask_stack("aws-rate-limited", [balancer, acl, Resource(ACL, "edge", inputs)]) == told
    assert ask_stack("aws-rate-limited", []) == []


def test_where_nothing_leads_out_no_group_lets_out_to_everywhere() -> None:
    """By the inventories of the program itself, and by what it registered before."""
    anywhere = Resource(EGRESS, "tasks-out", {"cidrIpv4": "0.0.0.0/0", "fromPort": 443, "toPort": 443})
    listed = Resource(EGRESS, "tasks-to-s3", {"prefixListId": "pl-s3", "fromPort": 443, "toPort": 443})
    closed, public = ({"networkConfiguration": {"assignPublicIp": is_public}} for is_public in (False, True))
    service = Resource(SERVICE, "service", closed)
    assert ask_stack("aws-egress-closed", [service, anywhere]) == ["'tasks-out' lets out to everywhere"]
    assert ask_stack("aws-egress-closed", [Resource(EGRESS, "v6", {"cidrIpv6": "::/0"})])
    assert ask_stack("aws-egress-closed", [service, listed]) == []
    assert ask_stack("aws-egress-closed", [service, anywhere, Resource(NAT, "nat-a", {})]) == []
    assert ask_stack("aws-egress-closed", [Resource(SERVICE, "service", public), anywhere]) == []


def test_a_repository_without_a_lifecycle_policy_keeps_every_image() -> None:
    repository = Resource("aws:ecr/repository:Repository", "repository", {})
    policy = Resource("aws:ecr/lifecyclePolicy:LifecyclePolicy", "repository", {})
    assert ask_stack("aws-registry-expires", [repository]) == ["'repository' keeps every image"]
    assert ask_stack("aws-registry-expires", [repository, policy]) == []


def test_a_zone_is_protected_by_the_engine_and_keeps_its_records() -> None:
    assert "every record" in ask("aws-zone-protected", {"forceDestroy": True}, protected=True)
    assert "a `destroy` deletes it" in ask("aws-zone-protected", {"forceDestroy": False})
    assert ask("aws-zone-protected", {"forceDestroy": False}, protected=True) == ""


@pytest.mark.parametrize("weak", ["ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", "ELBSecurityPolicy-TLS13-1-0-2021-06"])
def test_weaker_relatives_of_a_modern_policy_are_refused(weak: str) -> None:
    assert weak in ask("aws-listener-modern-tls", {"protocol": "HTTPS", "sslPolicy": weak})


@pytest.mark.parametrize("principal", ["*", {"AWS": "arn:aws:iam::123456789012:root"}])
def test_a_role_that_an_account_may_assume_is_refused(principal: object) -> None:
    assert ask("aws-role-trusts-services", {"assumeRolePolicy": policy(Principal=principal)})
