"""AWS but for Route 53: a network, a registry, certificates, a load balancer and Fargate services.

A request reaches a service here only where it would in life: an internet gateway in the route table of the
balancer's subnets, a security group that lets 443 in and one that lets the balancer through to the tasks, a listener
with an issued certificate, a target group that a service registers with.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from failover.errors import OutlastError, Unavailable
from sandbox.certificates import KeyPair
from sandbox.clouds.effects import Effects, environment_pairs
from sandbox.clouds.kinds import Depth, declare
from sandbox.clouds.route53 import ELB_ZONE_ID
from sandbox.clouds.world import (
    ACCOUNT,
    CloudRefused,
    NotReady,
    Resource,
    Values,
    World,
    hex_id,
    nested,
    stable_hex,
)
from sandbox.fronts import Binding, Front
from sandbox.replicas import Workload

_FORCE_NEW = "pulumi-aws 7.51.1, 'Forces new resource' in the property's documentation"
# "The default value is 75m" for CertificateValidation's create: pulumi-aws 7.51.1.
VALIDATION_SECONDS = 75 * 60.0
EVERYWHERE = "0.0.0.0/0"


def _region(r: Resource) -> str:
    return str(r.inputs.get("region") or r.config.get("region") or "us-east-1")


def _arn(service: str, r: Resource, resource: str, region: str | None = None) -> str:
    return f"arn:aws:{service}:{_region(r) if region is None else region}:{ACCOUNT}:{resource}"


def _prefixed(prefix: str) -> Callable[[World, Resource], str]:
    return lambda world, r: f"{prefix}-{hex_id(17)}"


def _ec2(kind: str) -> Callable[[World, Resource], Values]:
    return lambda world, r: {
        "arn": _arn("ec2", r, f"{kind}/{r.id}"),
        "ownerId": ACCOUNT,
        "tagsAll": r.inputs.get("tags") or {},
        "region": _region(r),
    }


# -- network ----------------------------------------------------------------------------------------


def _subnet_rules(world: World, r: Resource) -> None:
    vpc = world.require("aws:ec2/vpc:Vpc", r.inputs.get("vpcId"), "InvalidVpcID.NotFound: The vpc ID does not exist")
    zone = r.inputs.get("availabilityZone")
    if zone and not str(zone).startswith(_region(r)):
        raise CloudRefused(
            f"InvalidParameterValue: Value ({zone}) for parameter availabilityZone is invalid. "
            f"Subnets can currently only be created in the zones of {_region(r)}."
        )
    for other in world.all("aws:ec2/subnet:Subnet"):
        if other.inputs.get("vpcId") == vpc.id and other.inputs.get("cidrBlock") == r.inputs.get("cidrBlock"):
            raise CloudRefused(
                f"InvalidSubnet.Conflict: The CIDR '{r.inputs.get('cidrBlock')}' conflicts with another subnet"
            )


def _reaches_internet(world: World, subnet_id: str) -> bool:
    """Whether the subnet's route table sends 0.0.0.0/0 to an internet gateway of its VPC."""
    for association in world.all("aws:ec2/routeTableAssociation:RouteTableAssociation"):
        if association.inputs.get("subnetId") == subnet_id:
            table = world.find("aws:ec2/routeTable:RouteTable", association.inputs.get("routeTableId"))
            routes = list(table.inputs.get("routes") or []) if table else []
            routes += [
                x.inputs | {"cidrBlock": x.inputs.get("destinationCidrBlock")}
                for x in world.all("aws:ec2/route:Route")
                if table and x.inputs.get("routeTableId") == table.id
            ]
            for route in routes:
                gateway = world.find("aws:ec2/internetGateway:InternetGateway", route.get("gatewayId"))
                if route.get("cidrBlock") == EVERYWHERE and gateway is not None and table is not None:
                    return bool(gateway.inputs.get("vpcId") == table.inputs.get("vpcId"))
    return False


def _lets_in(world: World, groups: Iterable[str], port: int, source: str) -> bool:
    """Whether one of the security groups has an ingress rule for TCP `port` from `source` (a CIDR or a group)."""
    rules: list[Values] = []
    for group in groups:
        found = world.find("aws:ec2/securityGroup:SecurityGroup", group)
        if found is None:
            continue
        for inline in found.inputs.get("ingress") or []:
            for cidr in inline.get("cidrBlocks") or []:
                rules.append({"source": cidr, **inline})
            for other in inline.get("securityGroups") or []:
                rules.append({"source": other, **inline})
        for rule in world.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
            if rule.inputs.get("securityGroupId") == found.id:
                named = rule.inputs.get("cidrIpv4") or rule.inputs.get("referencedSecurityGroupId")
                rules.append({"source": named, "protocol": rule.inputs.get("ipProtocol"), **rule.inputs})
    return any(
        rule["source"] in (source, EVERYWHERE)
        and (
            str(rule.get("protocol")) == "-1"
            or (rule.get("protocol") == "tcp" and rule.get("fromPort", 0) <= port <= rule.get("toPort", 65535))
        )
        for rule in rules
    )


declare(
    "aws:ec2/vpc:Vpc",
    depth=Depth.SIMULATED,
    effect="subnets, groups and gateways belong to it or are refused",
    not_simulated="addresses inside it",
    id_of=_prefixed("vpc"),
    replaces={"cidrBlock": _FORCE_NEW},
    outputs=lambda w, r: (
        _ec2("vpc")(w, r)
        | {
            "mainRouteTableId": f"rtb-{stable_hex(r.id, length=17)}",
            "defaultSecurityGroupId": f"sg-{stable_hex(r.id, length=17)}",
            "defaultRouteTableId": f"rtb-{stable_hex(r.id, length=17)}",
            "defaultNetworkAclId": f"acl-{stable_hex(r.id, length=17)}",
        }
    ),
)
declare(
    "aws:ec2/subnet:Subnet",
    depth=Depth.SIMULATED,
    effect="the balancer is reached only through its route table",
    not_simulated="addresses inside it",
    id_of=_prefixed("subnet"),
    outputs=_ec2("subnet"),
    rules=_subnet_rules,
    replaces={"vpcId": _FORCE_NEW, "cidrBlock": _FORCE_NEW, "availabilityZone": _FORCE_NEW},
)
declare(
    "aws:ec2/internetGateway:InternetGateway",
    depth=Depth.SIMULATED,
    effect="without it nobody reaches the balancer",
    id_of=_prefixed("igw"),
    outputs=_ec2("internet-gateway"),
)
declare(
    "aws:ec2/routeTable:RouteTable",
    depth=Depth.SIMULATED,
    effect="its route to the gateway is looked up",
    not_simulated="other routes",
    id_of=_prefixed("rtb"),
    outputs=_ec2("route-table"),
    replaces={"vpcId": _FORCE_NEW},
)
declare("aws:ec2/route:Route", depth=Depth.SIMULATED, effect="counts as a route of its table", id_of=_prefixed("r-rtb"))
declare(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    depth=Depth.SIMULATED,
    effect="gives a subnet its route table",
    id_of=_prefixed("rtbassoc"),
    replaces={"subnetId": _FORCE_NEW},
)
declare(
    "aws:ec2/securityGroup:SecurityGroup",
    depth=Depth.SIMULATED,
    effect="the balancer and the tasks are reached only on ports that its rules let in",
    not_simulated="egress rules",
    id_of=_prefixed("sg"),
    outputs=_ec2("security-group"),
    replaces={"name": _FORCE_NEW, "namePrefix": _FORCE_NEW, "description": _FORCE_NEW, "vpcId": _FORCE_NEW},
)
declare(
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    depth=Depth.SIMULATED,
    effect="lets a port in, or traffic from another group",
    id_of=_prefixed("sgr"),
    outputs=lambda w, r: {"arn": _arn("ec2", r, f"security-group-rule/{r.id}"), "securityGroupRuleId": r.id},
)
declare(
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    not_simulated="egress is not held back",
    id_of=_prefixed("sgr"),
    outputs=lambda w, r: {"arn": _arn("ec2", r, f"security-group-rule/{r.id}"), "securityGroupRuleId": r.id},
)


# -- registry, roles, logs ----------------------------------------------------------------------------


def _registry(r: Resource) -> str:
    return f"{ACCOUNT}.dkr.ecr.{_region(r)}.amazonaws.com"


def registry_of(world: World, address: str, repository: str) -> str | None:
    """Why an image may not be pushed to that ECR repository, or None where it may."""
    for r in world.all("aws:ecr/repository:Repository"):
        if _registry(r) == address and r.id == repository:
            return None
    return f"name unknown: The repository with name '{repository}' does not exist in the registry with id '{ACCOUNT}'"


def push_password(world: World, address: str) -> str:
    """The password that GetAuthorizationToken hands out for `docker login` here."""
    return stable_hex("ecr", address, ACCOUNT, length=64)


def authorization_token(world: World, args: Values, config: Values) -> Values:
    region = args.get("region") or config.get("region") or "us-east-1"
    address = f"{args.get('registryId') or ACCOUNT}.dkr.ecr.{region}.amazonaws.com"
    password = push_password(world, address)
    return {
        "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
        "userName": "AWS",
        "password": password,
        "proxyEndpoint": f"https://{address}",
        "expiresAt": "2099-01-01T00:00:00Z",
        "id": region,
        "region": region,
    }


def _role_allows(world: World, role_arn: object, action: str, resource_arn: str) -> bool:
    """Whether the role's inline or attached policies allow `action` on `resource_arn`; `*` and prefixes count."""
    role = world.find("aws:iam/role:Role", role_arn)
    if role is None:
        return False
    documents = [
        p.inputs.get("policy")
        for p in world.all("aws:iam/rolePolicy:RolePolicy")
        if p.inputs.get("role") in role.names()
    ] + [p.get("policy") for p in role.inputs.get("inlinePolicies") or []]
    for attachment in world.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        managed = str(attachment.inputs.get("policyArn"))
        if attachment.inputs.get("role") in role.names() and managed.endswith("AmazonECSTaskExecutionRolePolicy"):
            return True
    return any(_allows(json.loads(d) if isinstance(d, str) else d, action, resource_arn) for d in documents if d)


def _allows(document: Any, action: str, resource_arn: str) -> bool:
    statements = document.get("Statement") or []
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action") or []
        resources = statement.get("Resource") or []
        actions = [actions] if isinstance(actions, str) else actions
        resources = [resources] if isinstance(resources, str) else resources
        if (
            statement.get("Effect") == "Allow"
            and any(_matches(pattern, action) for pattern in actions)
            and any(_matches(pattern, resource_arn) for pattern in resources)
        ):
            return True
    return False


def _matches(pattern: str, value: str) -> bool:
    return pattern == value or (pattern.endswith("*") and value.startswith(pattern[:-1]))


declare(
    "aws:ecr/repository:Repository",
    depth=Depth.SIMULATED,
    effect="images can be pushed to it and pulled from it",
    not_simulated="scanning, lifecycle",
    id_of=lambda w, r: str(r.inputs.get("name") or r.name),
    outputs=lambda w, r: {
        "arn": _arn("ecr", r, f"repository/{r.id}"),
        "registryId": ACCOUNT,
        "repositoryUrl": f"{_registry(r)}/{r.id}",
        "name": r.id,
    },
    replaces={"name": _FORCE_NEW, "encryptionConfigurations": _FORCE_NEW},
)
declare(
    "aws:iam/role:Role",
    depth=Depth.SIMULATED,
    effect="a task's image is pulled with its execution role's permissions",
    not_simulated="who may assume it",
    id_of=lambda w, r: str(r.inputs.get("name") or f"{r.name}-{hex_id(7)}"),
    outputs=lambda w, r: {
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{r.id}",
        "name": r.id,
        "uniqueId": f"AROA{stable_hex(r.id, length=17).upper()}",
        "createDate": "2026-01-01T00:00:00Z",
    },
    replaces={"name": _FORCE_NEW, "path": _FORCE_NEW},
)
declare(
    "aws:iam/rolePolicy:RolePolicy",
    depth=Depth.SIMULATED,
    effect="permits the pull of the task's image",
    not_simulated="permissions other than the pull",
    id_of=lambda w, r: f"{r.inputs.get('role')}:{r.inputs.get('name') or r.name}",
    outputs=lambda w, r: {"name": r.inputs.get("name") or r.name},
    replaces={"name": _FORCE_NEW, "role": _FORCE_NEW},
)
declare(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    depth=Depth.SIMULATED,
    effect="permits what the policy says of pulls",
)
declare(
    "aws:cloudwatch/logGroup:LogGroup",
    not_simulated="the replicas' output goes to .sandbox/logs",
    id_of=lambda w, r: str(r.inputs.get("name") or r.name),
    outputs=lambda w, r: {"arn": _arn("logs", r, f"log-group:{r.id}"), "name": r.id},
    replaces={"name": _FORCE_NEW},
)


# -- certificates ------------------------------------------------------------------------------------


def certificate_hosts(r: Resource) -> list[str]:
    return [r.inputs["domainName"], *(r.inputs.get("subjectAlternativeNames") or [])]


def _certificate_outputs(world: World, r: Resource) -> Values:
    options = []
    for host in dict.fromkeys(certificate_hosts(r)):
        base = host.removeprefix("*.")
        token, target = stable_hex("acm", ACCOUNT, base), stable_hex("acm-target", ACCOUNT, base)
        options.append(
            {
                "domainName": host,
                "resourceRecordName": f"_{token}.{base}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{target}.acm-validations.aws.",
            }
        )
    return {
        "arn": r.id,
        "domainValidationOptions": options,
        "status": r.place.get("status", "PENDING_VALIDATION"),
        "type": "AMAZON_ISSUED",
        "subjectAlternativeNames": list(dict.fromkeys(certificate_hosts(r))),
        "validationEmails": [],
        "renewalEligibility": "INELIGIBLE",
        "keyAlgorithm": r.inputs.get("keyAlgorithm") or "EC_prime256v1",
        "notAfter": "",
        "notBefore": "",
        "pendingRenewal": False,
        "renewalSummaries": [],
    }


def missing_validation(world: World, r: Resource) -> list[str]:
    """The validation records of a certificate that the zone does not answer, as `name CNAME value`."""
    missing = []
    for option in r.outputs["domainValidationOptions"]:
        name, value = option["resourceRecordName"].rstrip("."), option["resourceRecordValue"].rstrip(".")
        if value not in world.record_values(name, "CNAME"):
            missing.append(f"{name} CNAME {value}")
    return missing


def settle(world: World) -> None:
    """Issue each certificate whose validation records have come to be answered; ACM looks again and again."""
    for r in world.all("aws:acm/certificate:Certificate"):
        if r.place.get("status") != "ISSUED" and not missing_validation(world, r):
            pair = world.ca.issue(f"acm-{stable_hex(r.id, length=12)}", certificate_hosts(r))
            r.place |= {"status": "ISSUED", "certificate": str(pair.certificate), "key": str(pair.key)}
            r.outputs["status"] = "ISSUED"
            world.put(r)


def _wait_validated(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    certificate = world.require(
        "aws:acm/certificate:Certificate",
        r.inputs["certificateArn"],
        f"ResourceNotFoundException: Could not find certificate {r.inputs['certificateArn']}",
    )
    deadline = world.clock.now() + (timeout_seconds or VALIDATION_SECONDS)
    while True:
        world.reconcile()
        if certificate.place.get("status") == "ISSUED":
            return
        if world.clock.now() > deadline or cancelled():
            missing = "; ".join(missing_validation(world, certificate))
            world.forget(r)
            raise CloudRefused(
                f"timeout while waiting for certificate {certificate.id} to be ISSUED (last status: "
                f"PENDING_VALIDATION): the zone does not answer {missing}",
                hint="create the certificate's validation records in the same zone, and see that it is delegated",
            )
        time.sleep(world.clock.to_wall(1.0))


declare(
    "aws:acm/certificate:Certificate",
    depth=Depth.SIMULATED,
    effect="issued by the private CA once its validation records are answered by the zone",
    not_simulated="renewal, e-mail validation, imported certificates",
    id_of=lambda w, r: (
        f"arn:aws:acm:{_region(r)}:{ACCOUNT}:certificate/{hex_id(8)}-{hex_id(4)}-{hex_id(4)}-{hex_id(4)}-{hex_id(12)}"
    ),
    outputs=_certificate_outputs,
    replaces={
        "domainName": _FORCE_NEW,
        "subjectAlternativeNames": _FORCE_NEW,
        "validationMethod": _FORCE_NEW,
        "keyAlgorithm": _FORCE_NEW,
    },
)
declare(
    "aws:acm/certificateValidation:CertificateValidation",
    depth=Depth.SIMULATED,
    effect="waits until the certificate is issued, and times out naming the missing record",
    id_of=lambda w, r: "2026-01-01T00:00:00Z",
    wait=_wait_validated,
    replaces={"certificateArn": _FORCE_NEW, "validationRecordFqdns": _FORCE_NEW},
)


# -- load balancer -----------------------------------------------------------------------------------


def _create_balancer(world: World, r: Resource) -> None:
    subnets = r.inputs.get("subnets") or [m.get("subnetId") for m in r.inputs.get("subnetMappings") or []]
    if len(subnets) < 2:
        raise CloudRefused(
            "ValidationError: At least two subnets in two different Availability Zones must be specified"
        )
    zones = set()
    for subnet in subnets:
        found = world.require("aws:ec2/subnet:Subnet", subnet, f"SubnetNotFound: The subnet ID '{subnet}' is not valid")
        zones.add(found.inputs.get("availabilityZone") or found.id)
    if len(zones) < 2:
        raise CloudRefused(
            "InvalidSubnet: A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        )
    r.place["address"] = world.lease_address()


def _balancer_outputs(world: World, r: Resource) -> Values:
    name = r.inputs.get("name") or r.name
    suffix = f"app/{name}/{stable_hex(r.place['address'], r.urn, length=16)}"
    scheme = "internal-" if r.inputs.get("internal") else ""
    return {
        "arn": r.id,
        "arnSuffix": suffix,
        "name": name,
        "zoneId": ELB_ZONE_ID,
        "vpcId": "",
        "dnsName": f"{scheme}{name}-{stable_hex(r.id, length=10)}.{_region(r)}.elb.amazonaws.com",
    }


def _balancer_id(world: World, r: Resource) -> str:
    return _arn("elasticloadbalancing", r, f"loadbalancer/app/{r.inputs.get('name') or r.name}/{hex_id(16)}")


def _listener_rules(world: World, r: Resource) -> None:
    world.require(
        "aws:lb/loadBalancer:LoadBalancer",
        r.inputs.get("loadBalancerArn"),
        "LoadBalancerNotFound: One or more load balancers not found",
    )
    if r.inputs.get("protocol") != "HTTPS":
        return
    if not r.inputs.get("certificateArn"):
        raise CloudRefused("CertificateNotFound: A certificate must be specified for HTTPS listeners")
    certificate = world.require(
        "aws:acm/certificate:Certificate",
        r.inputs["certificateArn"],
        f"CertificateNotFound: Certificate '{r.inputs['certificateArn']}' not found",
    )
    if certificate.place.get("status") != "ISSUED":
        raise CloudRefused(
            f"UnsupportedCertificate: The certificate '{certificate.id}' must have a fully-qualified domain name, a "
            "supported signature, and a supported key size, and be ISSUED; it is PENDING_VALIDATION",
            hint="take certificate_arn from the CertificateValidation, so that the listener waits for it",
        )


declare(
    "aws:lb/loadBalancer:LoadBalancer",
    depth=Depth.SIMULATED,
    effect="has a DNS name and a loopback address on which its listeners are open",
    not_simulated="HTTP features: header rules, access logs, idle timeouts; one address where the real one has several",
    id_of=_balancer_id,
    create=_create_balancer,
    outputs=_balancer_outputs,
    replaces={"name": _FORCE_NEW, "internal": _FORCE_NEW, "loadBalancerType": _FORCE_NEW},
)
declare(
    "aws:lb/targetGroup:TargetGroup",
    depth=Depth.SIMULATED,
    effect="joins a listener to the service that registers with it",
    not_simulated="stickiness, slow start, health thresholds",
    id_of=lambda w, r: _arn("elasticloadbalancing", r, f"targetgroup/{r.inputs.get('name') or r.name}/{hex_id(16)}"),
    outputs=lambda w, r: {
        "arn": r.id,
        "arnSuffix": r.id.partition(":")[2].rpartition(":")[2],
        "name": r.inputs.get("name") or r.name,
        "loadBalancerArns": [],
    },
    replaces={
        "name": _FORCE_NEW,
        "port": _FORCE_NEW,
        "protocol": _FORCE_NEW,
        "vpcId": _FORCE_NEW,
        "targetType": _FORCE_NEW,
    },
)
declare(
    "aws:lb/listener:Listener",
    depth=Depth.SIMULATED,
    effect="a real TLS listener with the certificate's key",
    not_simulated="further rules and certificates of a listener",
    rules=_listener_rules,
    id_of=lambda w, r: f"{str(r.inputs['loadBalancerArn']).replace(':loadbalancer/', ':listener/')}/{hex_id(16)}",
    outputs=lambda w, r: {"arn": r.id},
    replaces={"loadBalancerArn": _FORCE_NEW},
)


# -- Fargate -----------------------------------------------------------------------------------------


def _create_task(world: World, r: Resource) -> None:
    r.place["revision"] = 1 + _revisions(world, r.inputs["family"])


def _task_id(world: World, r: Resource) -> str:
    """The ARN with its revision: pulumi-aws says the family, which two revisions share while one replaces the other."""
    return _arn("ecs", r, f"task-definition/{r.inputs['family']}:{r.place['revision']}")


def _task_outputs(world: World, r: Resource) -> Values:
    return {"arn": r.id, "arnWithoutRevision": r.id.rpartition(":")[0], "revision": r.place["revision"]}


def _revisions(world: World, family: str) -> int:
    known = [
        t.place.get("revision", 0)
        for t in world.all("aws:ecs/taskDefinition:TaskDefinition")
        if t.inputs["family"] == family
    ]
    return max(known, default=0)


def _task_rules(world: World, r: Resource) -> None:
    try:
        containers = json.loads(r.inputs["containerDefinitions"])
    except ValueError as error:
        raise CloudRefused(f"ECS Task Definition container_definitions is invalid: {error}") from error
    if not containers:
        raise CloudRefused("ClientException: TaskDefinition must contain at least one container definition.")


def _service_rules(world: World, r: Resource) -> None:
    task = world.require(
        "aws:ecs/taskDefinition:TaskDefinition",
        r.inputs.get("taskDefinition"),
        "ClientException: TaskDefinition not found.",
    )
    container = _container(task)
    if world.digest_of(container["image"]) is None:
        raise CloudRefused(
            f"CannotPullContainerError: pull image manifest has been retried 1 time(s): {container['image']}: not found",
            hint="deploy the reference that the image resource gives back",
        )
    repository = _arn(
        "ecr", task, f"repository/{container['image'].partition('/')[2].partition('@')[0].partition(':')[0]}"
    )
    role = task.inputs.get("executionRoleArn")
    if not _role_allows(world, role, "ecr:BatchGetImage", repository):
        raise CloudRefused(
            "ResourceInitializationError: unable to pull secrets or registry auth: the execution role "
            f"{role or '(none)'} is not authorized to perform: ecr:BatchGetImage on resource: {repository}",
            hint="give the task's execution role ecr:BatchGetImage on the repository",
        )


def _container(task: Resource) -> Values:
    containers: list[Values] = json.loads(task.inputs["containerDefinitions"])
    return containers[0]


def _service_workload(world: World, r: Resource) -> Workload | None:
    task = world.find("aws:ecs/taskDefinition:TaskDefinition", r.inputs.get("taskDefinition"))
    if task is None:
        return None
    container = _container(task)
    digest = world.digest_of(container["image"])
    if digest is None:
        return None
    desired = int(r.inputs.get("desiredCount", 1))
    target: Values = next(iter(r.inputs.get("loadBalancers") or []), {})
    group = world.find("aws:lb/targetGroup:TargetGroup", target.get("targetGroupArn"))
    path = nested(group.inputs, "healthCheck", "path") if group else None
    variables = {e["name"]: e["value"] for e in container.get("environment") or []}
    port = int(target.get("containerPort") or nested(container, "portMappings", 0, "containerPort") or 8080)
    low, high = _scaling(world, r, desired)
    return Workload(
        r.key, r.stack, digest, port, environment_pairs(variables), low, high, concurrency=1000, probe_path=path or "/"
    )


def _scaling(world: World, r: Resource, desired: int) -> tuple[int, int]:
    """Bounds of an auto-scaling target, if the service has one; else the desired count alone."""
    for target in world.all("aws:appautoscaling/target:Target"):
        if str(target.inputs.get("resourceId", "")).endswith(f"/{r.inputs.get('name') or r.name}"):
            return max(int(target.inputs["minCapacity"]), 0), int(target.inputs["maxCapacity"])
    return desired, desired


def _wait_service(world: World, r: Resource, timeout_seconds: float, cancelled: Callable[[], bool]) -> None:
    if not r.inputs.get("waitForSteadyState"):
        return
    try:
        world.wait_workload(r.key, timeout_seconds or 1200.0, cancelled)
    except Unavailable as error:
        raise NotReady(f"service {r.id} did not reach a steady state: {error.what}") from error


declare(
    "aws:ecs/cluster:Cluster",
    not_simulated="a name for services to be in",
    id_of=lambda w, r: _arn("ecs", r, f"cluster/{r.inputs.get('name') or r.name}"),
    outputs=lambda w, r: {"arn": r.id, "name": r.inputs.get("name") or r.name},
    replaces={"name": _FORCE_NEW},
)
declare(
    "aws:ecs/taskDefinition:TaskDefinition",
    depth=Depth.SIMULATED,
    effect="its container's image, environment and port are what the processes get",
    not_simulated="CPU and memory limits, volumes, secrets, further containers",
    rules=_task_rules,
    id_of=_task_id,
    create=_create_task,
    outputs=_task_outputs,
    replaces=dict.fromkeys(
        (
            "family",
            "containerDefinitions",
            "cpu",
            "memory",
            "executionRoleArn",
            "taskRoleArn",
            "networkMode",
            "requiresCompatibilities",
            "runtimePlatform",
            "volumes",
        ),
        _FORCE_NEW,
    ),
)
declare(
    "aws:ecs/service:Service",
    depth=Depth.SIMULATED,
    effect="real service processes, replaced when they die, rolled back when a new revision never gets ready",
    not_simulated="spot interruptions, placement, deployment alarms",
    rules=_service_rules,
    wait=_wait_service,
    id_of=lambda w, r: _arn(
        "ecs",
        r,
        f"service/{str(r.inputs.get('cluster', 'default')).rpartition('/')[2]}/{r.inputs.get('name') or r.name}",
    ),
    outputs=lambda w, r: {"arn": r.id, "name": r.inputs.get("name") or r.name},
    replaces={"name": _FORCE_NEW, "cluster": _FORCE_NEW, "launchType": _FORCE_NEW},
)
declare(
    "aws:appautoscaling/target:Target",
    depth=Depth.SIMULATED,
    effect="bounds the number of replicas",
    id_of=lambda w, r: str(r.inputs["resourceId"]),
    outputs=lambda w, r: {"arn": _arn("application-autoscaling", r, f"scalable-target/{hex_id(12)}")},
)


# -- what follows --------------------------------------------------------------------------------------


def derive(world: World) -> Effects:
    """Workloads of services, fronts of listeners, names of balancers."""
    effects = Effects()
    for service in world.all("aws:ecs/service:Service"):
        workload = _service_workload(world, service)
        if workload is not None:
            effects.workloads.append(workload)
    for balancer in world.all("aws:lb/loadBalancer:LoadBalancer"):
        effects.names[balancer.outputs["dnsName"].lower()] = [balancer.place["address"]]
    for listener in world.all("aws:lb/listener:Listener"):
        try:
            effects.fronts.append(_front(world, listener))
        except OutlastError as reason:
            effects.why_not[listener.key] = reason.what
    return effects


def _front(world: World, listener: Resource) -> Front:
    balancer = world.require(
        "aws:lb/loadBalancer:LoadBalancer", listener.inputs["loadBalancerArn"], "its load balancer is gone"
    )
    port = int(listener.inputs.get("port") or 443)
    groups = balancer.inputs.get("securityGroups") or []
    if not any(_reaches_internet(world, subnet) for subnet in balancer.inputs.get("subnets") or []):
        raise CloudRefused("no subnet of the load balancer has a route to an internet gateway")
    if not _lets_in(world, groups, port, EVERYWHERE):
        raise CloudRefused(f"no security group of the load balancer lets TCP {port} in from {EVERYWHERE}")
    action: Values = next(iter(listener.inputs.get("defaultActions") or []), {})
    if action.get("type") == "redirect":
        return Front(
            listener.key, listener.stack, balancer.place["address"], port, _bindings(world, listener), redirect=True
        )
    if action.get("type") == "fixed-response":
        status = int(nested(action, "fixedResponse", "statusCode") or 200)
        return Front(
            listener.key, listener.stack, balancer.place["address"], port, _bindings(world, listener), answer=status
        )
    workload = _target(world, action, groups)
    return Front(listener.key, listener.stack, balancer.place["address"], port, _bindings(world, listener), workload)


def _bindings(world: World, listener: Resource) -> tuple[Binding, ...]:
    if listener.inputs.get("protocol") != "HTTPS":
        return ()
    certificate = world.require(
        "aws:acm/certificate:Certificate", listener.inputs.get("certificateArn"), "its certificate is gone"
    )
    if certificate.place.get("status") != "ISSUED":
        raise CloudRefused("its certificate is not issued")
    # A balancer presents its default certificate to every name.
    return (Binding("*", KeyPair.of(certificate.place)),)


def _target(world: World, action: Values, balancer_groups: list[str]) -> str | None:
    """The service behind a forward action, if its tasks let the balancer in; a 503 comes from the balancer otherwise."""
    arn = action.get("targetGroupArn") or nested(action, "forward", "targetGroups", 0, "arn")
    for service in world.all("aws:ecs/service:Service"):
        for target in service.inputs.get("loadBalancers") or []:
            if target.get("targetGroupArn") == arn:
                groups = nested(service.inputs, "networkConfiguration", "securityGroups") or []
                port = int(target.get("containerPort") or 0)
                if any(_lets_in(world, groups, port, source) for source in balancer_groups):
                    return service.key
    return None
