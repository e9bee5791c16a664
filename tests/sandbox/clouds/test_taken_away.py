"""Every simulated type has an effect: taken away, somebody outside meets something else, or the next deployment does.

The table is held against the table of kinds: a simulated type that is not in it fails here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from infra.audit import AZURE_CONTAINER
from sandbox.clouds import retention
from sandbox.clouds.audit_routes import list_routes
from sandbox.clouds.aws import audit as aws_audit
from sandbox.clouds.azure import audit as azure_audit
from sandbox.clouds.azure.training_api import AzureMl
from sandbox.clouds.azure.workspaces import ML_WORKSPACE
from sandbox.clouds.buckets import list_buckets
from sandbox.clouds.gcp import audit as gcp_audit
from sandbox.clouds.kinds import KINDS, Fidelity
from sandbox.clouds.retention import is_held
from sandbox.clouds.store import CloudRefused
from sandbox.images.store import Image
from sandbox.training.runs import TrainingRuns
from tests.sandbox.clouds import audits, sites, stores
from tests.sandbox.clouds.azure.azure_ml import Workspace
from tests.sandbox.clouds.harness import HOST, OTHER_DIGEST, Clouds

Take = Callable[[Clouds, str], None]


def _entry_point_is_gone(stack: str, name: str | None = None) -> Take:
    def take(clouds: Clouds, type_: str) -> None:
        assert clouds.entry_point(stack) is not None
        clouds.delete(clouds.only(type_, name))
        assert clouds.entry_point(stack) is None
        assert clouds.effects().why_not, "it is said why"

    return take


def _nobody_is_behind(stack: str, answer: int, name: str | None = None) -> Take:
    """The entry point stays and answers itself."""

    def take(clouds: Clouds, type_: str) -> None:
        clouds.delete(clouds.only(type_, name))
        entry = clouds.entry_point(stack)
        assert entry is not None and (entry.workload, entry.answer) == (None, answer)

    return take


def _serves_no_tls(clouds: Clouds, type_: str) -> None:
    """The listener stays, and ends every handshake for the name."""
    clouds.delete(clouds.only(type_))
    entry = clouds.entry_point("gcp")
    assert entry is not None and entry.bindings == ()


def _nothing_runs(stack: str) -> Take:
    def take(clouds: Clouds, type_: str) -> None:
        assert clouds.workload(stack) is not None
        clouds.delete(clouds.only(type_))
        assert clouds.workload(stack) is None

    return take


def _probe_goes_elsewhere(clouds: Clouds, type_: str) -> None:
    """Two effects: nobody is behind the listener, and what is asked for health is ELB's default."""
    clouds.delete(clouds.only(type_))
    entry, workload = clouds.entry_point("aws"), clouds.workload("aws")
    assert entry is not None and entry.workload is None
    assert workload is not None and workload.probe_path == "/"


def _next_deployment_is_refused(stack: str, told: str, name: str | None = None) -> Take:
    """What runs goes on, as in the real cloud; the next deployment meets the lack."""

    def take(clouds: Clouds, type_: str) -> None:
        for resource in [r for r in clouds.world.store.all(type_) if name in (None, r.name)]:
            clouds.delete(resource)
        assert clouds.workload(stack) is not None
        with pytest.raises(CloudRefused, match=told):
            _redeploy(clouds, stack)

    return take


def _redeploy(clouds: Clouds, stack: str) -> None:
    (service,) = [r for r in clouds.world.store.all() if r.stack == stack and r.key == _workload_key(clouds, stack)]
    asked = clouds.request(service.type, service.name, service.inputs, stack=stack, id=service.id)
    clouds.clouds.update(asked)


def _workload_key(clouds: Clouds, stack: str) -> str:
    workload = clouds.workload(stack)
    assert workload is not None
    return workload.key


def _vpc(clouds: Clouds, type_: str) -> None:
    vpc = clouds.only(type_)
    clouds.delete(vpc)
    with pytest.raises(CloudRefused, match="InvalidVpcID"):
        clouds.make("aws:ec2/subnet:Subnet", "late", vpcId=vpc.id, cidrBlock="10.0.8.0/24")


def _both_subnets(clouds: Clouds, type_: str) -> None:
    subnets = clouds.world.store.all(type_)
    clouds.delete(subnets[0])
    with pytest.raises(CloudRefused, match="SubnetNotFound"):
        clouds.make("aws:lb/loadBalancer:LoadBalancer", "late", subnets=[r.id for r in subnets])


def _associations(clouds: Clouds, type_: str) -> None:
    """One subnet that leads out is enough; none is not."""
    first, second = clouds.world.store.all(type_)
    clouds.delete(first)
    assert clouds.entry_point("aws") is not None
    clouds.delete(second)
    assert clouds.entry_point("aws") is None


def _route(clouds: Clouds, type_: str) -> None:
    table, gateway = (
        clouds.only("aws:ec2/routeTable:RouteTable"),
        clouds.only("aws:ec2/internetGateway:InternetGateway"),
    )
    table.inputs["routes"] = []
    route = clouds.make(type_, routeTableId=table.id, destinationCidrBlock="0.0.0.0/0", gatewayId=gateway.id)
    assert clouds.entry_point("aws") is not None
    clouds.delete(route)
    assert clouds.entry_point("aws") is None


def _attachment(clouds: Clouds, type_: str) -> None:
    role = clouds.only("aws:iam/role:Role")
    clouds.delete(clouds.only("aws:iam/rolePolicy:RolePolicy"))
    policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    clouds.make(type_, role=role.id, policyArn=policy)
    _redeploy(clouds, "aws")
    clouds.delete(clouds.only(type_))
    with pytest.raises(CloudRefused, match="not authorized"):
        _redeploy(clouds, "aws")


def _validation(clouds: Clouds, type_: str) -> None:
    """Without the wait a listener meets a certificate that is still pending."""
    network = {"front": clouds.only("aws:ec2/securityGroup:SecurityGroup", "front")}
    assert network["front"] and clouds.only(type_)
    clouds.records.clear()
    certificate = clouds.make(
        "aws:acm/certificate:Certificate", "unproven", domainName="x.example", validationMethod="DNS"
    )
    listener = clouds.only("aws:lb/listener:Listener")
    with pytest.raises(CloudRefused, match="UnsupportedCertificate"):
        clouds.make("aws:lb/listener:Listener", "late", **{**listener.inputs, "certificateArn": certificate.id})
    with pytest.raises(CloudRefused, match="timeout while waiting"):
        clouds.make(type_, "late", certificateArn=certificate.id)


def _registry(stack: str, told: str) -> Take:
    return _next_deployment_is_refused(stack, told)


def _group(clouds: Clouds, type_: str) -> None:
    clouds.delete(clouds.only(type_))
    with pytest.raises(CloudRefused, match="ResourceGroupNotFound"):
        clouds.make("azure-native:app:ManagedEnvironment", "late", stack="azure", environmentName="late", **sites.GROUP)


def _environment(clouds: Clouds, type_: str) -> None:
    _entry_point_is_gone("azure")(clouds, type_)
    assert clouds.workload("azure") is None


def _api(clouds: Clouds, type_: str) -> None:
    clouds.delete(clouds.only(type_, "run"))
    with pytest.raises(CloudRefused, match="Error 403: run"):
        _redeploy(clouds, "gcp")


def _authorization(clouds: Clouds, type_: str) -> None:
    """An active certificate stays so; none is asked for anew."""
    proof = clouds.only(type_)
    clouds.delete(proof)
    clouds.effects()
    assert clouds.only("gcp:certificatemanager/certificate:Certificate").place["state"] == "ACTIVE"
    managed = {"domains": [HOST], "dnsAuthorizations": [proof.id]}
    with pytest.raises(CloudRefused, match=r"Error 404: Resource '.*dnsAuthorizations/site' was not found"):
        clouds.make("gcp:certificatemanager/certificate:Certificate", "late", name="late", managed=managed, stack="gcp")


def _image(clouds: Clouds, type_: str) -> None:
    """What nobody pushed cannot be deployed: the image resource is what puts a digest into a registry."""
    service = clouds.only("gcp:cloudrunv2/service:Service")
    unpushed = sites.gcp_template(service.inputs["template"]["containers"][0]["image"][:-64] + OTHER_DIGEST[-64:])
    asked = clouds.request(
        service.type, service.name, {**service.inputs, "template": unpushed}, stack="gcp", id=service.id
    )
    with pytest.raises(CloudRefused, match="not found"):
        clouds.clouds.update(asked)


EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def _ingress(clouds: Clouds, type_: str) -> None:
    _nobody_is_behind("aws", 503, "tasks")(clouds, type_)
    _entry_point_is_gone("aws", "443")(clouds, type_)


def _egress(clouds: Clouds, type_: str) -> None:
    _nobody_is_behind("aws", 503, "front")(clouds, type_)
    clouds.delete(clouds.only(type_, "tasks"))
    with pytest.raises(CloudRefused, match="connection issue between the task and Amazon ECR"):
        _redeploy(clouds, "aws")


def _security_group(clouds: Clouds, type_: str) -> None:
    _nobody_is_behind("aws", 503, "tasks")(clouds, type_)
    _entry_point_is_gone("aws", "front")(clouds, type_)


def _forwarding_rule(clouds: Clouds, type_: str) -> None:
    clouds.delete(clouds.only(type_, "443"))
    assert clouds.entry_point("gcp") is None and clouds.entry_point("gcp", 80) is not None


def _listener(clouds: Clouds, type_: str) -> None:
    clouds.delete(clouds.only(type_))
    assert clouds.entry_point("aws") is None


def _app(clouds: Clouds, type_: str) -> None:
    clouds.delete(clouds.only(type_))
    assert clouds.entry_point("azure") is None and clouds.workload("azure") is None


def _http_proxy(clouds: Clouds, type_: str) -> None:
    clouds.delete(clouds.only(type_))
    assert clouds.entry_point("gcp", 80) is None and clouds.entry_point("gcp") is not None


AWS: dict[str, Take] = {
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/subnet:Subnet": _both_subnets,
    "aws:ec2/internetGateway:InternetGateway": _entry_point_is_gone("aws"),
    "aws:ec2/routeTable:RouteTable": _entry_point_is_gone("aws"),
    "aws:ec2/route:Route": _route,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _associations,
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    INGRESS: _ingress,
    EGRESS: _egress,
    "aws:cloudwatch/logGroup:LogGroup": _next_deployment_is_refused("aws", "The specified log group does not exist"),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _next_deployment_is_refused(
        "aws", "not associated with the cluster"
    ),
    "aws:ecr/repository:Repository": _registry("aws", "CannotPullContainerError"),
    "aws:iam/role:Role": _next_deployment_is_refused("aws", "ECS was unable to assume the role"),
    "aws:iam/rolePolicy:RolePolicy": _next_deployment_is_refused("aws", "not authorized"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:acm/certificate:Certificate": _entry_point_is_gone("aws"),
    "aws:acm/certificateValidation:CertificateValidation": _validation,
    "aws:lb/loadBalancer:LoadBalancer": _entry_point_is_gone("aws"),
    "aws:lb/targetGroup:TargetGroup": _probe_goes_elsewhere,
    "aws:lb/listener:Listener": _listener,
    "aws:ecs/cluster:Cluster": _nothing_runs("aws"),
    "aws:ecs/taskDefinition:TaskDefinition": _nothing_runs("aws"),
    "aws:ecs/service:Service": _nobody_is_behind("aws", 503),
}
AZURE: dict[str, Take] = {
    "azure-native:resources:ResourceGroup": _group,
    "azure-native:containerregistry:Registry": _registry("azure", "MANIFEST_UNKNOWN"),
    "azure-native:managedidentity:UserAssignedIdentity": _next_deployment_is_refused("azure", "Unable to pull"),
    "azure-native:authorization:RoleAssignment": _next_deployment_is_refused("azure", "Unable to pull", "may-pull"),
    "azure-native:app:ManagedEnvironment": _environment,
    "azure-native:app:Certificate": _entry_point_is_gone("azure"),
    "azure-native:app:ContainerApp": _app,
}
GCP: dict[str, Take] = {
    "gcp:projects/service:Service": _api,
    "gcp:serviceaccount/account:Account": _next_deployment_is_refused("gcp", "actAs' denied on service account"),
    "gcp:artifactregistry/repository:Repository": _registry("gcp", "not found"),
    "gcp:cloudrunv2/service:Service": _entry_point_is_gone("gcp"),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": _nobody_is_behind("gcp", 403),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": _authorization,
    "gcp:certificatemanager/certificate:Certificate": _serves_no_tls,
    "gcp:certificatemanager/certificateMap:CertificateMap": _entry_point_is_gone("gcp"),
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": _serves_no_tls,
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": _entry_point_is_gone("gcp"),
    "gcp:compute/backendService:BackendService": _entry_point_is_gone("gcp"),
    "gcp:compute/uRLMap:URLMap": _entry_point_is_gone("gcp", "one"),
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": _entry_point_is_gone("gcp"),
    "gcp:compute/targetHttpProxy:TargetHttpProxy": _http_proxy,
    "gcp:compute/sSLPolicy:SSLPolicy": _entry_point_is_gone("gcp"),
    "gcp:compute/globalAddress:GlobalAddress": _entry_point_is_gone("gcp"),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": _forwarding_rule,
    "docker-build:index:Image": _image,
}
AWS_KEYS: dict[str, Take] = {
    "aws:secretsmanager/secret:Secret": _next_deployment_is_refused("aws", "can't find the specified secret"),
    "aws:secretsmanager/secretVersion:SecretVersion": _next_deployment_is_refused("aws", "can't find the specified"),
    "aws:iam/rolePolicy:RolePolicy": _next_deployment_is_refused(
        "aws", "perform: secretsmanager:GetSecretValue", "keys"
    ),
}
AZURE_KEYS: dict[str, Take] = {
    "azure-native:keyvault:Secret": _next_deployment_is_refused("azure", "unable to fetch secret 'api-keys'"),
    "azure-native:authorization:RoleAssignment": _next_deployment_is_refused(
        "azure", "unable to fetch secret 'api-keys'", "may-read-keys"
    ),
}
GCP_KEYS: dict[str, Take] = {
    "gcp:secretmanager/secret:Secret": _next_deployment_is_refused("gcp", "site-api-keys/versions/1 was not found"),
    "gcp:secretmanager/secretVersion:SecretVersion": _next_deployment_is_refused("gcp", "versions/1 was not found"),
    "gcp:secretmanager/secretIamMember:SecretIamMember": _next_deployment_is_refused(
        "gcp", "Permission denied on secret"
    ),
}


def _next_policy_has_no_target(clouds: Clouds, type_: str) -> None:
    """And the policies that it had are gone with it."""
    clouds.delete(clouds.only(type_))
    with pytest.raises(CloudRefused, match="No scalable target registered"):
        clouds.make(
            "aws:appautoscaling/policy:Policy",
            "cpu",
            policyType="TargetTrackingScaling",
            targetTrackingScalingPolicyConfiguration=sites.TRACKED,
            **sites.SCALED,
        )


def _nothing_scales(clouds: Clouds, type_: str) -> None:
    scaled = clouds.workload("aws")
    assert scaled is not None and scaled.scaling is not None and scaled.max_replicas == 4
    clouds.delete(clouds.only(type_))
    fixed = clouds.workload("aws")
    assert fixed is not None and (fixed.scaling, fixed.max_replicas) == (None, 2)


def _next_subnet_has_no_network(clouds: Clouds, type_: str) -> None:
    network = clouds.only(type_)
    clouds.delete(network)
    where = {"network": network.id, "region": "us-central1", "ipCidrRange": "10.41.0.0/24"}
    with pytest.raises(CloudRefused, match="was not found"):
        clouds.make("gcp:compute/subnetwork:Subnetwork", "late", name="late", stack="gcp", **where)


AWS_PRIVATE: dict[str, Take] = {
    "aws:ec2/eip:Eip": _next_deployment_is_refused("aws", "connection issue between the task and Amazon ECR"),
    "aws:ec2/natGateway:NatGateway": _next_deployment_is_refused("aws", "connection issue between the task"),
    "aws:ec2/internetGateway:InternetGateway": _next_deployment_is_refused("aws", "connection issue between the task"),
}
AWS_ENDPOINTS: dict[str, Take] = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": _next_deployment_is_refused("aws", "connection issue between the task"),
}
GCP_CLOSED: dict[str, Take] = {
    "gcp:compute/subnetwork:Subnetwork": _next_deployment_is_refused("gcp", "VPC subnetwork .* was not found"),
    "gcp:compute/network:Network": _next_subnet_has_no_network,
}
AWS_SCALED: dict[str, Take] = {
    "aws:appautoscaling/target:Target": _next_policy_has_no_target,
    "aws:appautoscaling/policy:Policy": _nothing_scales,
}


def _nobody_is_told(clouds: Clouds, type_: str) -> None:
    """The alarm goes on, and nobody hears of it."""
    (rule,) = clouds.effects().alarms
    assert rule.told == (sites.ADDRESS,)
    clouds.delete(clouds.only(type_))
    assert [one.told for one in clouds.effects().alarms] == [()]


def _nothing_is_watched(clouds: Clouds, type_: str) -> None:
    assert clouds.effects().alarms
    clouds.delete(clouds.only(type_))
    assert clouds.effects().alarms == []


AWS_ALARM: dict[str, Take] = {
    sites.TOPIC: _nobody_is_told,
    sites.SUBSCRIPTION: _nobody_is_told,
    sites.METRIC_ALARM: _nothing_is_watched,
}
AZURE_ALARM: dict[str, Take] = {
    sites.ACTION_GROUP: _nobody_is_told,
    sites.METRIC_ALERT: _nothing_is_watched,
}
GCP_ALARM: dict[str, Take] = {
    sites.CHANNEL: _nobody_is_told,
    sites.POLICY: _nothing_is_watched,
}


def _nobody_is_limited(stack: str) -> Take:
    def take(clouds: Clouds, type_: str) -> None:
        entry = clouds.entry_point(stack)
        assert entry is not None and entry.rate is not None
        clouds.delete(clouds.only(type_))
        entry = clouds.entry_point(stack)
        assert entry is not None and entry.rate is None

    return take


AWS_EDGE: dict[str, Take] = {
    "aws:wafv2/webAcl:WebAcl": _nobody_is_limited("aws"),
    "aws:wafv2/webAclAssociation:WebAclAssociation": _nobody_is_limited("aws"),
}
GCP_EDGE: dict[str, Take] = {"gcp:compute/securityPolicy:SecurityPolicy": _nobody_is_limited("gcp")}


def _nobody_reads_switches(cloud: str) -> Take:
    def take(clouds: Clouds, type_: str) -> None:
        assert _readable(clouds) == {"aws", "azure", "gcp"}
        clouds.delete(clouds.only(type_))
        assert cloud not in _readable(clouds)

    return take


def _readable(clouds: Clouds) -> set[str]:
    return {bucket.cloud for bucket in list_buckets(clouds.world) if bucket.may_read("flags/aws.drain")}


def _next_policy_is_refused(clouds: Clouds, type_: str) -> None:
    clouds.delete(clouds.only(type_))
    with pytest.raises(CloudRefused, match="BlockPublicPolicy"):
        clouds.make(stores.POLICY, "two", stack="base-aws", bucket=stores.S3_BUCKET, policy=stores.policy_text())


def _routes_of(clouds: Clouds) -> set[str]:
    return {route.stack for route in list_routes(clouds.world)}


def _nothing_arrives(stack: str) -> Take:
    def take(clouds: Clouds, type_: str) -> None:
        assert _routes_of(clouds) == {"aws", "azure", "gcp"}
        clouds.delete(clouds.only(type_))
        assert _routes_of(clouds) == {"aws", "azure", "gcp"} - {stack}

    return take


def _nobody_holds_it(bucket: str) -> Take:
    def take(clouds: Clouds, type_: str) -> None:
        clouds.world.objects.append(f"{bucket}/one", b"record")
        assert is_held(clouds.world, bucket, "one")
        clouds.delete(clouds.only(type_))
        assert not is_held(clouds.world, bucket, "one")

    return take


def _next_lock_is_refused(clouds: Clouds, type_: str) -> None:
    """Object Lock that was asked for with the bucket turns versions on itself."""
    clouds.delete(clouds.only(type_))
    clouds.only(stores.BUCKET).inputs["objectLockEnabled"] = False
    with pytest.raises(CloudRefused, match="InvalidBucketState: Versioning must be 'Enabled'"):
        clouds.make(retention.S3_LOCK, "late", stack="base-aws", bucket=audits.RECORDS)


AUDITS: dict[str, Take] = {
    retention.S3_VERSIONING: _next_lock_is_refused,
    retention.S3_LOCK: _nobody_holds_it(audits.RECORDS),
    aws_audit.STREAM: _nothing_arrives("aws"),
    aws_audit.SUBSCRIPTION: _nothing_arrives("aws"),
    retention.IMMUTABLE: _nobody_holds_it(f"{audits.ACCOUNT}/{AZURE_CONTAINER}"),
    azure_audit.SETTING: _nothing_arrives("azure"),
    retention.LOG_BUCKET: _nothing_arrives("gcp"),
    gcp_audit.SINK: _nothing_arrives("gcp"),
}


def _training_site(clouds: Clouds) -> None:
    Workspace(clouds, clouds.world.objects, Image(OTHER_DIGEST, Path()))


def _no_job_is_taken(clouds: Clouds, type_: str) -> None:
    workspace = clouds.only(type_)
    jobs = f"{workspace.id}/jobs"
    api = AzureMl(clouds.world, cast(TrainingRuns, None), lambda: 0.0, b"")
    assert api.owner(jobs) == "training-azure"
    clouds.delete(workspace)
    assert api.owner(jobs) == ""
    with pytest.raises(CloudRefused, match="ResourceNotFound"):
        api.answer("PUT", f"{jobs}/one", {"properties": {}})


TRAINING: dict[str, Take] = {ML_WORKSPACE: _no_job_is_taken}
STORES: dict[str, Take] = {
    stores.BUCKET: _nobody_reads_switches("aws"),
    stores.POLICY: _nobody_reads_switches("aws"),
    stores.BLOCK: _next_policy_is_refused,
    stores.ACCOUNT: _nobody_reads_switches("azure"),
    stores.CONTAINER: _nobody_reads_switches("azure"),
    stores.GCS: _nobody_reads_switches("gcp"),
    stores.MEMBER: _nobody_reads_switches("gcp"),
}
SITES = {
    "stores of drain switches": (stores.make_stores, STORES),
    "stores of audit records": (audits.make_audits, AUDITS),
    "aws": (sites.aws_site, AWS),
    "azure": (sites.azure_site, AZURE),
    "gcp": (sites.gcp_site, GCP),
    "aws with private tasks": (sites.aws_private_site, AWS_PRIVATE),
    "aws with endpoints": (sites.aws_endpoint_site, AWS_ENDPOINTS),
    "gcp with a network": (sites.gcp_closed_site, GCP_CLOSED),
    "aws with keys": (sites.aws_keys, AWS_KEYS),
    "aws that scales": (sites.aws_scaled, AWS_SCALED),
    "azure with keys": (sites.azure_keys, AZURE_KEYS),
    "gcp with keys": (sites.gcp_keys, GCP_KEYS),
    "aws with an alarm": (sites.aws_alarm, AWS_ALARM),
    "azure with an alarm": (sites.azure_alarm, AZURE_ALARM),
    "gcp with an alarm": (sites.gcp_alarm, GCP_ALARM),
    "aws with a budget": (sites.aws_budget, {sites.AWS_BUDGET: _nothing_is_watched}),
    "azure with a budget": (sites.azure_budget, {sites.AZURE_BUDGET: _nothing_is_watched}),
    "gcp with a budget": (sites.gcp_budget, {sites.GCP_BUDGET: _nothing_is_watched}),
    "aws with a limit": (sites.aws_edge, AWS_EDGE),
    "gcp with a limit": (sites.gcp_edge, GCP_EDGE),
    "azure that trains": (_training_site, TRAINING),
}
# Kept in moto: taken away in test_route53, where there is one.
IN_MOTO = {"aws:route53/zone:Zone", "aws:route53/record:Record", "aws:route53/healthCheck:HealthCheck"}


@pytest.mark.parametrize(("cloud", "type_"), [(cloud, type_) for cloud, (_, table) in SITES.items() for type_ in table])
def test_taking_it_away_is_felt(clouds: Clouds, cloud: str, type_: str) -> None:
    build, table = SITES[cloud]
    build(clouds)
    table[type_](clouds, type_)


def test_no_simulated_type_is_left_out() -> None:
    tested = {type_ for _, table in SITES.values() for type_ in table}
    assert tested == {kind.type for kind in KINDS.values() if kind.fidelity is Fidelity.SIMULATED}
    assert {kind.type for kind in KINDS.values() if kind.fidelity is Fidelity.MOTO} == IN_MOTO
