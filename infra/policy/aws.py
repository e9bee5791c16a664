"""The rules for resources on AWS. Pure. Ids: checkov (CKV_…), prowler (lower case), AWSGuard (with hyphens).

One file, although over 300 lines: half of it is a table, and a rule is read together with what it looks at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from infra.policy.rule import Facts, Resource, Rule
from infra.policy.values import TASK, containers, dig, listed, statements

_YEAR_SECONDS = 31_536_000  # what hstspreload.org asks for
LISTENER, BALANCER = "aws:lb/listener:Listener", "aws:lb/loadBalancer:LoadBalancer"
SERVICE = "aws:ecs/service:Service"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
NAT = "aws:ec2/natGateway:NatGateway"

# TLS 1.2 and better with forward secrecy. docs.aws.amazon.com/elasticloadbalancing/latest/application/
# describe-ssl-policies.html
_MODERN = ("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-", "ELBSecurityPolicy-FS-1-2-Res-")
_WEAK = ("-Ext1-", "-Ext2-")


def _listener_encrypted(resource: Resource, facts: Facts) -> str:
    if dig(resource.inputs, "protocol") in ("HTTPS", "TLS"):
        return ""
    redirected = dig(resource.inputs, "defaultActions.0.redirect.protocol") == "HTTPS"
    return "" if redirected else f"port {dig(resource.inputs, 'port')} answers without TLS"


def _modern_tls(resource: Resource, facts: Facts) -> str:
    policy = str(dig(resource.inputs, "sslPolicy", "none"))
    modern = policy.startswith(_MODERN) and not any(weak in policy for weak in _WEAK)
    return "" if modern or dig(resource.inputs, "protocol") != "HTTPS" else f"its TLS policy is {policy}"


def _hsts(resource: Resource, facts: Facts) -> str:
    sent = str(dig(resource.inputs, "routingHttpResponseStrictTransportSecurityHeaderValue", ""))
    age = re.search(r"max-age=(\d+)", sent)
    kept = age is not None and int(age[1]) >= _YEAR_SECONDS
    return "" if kept or dig(resource.inputs, "protocol") != "HTTPS" else f"its own answers say '{sent or 'nothing'}'"


def _drops_invalid_headers(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "dropInvalidHeaderFields") else "it passes malformed headers on"


def _desync(resource: Resource, facts: Facts) -> str:
    mode = dig(resource.inputs, "desyncMitigationMode", "defensive")
    return "" if mode in ("defensive", "strictest") else f"its desync mitigation is {mode}"


def _access_logs(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "accessLogs.enabled") else "it keeps no access log"


def _deletion_protection(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "enableDeletionProtection") else "anybody's `destroy` deletes it"


def _rate_limited(resources: Sequence[Resource], facts: Facts) -> list[str]:
    balancers = [resource.name for resource in resources if resource.type == BALANCER]
    if any(resource.type == "aws:wafv2/webAclAssociation:WebAclAssociation" for resource in resources):
        acls = [resource for resource in resources if resource.type == "aws:wafv2/webAcl:WebAcl"]
        counting = any(
            dig(rule, "statement.rateBasedStatement") for acl in acls for rule in dig(acl.inputs, "rules", ())
        )
        return [f"the web ACL '{acl.name}' counts nobody's requests" for acl in acls if not counting]
    return [f"the load balancer '{name}' has no web ACL" for name in balancers]


def _target_group_checked(resource: Resource, facts: Facts) -> str:
    checked = dig(resource.inputs, "healthCheck.path") and dig(resource.inputs, "healthCheck.enabled", True)
    return "" if checked else "its targets are sent requests whether they answer or not"


def _private_tasks(resource: Resource, facts: Facts) -> str:
    return "its tasks have public addresses" if dig(resource.inputs, "networkConfiguration.assignPublicIp") else ""


def _rolls_back(resource: Resource, facts: Facts) -> str:
    breaker = dig(resource.inputs, "deploymentCircuitBreaker", {})
    return "" if breaker.get("enable") and breaker.get("rollback") else "a deployment that fails is not rolled back"


def _latest_platform(resource: Resource, facts: Facts) -> str:
    version = dig(resource.inputs, "platformVersion", "LATEST")
    return "" if version == "LATEST" else f"it stays on the platform version {version}"


def _on_demand_base(resource: Resource, facts: Facts) -> str:
    strategies = dig(resource.inputs, "capacityProviderStrategies", ())
    if not any(one.get("capacityProvider") == "FARGATE_SPOT" for one in strategies):
        return ""
    based = any(one.get("capacityProvider") == "FARGATE" and (one.get("base") or 0) >= 1 for one in strategies)
    return "" if based else "every task may be taken back with two minutes' notice"


def _unprivileged(resource: Resource, facts: Facts) -> str:
    named = [str(one.get("name")) for one in containers(resource) if one.get("privileged")]
    return f"privileged: {', '.join(named)}" if named else ""


def _read_only_root(resource: Resource, facts: Facts) -> str:
    named = [str(one.get("name")) for one in containers(resource) if not one.get("readonlyRootFilesystem")]
    return f"may write to its own file system: {', '.join(named)}" if named else ""


def _own_processes(resource: Resource, facts: Facts) -> str:
    return "it shares the host's processes" if dig(resource.inputs, "pidMode") == "host" else ""


def _roles_apart(resource: Resource, facts: Facts) -> str:
    execution, task = dig(resource.inputs, "executionRoleArn"), dig(resource.inputs, "taskRoleArn")
    return "the container has the rights by which it is started" if execution and execution == task else ""


def _blocking_logs(resource: Resource, facts: Facts) -> str:
    for one in containers(resource):
        if dig(one, "logConfiguration.options.mode") != "blocking":
            return f"'{one.get('name')}' goes on when its log cannot be written, and the audit records are lost"
    return ""


def _insights(resource: Resource, facts: Facts) -> str:
    settings = {one.get("name"): one.get("value") for one in dig(resource.inputs, "settings", ())}
    return "" if settings.get("containerInsights") in ("enabled", "enhanced") else "Container Insights are off"


def _scanned(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "imageScanningConfiguration.scanOnPush") else "its images are not scanned"


def _immutable(resource: Resource, facts: Facts) -> str:
    mutable = dig(resource.inputs, "imageTagMutability", "MUTABLE") != "IMMUTABLE"
    return "a tag of it can be moved to another image" if mutable else ""


def _images_expire(resources: Sequence[Resource], facts: Facts) -> list[str]:
    if any(resource.type == "aws:ecr/lifecyclePolicy:LifecyclePolicy" for resource in resources):
        return []
    return [f"'{one.name}' keeps every image" for one in resources if one.type == "aws:ecr/repository:Repository"]


def _retention(resource: Resource, facts: Facts) -> str:
    return "" if dig(resource.inputs, "retentionInDays", 0) > 0 else "it keeps logs, and is paid for, for ever"


def _narrow_policy(resource: Resource, facts: Facts) -> str:
    wide = [
        action
        for statement in statements(resource.inputs["policy"])
        if statement.get("Effect") == "Allow"
        for action in listed(statement.get("Action"))
        if action == "*" or action.endswith(":*")
    ]
    return f"it allows {', '.join(wide)}" if wide else ""


def _trust(resource: Resource, facts: Facts) -> str:
    for statement in statements(resource.inputs["assumeRolePolicy"]):
        principal = statement.get("Principal", "*")
        if principal == "*" or not isinstance(principal, dict) or set(principal) - {"Service", "Federated"}:
            return f"it can be assumed by {principal}"
    return ""


def _open_ports(resource: Resource, facts: Facts) -> str:
    ports = (dig(resource.inputs, "fromPort"), dig(resource.inputs, "toPort"))
    open_ = _is_anyone(resource) and ports not in ((80, 80), (443, 443))
    return f"anyone reaches the ports {ports[0]} to {ports[1]}" if open_ else ""


def _open_egress(resources: Sequence[Resource], facts: Facts) -> list[str]:
    """Tasks that get out nowhere: a NAT gateway that somebody adds later is no way out by itself then."""
    public = any(dig(one.inputs, "networkConfiguration.assignPublicIp") for one in resources if one.type == SERVICE)
    if public or any(one.type == NAT for one in resources):
        return []
    return [f"'{one.name}' lets out to everywhere" for one in resources if one.type == EGRESS and _is_anyone(one)]


def _is_anyone(rule: Resource) -> bool:
    return any(dig(rule.inputs, key) == anyone for key, anyone in (("cidrIpv4", "0.0.0.0/0"), ("cidrIpv6", "::/0")))


def _zone_protected(resource: Resource, facts: Facts) -> str:
    if dig(resource.inputs, "forceDestroy"):
        return "it can be deleted with every record in it"
    return "" if resource.protected else "a `destroy` deletes it"


RULES = (
    Rule(
        "aws-listener-encrypted",
        "an API key, or a row of data, must not cross the network in plain",
        "protocol HTTPS, or a redirect to it",
        (LISTENER,),
        _listener_encrypted,
        public=("CKV_AWS_2", "aws-alb-listener-disallow-unencrypted-traffic"),
    ),
    Rule(
        "aws-listener-modern-tls",
        "older versions and ciphers are broken",
        "a policy ELBSecurityPolicy-TLS13-1-2-…",
        (LISTENER,),
        _modern_tls,
        public=("elbv2_insecure_ssl_ciphers",),
    ),
    Rule(
        "aws-listener-hsts",
        "a browser that was answered once must not try without TLS again, whoever answered it",
        "routing_http_response_strict_transport_security_header_value with a max-age of a year",
        (LISTENER,),
        _hsts,
    ),
    Rule(
        "aws-balancer-drops-invalid-headers",
        "headers that two servers read differently smuggle requests",
        "drop_invalid_header_fields=True",
        (BALANCER,),
        _drops_invalid_headers,
        public=("CKV_AWS_131",),
    ),
    Rule(
        "aws-balancer-desync",
        "requests that are read differently by two servers reach another caller",
        "desync_mitigation_mode defensive or strictest",
        (BALANCER,),
        _desync,
        public=("CKV_AWS_328",),
    ),
    Rule(
        "aws-balancer-access-log",
        "what was refused before it reached the service is in no other log",
        "access_logs with a bucket of its own",
        (BALANCER,),
        _access_logs,
        public=("CKV_AWS_91", "aws-lb-loadbalancer-enable-access-logging"),
    ),
    Rule(
        "aws-balancer-deletion-protection",
        "deleted by mistake, it takes the site down until a new one has its certificate",
        "outlast:protect: true",
        (BALANCER,),
        _deletion_protection,
        public=("CKV_AWS_150", "elb-deletion-protection-enabled"),
    ),
    Rule(
        "aws-rate-limited",
        "one caller without a key can keep every task busy",
        "a web ACL with a rate rule for each address, associated with the load balancer",
        kinds=("aws",),
        stack_check=_rate_limited,
        public=("elbv2_waf_acl_attached",),
    ),
    Rule(
        "aws-target-group-checked",
        "a task that does not answer would go on getting its share of requests",
        "a health check with a path",
        ("aws:lb/targetGroup:TargetGroup",),
        _target_group_checked,
        public=("CKV_AWS_261",),
    ),
    Rule(
        "aws-tasks-private",
        "what has no public address cannot be reached past the load balancer",
        "private subnets with endpoints or a NAT gateway, and assign_public_ip=False",
        (SERVICE,),
        _private_tasks,
        public=("CKV_AWS_333", "ecs_service_no_assign_public_ip"),
    ),
    Rule(
        "aws-deployment-rolls-back",
        "a release that does not start must not take the site with it",
        "deployment_circuit_breaker with enable and rollback",
        (SERVICE,),
        _rolls_back,
    ),
    Rule(
        "aws-platform-latest",
        "an old platform gets no more security updates",
        "leave platform_version out, or write LATEST",
        (SERVICE,),
        _latest_platform,
        public=("CKV_AWS_332",),
    ),
    Rule(
        "aws-spot-above-a-base",
        "when Spot is short in a region, all of its tasks go at once",
        "FARGATE with a base of at least one beside FARGATE_SPOT",
        (SERVICE,),
        _on_demand_base,
    ),
    Rule(
        "aws-container-unprivileged",
        "a privileged container is root on its host",
        "leave privileged out",
        (TASK,),
        _unprivileged,
        public=("CKV_AWS_334",),
    ),
    Rule(
        "aws-container-read-only",
        "who breaks in cannot leave a program behind",
        "readonlyRootFilesystem: true",
        (TASK,),
        _read_only_root,
        public=("CKV_AWS_336",),
    ),
    Rule(
        "aws-task-own-processes",
        "a container that sees the host's processes can read their memory",
        "leave pid_mode out",
        (TASK,),
        _own_processes,
        public=("CKV_AWS_335",),
    ),
    Rule(
        "aws-task-roles-apart",
        "the service needs no right to read images, logs or secrets: only what starts it does",
        "a role of its own for each",
        (TASK,),
        _roles_apart,
        public=("CKV_AWS_249",),
    ),
    Rule(
        "aws-logs-blocking",
        "without it ECS drops log lines when it cannot send them, audit records among them, and a site that should "
        "refuse predictions without a record (OUTLAST_AUDIT_WHEN_FULL=refuse) never notices. Prowler's "
        "ecs_task_definitions_logging_block_mode asks for the opposite, for services that may lose logs",
        "mode: blocking among the options of logConfiguration",
        (TASK,),
        _blocking_logs,
    ),
    Rule(
        "aws-container-insights",
        "without them nobody sees what a task used before it was killed",
        "settings containerInsights enabled, of the cluster",
        ("aws:ecs/cluster:Cluster",),
        _insights,
        public=("CKV_AWS_65",),
    ),
    Rule(
        "aws-registry-scanned",
        "a known hole in the image should be found by us first",
        "scan_on_push=True",
        ("aws:ecr/repository:Repository",),
        _scanned,
        public=("CKV_AWS_163", "aws-ecr-repository-enable-image-scan"),
    ),
    Rule(
        "aws-registry-immutable",
        "who may push must not be able to put another image under a name that somebody trusts",
        "image_tag_mutability IMMUTABLE, and images pushed by digest",
        ("aws:ecr/repository:Repository",),
        _immutable,
        public=("CKV_AWS_51", "aws-ecr-repository-disallow-mutable-image"),
    ),
    Rule(
        "aws-registry-expires",
        "images that nobody goes back to are paid for, and go on being scanned",
        "a lifecycle policy that keeps the newest",
        kinds=("aws",),
        stack_check=_images_expire,
    ),
    Rule(
        "aws-logs-retention",
        "logs without an end are paid for without an end, and kept longer than anybody promised",
        "retention_in_days",
        ("aws:cloudwatch/logGroup:LogGroup",),
        _retention,
        public=("cloudwatch_log_group_retention_policy_specific_days_enabled",),
    ),
    Rule(
        "aws-policy-narrow",
        "who gets into the container should find nothing worth having",
        "name each action",
        ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"),
        _narrow_policy,
        public=("CKV_AWS_62", "CKV_AWS_63"),
    ),
    Rule(
        "aws-role-trusts-services",
        "a role that an account or anybody may assume is a long-lived key by another name",
        "a Service (or Federated) principal and no other",
        ("aws:iam/role:Role",),
        _trust,
        public=("CKV_AWS_60", "CKV_AWS_61"),
    ),
    Rule(
        "aws-open-ports",
        "what is open to everyone is tried by everyone",
        "from anywhere to 80 and 443 alone",
        (INGRESS,),
        _open_ports,
    ),
    Rule(
        "aws-egress-closed",
        "where nothing leads out, a rule that lets out to everywhere waits for the day on which something does",
        "out to the endpoints' group and to the prefix list of S3, as outlast:egress endpoints has it",
        kinds=("aws",),
        stack_check=_open_egress,
    ),
    Rule(
        "aws-zone-protected",
        "a zone made anew has other name servers: the host is gone until the delegation is changed",
        "outlast:protect: true",
        ("aws:route53/zone:Zone",),
        _zone_protected,
    ),
)
