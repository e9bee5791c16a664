"""The web ACL of a site on AWS: one rule that counts each address, and spares the health check and nothing else."""

from __future__ import annotations

from infra.contract import HEALTH_PATH
from tests.infra.goldens import at_production
from tests.infra.harness import run_stack

ACL, ASSOCIATION = "aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclAssociation:WebAclAssociation"


def test_the_rule_counts_by_the_minute_and_spares_the_one_path() -> None:
    run = run_stack("aws", **at_production(requestsPerMinutePerAddress=300))
    (rule,) = run.one(ACL).inputs["rules"]
    counted = rule["statement"]["rateBasedStatement"]
    assert (counted["limit"], counted["evaluationWindowSec"], counted["aggregateKeyType"]) == (300, 60, "IP")
    match = counted["scopeDownStatement"]["notStatement"]["statement"]["byteMatchStatement"]
    assert (match["searchString"], match["positionalConstraint"]) == (HEALTH_PATH, "EXACTLY")
    assert [one["type"] for one in match["textTransformations"]] == ["NONE"], "what is written otherwise counts"
    assert rule["action"]["block"]["customResponse"]["responseCode"] == 429
    assert run.one(ASSOCIATION).inputs == {"resourceArn": "arn:front", "webAclArn": "arn:edge"}


def test_without_a_limit_there_is_no_web_acl() -> None:
    run = run_stack("aws", **at_production(requestsPerMinutePerAddress=0))
    assert not run.all(ACL) and not run.all(ASSOCIATION)
