"""Every mistake of docs/reference/refusals.md is made, and met with the words that the page has for it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.clouds.store import CloudRefused, NotReady, Resource
from sandbox.engine.cloud import NotReady as NeverReady
from sandbox.images.store import Image
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, HOST, Clouds

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "refusals.md"
LISTENER, TARGETS = "aws:lb/listener:Listener", "aws:lb/targetGroup:TargetGroup"
SERVICE, TASK, ROLE = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition", "aws:iam/role:Role"
SCALING = "aws:appautoscaling/target:Target"
POLICY, SUBNET = "aws:iam/rolePolicy:RolePolicy", "aws:ec2/subnet:Subnet"
APP, REGISTRY = "azure-native:app:ContainerApp", "azure-native:containerregistry:Registry"
RUN, NEG = "gcp:cloudrunv2/service:Service", "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup"
Act = Callable[[Clouds], str]


@dataclass(frozen=True)
class Row:
    """One mistake of the page."""

    mistake: str
    when: str
    words: str


def rows() -> list[Row]:
    found = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [Row(one[0].removeprefix("| "), one[1], one[2].strip("`")) for one in found if one[0] != "| mistake"]


# -- making mistakes -------------------------------------------------------------------------------------------------


def wrong(type_: str, path: str, value: Any, *, name: str | None = None, deploys: bool = False) -> Act:
    """The site's own resource with one input changed, and where nobody minds, the next deployment."""

    def act(clouds: Clouds) -> str:
        resource = clouds.only(type_, name)
        inputs = copy.deepcopy(resource.inputs)
        put(inputs, path.split("."), value)
        told = ask(clouds, resource, inputs)
        return told or (deploy(clouds, resource.stack) if deploys else "")

    return act


def put(inputs: Any, steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        inputs = inputs[int(step)] if isinstance(inputs, list) else inputs.setdefault(step, {})
    if isinstance(inputs, list):
        inputs[int(steps[-1])] = value
    else:
        inputs[steps[-1]] = value


def ask(clouds: Clouds, resource: Resource, inputs: dict[str, Any]) -> str:
    """What a change of the resource is refused for, already in the preview or by the update; "" for one that is not."""
    of = {"stack": resource.stack, "id": resource.id, "config": resource.config}
    request = clouds.request(resource.type, resource.name, inputs, **of)
    mistakes = clouds.clouds.check(request)
    if mistakes:
        return "preview: " + "; ".join(f"{where}: {why}" for where, why in mistakes)
    try:
        clouds.clouds.update(request)
    except (CloudRefused, NotReady, NeverReady) as refused:
        return refused.what
    return ""


def deploy(clouds: Clouds, stack: str) -> str:
    """What the next deployment of the site's service is refused for."""
    service = clouds.only({"aws": SERVICE, "azure": APP, "gcp": RUN}[stack])
    return ask(clouds, service, service.inputs)


def make(type_: str, /, *, on: str = "aws", **inputs: Any) -> Act:
    """A further resource."""

    def act(clouds: Clouds) -> str:
        request = clouds.request(type_, "another", inputs, stack=on)
        mistakes = clouds.clouds.check(request)
        if mistakes:
            return "preview: " + "; ".join(f"{where}: {why}" for where, why in mistakes)
        try:
            clouds.clouds.create(request)
        except CloudRefused as refused:
            return refused.what
        return ""

    return act


def task_with(**container: Any) -> Act:
    """Another task definition, and the service that is to run it."""

    def act(clouds: Clouds) -> str:
        given = clouds.only(TASK).inputs
        (first,) = json.loads(given["containerDefinitions"])
        definitions = json.dumps([{**first, **container}])
        try:
            made = clouds.make(TASK, "another", **{**given, "containerDefinitions": definitions})
        except CloudRefused as refused:
            return refused.what
        service = clouds.only(SERVICE)
        return ask(clouds, service, {**service.inputs, "taskDefinition": made.outputs["arn"]})

    return act


def without(type_: str, name: str | None = None) -> Act:
    """The site without that resource, and its next deployment."""

    def act(clouds: Clouds) -> str:
        resource = clouds.only(type_, name)
        clouds.delete(resource)
        return deploy(clouds, resource.stack)

    return act


def image_for_arm(clouds: Clouds) -> str:
    (service,) = [r for type_ in (SERVICE, APP, RUN) for r in clouds.world.store.all(type_)]
    reference = {
        "aws": lambda: json.loads(clouds.only(TASK).inputs["containerDefinitions"])[0]["image"],
        "azure": lambda: service.inputs["template"]["containers"][0]["image"],
        "gcp": lambda: service.inputs["template"]["containers"][0]["image"],
    }[service.stack]()
    host, _, place = reference.partition("@")[0].partition("/")
    clouds.world.images.push(host, place, Image(DIGEST, clouds.world.project_root), [], ["linux/arm64"])
    return deploy(clouds, service.stack)


def policy_without(action: str) -> Act:
    def act(clouds: Clouds) -> str:
        policy = clouds.only(POLICY)
        policy.inputs["policy"] = policy.inputs["policy"].replace(action, "sts:GetCallerIdentity")
        return deploy(clouds, "aws")

    return act


def certificate_of_elsewhere(clouds: Clouds) -> str:
    listener = clouds.only(LISTENER)
    of = {"stack": "aws", "config": {"region": "eu-west-1"}}
    request = clouds.request(
        "aws:acm/certificate:Certificate", "far", {"domainName": HOST, "validationMethod": "DNS"}, **of
    )
    _, outputs = clouds.clouds.create(request)
    return ask(clouds, listener, {**listener.inputs, "certificateArn": outputs["arn"]})


def certificate_that_is_pending(clouds: Clouds) -> str:
    listener = clouds.only(LISTENER)
    made = clouds.make("aws:acm/certificate:Certificate", "new", domainName="new.example", validationMethod="DNS")
    return ask(clouds, listener, {**listener.inputs, "certificateArn": made.outputs["arn"]})


def targets_that_are_instances(clouds: Clouds) -> str:
    made = clouds.make(TARGETS, "another", **{**clouds.only(TARGETS).inputs, "targetType": "instance"})
    return wrong(SERVICE, "loadBalancers.0.targetGroupArn", made.id)(clouds)


def group_of_another_vpc(clouds: Clouds) -> str:
    vpc = clouds.make("aws:ec2/vpc:Vpc", "another", cidrBlock="10.1.0.0/16")
    stranger = clouds.make("aws:ec2/securityGroup:SecurityGroup", "stranger", vpcId=vpc.id)
    return wrong(SERVICE, "networkConfiguration.securityGroups", [stranger.id])(clouds)


def role_of_another_service(clouds: Clouds) -> str:
    clouds.only(ROLE).inputs["assumeRolePolicy"] = sites.trust("ec2.amazonaws.com")
    return deploy(clouds, "aws")


def ingress_to_nowhere(clouds: Clouds) -> str:
    rule = clouds.only("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "tasks")
    rule.inputs |= {"fromPort": 9090, "toPort": 9090}
    return deploy(clouds, "aws")


def no_gateway(clouds: Clouds) -> str:
    balancer = clouds.only("aws:lb/loadBalancer:LoadBalancer").inputs
    clouds.delete(clouds.only("aws:ec2/internetGateway:InternetGateway"))
    return make("aws:lb/loadBalancer:LoadBalancer", **balancer)(clouds)


def public_addresses(clouds: Clouds) -> str:
    first, *_ = (subnet for subnet in clouds.world.store.all(SUBNET) if subnet.name == "a")
    first.inputs["cidrBlock"] = "11.0.0.0/16"
    return deploy(clouds, "aws")


def path_of_the_target_group(clouds: Clouds) -> str:
    assert wrong(TARGETS, "healthCheck.path", "/wrong")(clouds) == ""
    workload = clouds.workload("aws")
    assert workload is not None and workload.probed_by_balancer
    return f"tasks asked at {workload.probe_path}: killed and replaced"


def liveness_at(type_: str, path: str, probe: Any) -> Act:
    """A liveness probe at a wrong path is taken; what the replicas are asked then ends them: see test_probes."""

    def act(clouds: Clouds) -> str:
        stack = clouds.only(type_).stack
        assert wrong(type_, path, probe)(clouds) == ""
        workload = clouds.workload(stack)
        assert workload is not None and workload.liveness is not None
        return f"replicas asked at {workload.liveness}: killed and replaced"

    return act


def port_of_the_app(clouds: Clouds) -> str:
    assert wrong(APP, "configuration.ingress.targetPort", 9090)(clouds) == ""
    workload = clouds.workload("azure")
    assert workload is not None
    return f"replicas asked at {workload.asked}: never ready"


def ingress_inside(clouds: Clouds) -> str:
    assert wrong(APP, "configuration.ingress.external", False)(clouds) == ""
    return "; ".join(clouds.effects().why_not.values())


def another_domain(clouds: Clouds) -> str:
    clouds.answer("asuid.other.example", "TXT", sites.verification_id())
    return wrong(APP, "configuration.ingress.customDomains.0.name", "other.example")(clouds)


def vault_without_its_role(clouds: Clouds) -> str:
    clouds.delete(clouds.only("azure-native:authorization:RoleAssignment", "may-read"))
    certificate = clouds.only("azure-native:app:Certificate")
    return ask(clouds, certificate, certificate.inputs)


def registry_of_another_group(clouds: Clouds) -> str:
    group = {"resourceGroupName": "another", "location": "eastus"}
    clouds.make("azure-native:resources:ResourceGroup", "another", stack="azure", **group)
    return make(REGISTRY, on="azure", registryName="outlastazure", **group)(clouds)


def group_of_another_region(clouds: Clouds) -> str:
    clouds.only(NEG).inputs["region"] = "europe-west1"
    return answer_of(clouds)


def nobody_invited(clouds: Clouds) -> str:
    clouds.delete(clouds.only("gcp:cloudrunv2/serviceIamMember:ServiceIamMember"))
    return answer_of(clouds)


def record_gone(clouds: Clouds) -> str:
    clouds.only("gcp:certificatemanager/certificate:Certificate").place.clear()
    clouds.records.clear()
    return answer_of(clouds)


def answer_of(clouds: Clouds) -> str:
    entry = clouds.entry_point("gcp")
    if entry is None or not entry.bindings:
        return "no TLS: the load balancer has no certificate for the name"
    return f"{entry.answer} from the load balancer"


def api_off(clouds: Clouds) -> str:
    clouds.delete(clouds.only("gcp:projects/service:Service", "compute"))
    return make("gcp:compute/globalAddress:GlobalAddress", on="gcp", name="another")(clouds)


def health_check_of_a_serverless_group(clouds: Clouds) -> str:
    backend = {"name": "other", "backends": [{"group": clouds.only(NEG).id}], "healthChecks": "check"}
    return make("gcp:compute/backendService:BackendService", on="gcp", **backend)(clouds)


CONTAINER, PROBES = "template.containers.0", "template.containers.0.probes"
MISTAKES: dict[str, Act] = {
    "a TLS policy that does not exist": wrong(LISTENER, "sslPolicy", "ELBSecurityPolicy-TLS-1-3-2021-06"),
    "a target group of type `instance` for tasks with addresses of their own": targets_that_are_instances,
    "a container name that the task lacks": wrong(SERVICE, "loadBalancers.0.containerName", "web"),
    "a container port that the task does not map": wrong(SERVICE, "loadBalancers.0.containerPort", 9090),
    "a certificate of another region than its load balancer": certificate_of_elsewhere,
    "a certificate that is not issued yet": certificate_that_is_pending,
    "a health check path without its slash": wrong(TARGETS, "healthCheck.path", "health"),
    "a health check whose time-out is its interval": wrong(TARGETS, "healthCheck", {"interval": 10, "timeout": 10}),
    "a health check path that answers 404": path_of_the_target_group,
    "an execution role that may not write the log": policy_without("logs:PutLogEvents"),
    "an execution role that may not pull": policy_without("ecr:BatchGetImage"),
    "a role that trusts another service": role_of_another_service,
    "a role that trusts nobody": make(ROLE, assumeRolePolicy='{"Statement": []}'),
    "a policy that is no document": wrong(POLICY, "policy", "allow everything"),
    "a value that the API does not list": wrong(SERVICE, "deploymentConfiguration", {"strategy": "CANARIES"}),
    "an arm64 image on an x86 task": image_for_arm,
    "a security group of another VPC": group_of_another_vpc,
    "an ingress rule for a port that no task listens on": ingress_to_nowhere,
    "tasks without a way to the registry": wrong(SERVICE, "networkConfiguration.assignPublicIp", False),
    "a log group that does not exist": without("aws:cloudwatch/logGroup:LogGroup"),
    "a capacity provider that the cluster lacks": wrong(
        SERVICE, "capacityProviderStrategies", [{"capacityProvider": "MINE", "weight": 1}]
    ),
    "scaling to fewer tasks at most than at least": make(SCALING, **sites.SCALED, minCapacity=3, maxCapacity=2),
    "scaling of a service that does not exist": make(
        SCALING, **{**sites.SCALED, "resourceId": "service/site/other"}, minCapacity=1, maxCapacity=2
    ),
    "a scaling policy without its target": make(
        "aws:appautoscaling/policy:Policy",
        **sites.SCALED,
        policyType="TargetTrackingScaling",
        targetTrackingScalingPolicyConfiguration=sites.TRACKED,
    ),
    "a load balancer in a VPC without an internet gateway": no_gateway,
    "a service whose target group has no listener": without(LISTENER),
    "a security group's name that begins with `sg-`": make("aws:ec2/securityGroup:SecurityGroup", name="sg-mine"),
    "tasks at addresses that are publicly routable": public_addresses,
    "more tasks than the subnets have addresses": wrong(SERVICE, "desiredCount", 300),
    "a task definition of more than 64 kB": task_with(environment=[{"name": "LONG", "value": "a" * 65536}]),
    "memory that Fargate does not have beside that CPU": wrong(TASK, "memory", "512000"),
    "a workload profile that the environment lacks": wrong(APP, "workloadProfileName", "D4"),
    "an app in another location than its environment": wrong(APP, "location", "westeurope"),
    "an identity that may not pull from the registry": without("azure-native:authorization:RoleAssignment", "may-pull"),
    "an identity that may not read the vault": vault_without_its_role,
    "a custom domain without its TXT record": wrong(
        APP, "configuration.ingress.customDomains.0.name", "another.example"
    ),
    "a certificate of another name than the domain's": another_domain,
    "a reserved word in a public name": wrong(APP, "containerAppName", "my-microsoft-app"),
    "a registry name that is taken": registry_of_another_group,
    "an arm64 image": image_for_arm,
    "memory that there is not beside that CPU": wrong(APP, f"{CONTAINER}.resources.memory", "7Gi"),
    "a probe that may fail more often than its kind": wrong(
        APP, PROBES, [{"type": "Liveness", "tcpSocket": {"port": 8080}, "failureThreshold": 31}]
    ),
    "a liveness probe at a path that answers 404": liveness_at(
        APP, PROBES, [{"type": "Liveness", "httpGet": {"path": "/wrong", "port": 8080}}]
    ),
    "a target port that nobody listens on": port_of_the_app,
    "weights of traffic that do not make 100": wrong(
        APP, "configuration.ingress.traffic", [{"latestRevision": True, "weight": 50}]
    ),
    "an ingress that is not external": ingress_inside,
    "a resource of an API that is not enabled": api_off,
    "memory that Cloud Run does not have beside that CPU": wrong(
        RUN, f"{CONTAINER}.resources.limits", {"cpu": "1", "memory": "16Gi"}
    ),
    "several requests at once below one CPU": wrong(
        RUN,
        "template",
        {
            "maxInstanceRequestConcurrency": 40,
            "containers": [{"image": "a", "resources": {"limits": {"cpu": "0.5", "memory": "512Mi"}}}],
        },
    ),
    "a serverless group in another region than its service": group_of_another_region,
    "a service that nobody may invoke": nobody_invited,
    "a variable that Cloud Run sets itself": wrong(RUN, f"{CONTAINER}.envs", [{"name": "PORT", "value": "80"}]),
    "an account that does not exist": without("gcp:serviceaccount/account:Account"),
    "an arm64 image for Cloud Run": image_for_arm,
    "a certificate map by its short name": wrong(
        "gcp:compute/targetHttpsProxy:TargetHttpsProxy", "certificateMap", "site"
    ),
    "a health check of a serverless group": health_check_of_a_serverless_group,
    "a certificate whose record nobody wrote": record_gone,
    "a liveness probe of Cloud Run that answers 404": liveness_at(
        RUN, f"{CONTAINER}.livenessProbe", {"httpGet": {"path": "/wrong"}}
    ),
    "a probe whose time-out is not shorter than its period": wrong(
        RUN, f"{CONTAINER}.startupProbe", {"httpGet": {"path": "/"}, "timeoutSeconds": 5, "periodSeconds": 2}
    ),
    "an execution role that may not read its secret": without(POLICY, "keys"),
    "a secret that was deleted": without("aws:secretsmanager/secret:Secret"),
    "an identity that may not read its secret": without("azure-native:authorization:RoleAssignment", "may-read-keys"),
    "a secret that the vault lacks": without("azure-native:keyvault:Secret"),
    "an account that may not read its secret": without("gcp:secretmanager/secretIamMember:SecretIamMember"),
    "a version of a secret that was destroyed": without("gcp:secretmanager/secretVersion:SecretVersion"),
    "an alarm whose metrics are not those of its expression": wrong(
        sites.METRIC_ALARM, "metricQueries", [{"id": "share", "expression": "errors / requests"}]
    ),
    "an alarm on a metric that a container app lacks": wrong(
        sites.METRIC_ALERT, "criteria.allOf", [{"metricName": "Responses", "name": "a"}]
    ),
    "an alarm on a metric that Google Cloud lacks": wrong(
        sites.POLICY,
        "conditions",
        [{"displayName": "a", "conditionThreshold": {"filter": 'metric.type="run.googleapis.com/requests"'}}],
    ),
    "TLS 1.3 alone with another profile than RESTRICTED": wrong(
        "gcp:compute/sSLPolicy:SSLPolicy", "minTlsVersion", "TLS_1_3"
    ),
}


def site_of(mistake: str) -> Callable[[Clouds], object]:
    """The right site in which a mistake is made: the page's section names its cloud."""
    before = PAGE.read_text().partition(f"\n| {mistake} |")[0]
    cloud = re.findall(r"^## (.+)$", before, re.MULTILINE)[-1]
    if "secret" in mistake:
        return {"AWS": sites.aws_keys, "Azure": sites.azure_keys, "Google Cloud": sites.gcp_keys}[cloud]
    if "alarm" in mistake:
        return {"AWS": sites.aws_alarm, "Azure": sites.azure_alarm, "Google Cloud": sites.gcp_alarm}[cloud]
    return {"AWS": sites.aws_site, "Azure": sites.azure_site, "Google Cloud": sites.gcp_site}[cloud]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.mistake)
def test_a_mistake_is_met_with_the_words_of_the_page(clouds: Clouds, row: Row) -> None:
    site_of(row.mistake)(clouds)
    said = MISTAKES[row.mistake](clouds)
    assert row.words in said, said
    assert (row.when == "preview") is said.startswith("preview: ")


@pytest.mark.parametrize("site", [sites.aws_site, sites.azure_site, sites.gcp_site])
def test_the_right_site_meets_none_of_them(clouds: Clouds, site: Callable[[Clouds], Any]) -> None:
    assert deploy(clouds, site(clouds).request.urn.split("::")[0].rpartition(":")[2]) == ""
    assert clouds.effects().why_not == {}


def test_the_page_and_the_mistakes_are_the_same() -> None:
    assert {row.mistake for row in rows()} == MISTAKES.keys()
    assert {row.when for row in rows()} == {"preview", "update", "outside"}
