"""The inventory of every stack: unchanged unless somebody means it, well typed, and what the design asks for."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any

import pytest

from infra.edge import HSTS
from tests.infra.goldens import NAMES, PRODUCTION, accept_command, golden_file, render_inventory
from tests.infra.harness import STACKS, Run

# What each part has to be, cloud by cloud: the design's table of compute, with the properties that it insists on.
# A dotted path names an input; a callable says what must hold of it.
DESIGN: dict[str, dict[str, dict[str, Any]]] = {
    "zone": {"aws:route53/zone:Zone": {"enableAcceleratedRecovery": True}},
    "aws": {
        "aws:ec2/vpc:Vpc": {},
        "aws:ec2/subnet:Subnet": {},
        "aws:ec2/internetGateway:InternetGateway": {},
        "aws:ec2/routeTable:RouteTable": {},
        "aws:ec2/routeTableAssociation:RouteTableAssociation": {},
        "aws:ec2/securityGroup:SecurityGroup": {"ingress": None, "egress": None},
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"ipProtocol": "tcp"},
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {"ipProtocol": "tcp"},
        "aws:ecr/repository:Repository": {
            "imageScanningConfiguration.scanOnPush": True,
            "imageTagMutability": "IMMUTABLE",
        },
        "aws:ecr/lifecyclePolicy:LifecyclePolicy": {"policy": lambda p: len(p["as JSON"]["rules"]) == 1},
        "aws:iam/role:Role": {},
        "aws:iam/rolePolicy:RolePolicy": {},
        "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": lambda days: days > 0},
        "aws:cloudwatch/dashboard:Dashboard": {"dashboardBody.as JSON.widgets": lambda found: len(found) == 6},
        "aws:secretsmanager/secret:Secret": {"recoveryWindowInDays": 0},  # its name is free for the next `up`
        "aws:secretsmanager/secretVersion:SecretVersion": {"secretString": bool},
        "aws:ecs/cluster:Cluster": {"settings.0.name": "containerInsights"},
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {"capacityProviders": lambda p: "FARGATE" in p},
        "aws:ecs/taskDefinition:TaskDefinition": {
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "executionRoleArn": bool,
            "taskRoleArn": bool,
            "runtimePlatform.cpuArchitecture": "X86_64",
        },
        "aws:ecs/service:Service": {
            "launchType": None,  # excludes the strategies
            "capacityProviderStrategies.0.capacityProvider": "FARGATE",
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "deploymentMinimumHealthyPercent": 100,
            "forceNewDeployment": True,  # without it other capacity providers replace the service
            "healthCheckGracePeriodSeconds": bool,
            "networkConfiguration.assignPublicIp": True,
        },
        "aws:appautoscaling/target:Target": {
            "serviceNamespace": "ecs",
            "resourceId": "service/outlast-aws/outlast-aws",
            "scalableDimension": "ecs:service:DesiredCount",
        },
        "aws:appautoscaling/policy:Policy": {
            "policyType": "TargetTrackingScaling",  # left out it is StepScaling
            "targetTrackingScalingPolicyConfiguration.targetValue": lambda value: value > 0,
        },
        "aws:lb/loadBalancer:LoadBalancer": {"dropInvalidHeaderFields": True, "internal": False},
        "aws:lb/targetGroup:TargetGroup": {
            "targetType": "ip",
            "deregistrationDelay": 30,
            "healthCheck.interval": 10,
            "healthCheck.timeout": 5,
            "healthCheck.healthyThreshold": 2,
            "healthCheck.unhealthyThreshold": 2,
            "healthCheck.matcher": "200",
        },
        "aws:lb/listener:Listener": {
            "routingHttpResponseStrictTransportSecurityHeaderValue": lambda value: value in (None, HSTS),
            "sslPolicy": lambda policy: policy in (None, "ELBSecurityPolicy-TLS13-1-2-2021-06"),
        },
        "aws:sns/topic:Topic": {"kmsMasterKeyId": None},  # an alarm could not publish
        "aws:sns/topicSubscription:TopicSubscription": {"protocol": "email"},
        "aws:cloudwatch/metricAlarm:MetricAlarm": {
            "alarmActions.0": bool,
            "okActions.0": bool,
            "treatMissingData": bool,
        },
        "aws:acm/certificate:Certificate": {"validationMethod": "DNS"},
        "aws:acm/certificateValidation:CertificateValidation": {"validationRecordFqdns": lambda r: len(r) == 2},
        "aws:route53/record:Record": {},
    },
    "azure": {
        "azure-native:resources:ResourceGroup": {},
        "azure-native:managedidentity:UserAssignedIdentity": {"resourceName": bool},
        "azure-native:containerregistry:Registry": {"sku.name": "Basic", "adminUserEnabled": False},
        "azure-native:authorization:RoleAssignment": {"principalType": "ServicePrincipal"},
        "azure-native:keyvault:Secret": {"properties.value": bool},
        "azure-native:monitor:ActionGroup": {"enabled": True, "emailReceivers.0.emailAddress": bool},
        "azure-native:monitor:MetricAlert": {
            "autoMitigate": True,
            "actions.0.actionGroupId": bool,
            "location": "global",
        },
        "azure-native:portal:Dashboard": {"properties.lenses.0.parts": lambda found: len(found) == 5},
        "azure-native:operationalinsights:Workspace": {"retentionInDays": bool, "sku.name": "PerGB2018"},
        "azure-native:monitor:DiagnosticSetting": {"workspaceId": bool, "logs": lambda logs: len(logs) == 2},
        "azure-native:app:ManagedEnvironment": {
            "identity.type": "UserAssigned",
            "appLogsConfiguration.destination": "azure-monitor",
        },
        "azure-native:app:Certificate": {
            "properties.certificateKeyVaultProperties.identity": bool,
            "properties.certificateKeyVaultProperties.keyVaultUrl": lambda url: url.count("/") == 4,  # no version
        },
        "azure-native:app:ContainerApp": {
            "configuration.ingress.external": True,
            "configuration.ingress.allowInsecure": False,
            "configuration.ingress.transport": "auto",
            "configuration.ingress.customDomains.0.bindingType": "SniEnabled",
            "configuration.ingress.traffic": [{"latestRevision": True, "weight": 100}],
            "configuration.registries.0.identity": bool,
            "template.containers.0.probes": lambda p: {x["type"] for x in p} == {"Startup", "Liveness", "Readiness"},
            "template.scale.minReplicas": lambda n: n >= 1,
            "template.scale.rules.0.http.metadata.concurrentRequests": bool,
        },
        "aws:route53/record:Record": {},
    },
    "gcp": {
        "gcp:projects/service:Service": {"disableOnDestroy": False},
        "gcp:artifactregistry/repository:Repository": {
            "format": "DOCKER",
            "dockerConfig.immutableTags": True,
            "cleanupPolicyDryRun": False,
            "cleanupPolicies": lambda p: {x["action"] for x in p} == {"KEEP", "DELETE"},
        },
        "gcp:serviceaccount/account:Account": {},
        "gcp:cloudrunv2/service:Service": {
            "deletionProtection": False,
            "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            "defaultUriDisabled": True,
            "invokerIamDisabled": True,
            "template.containers.0.resources.cpuIdle": True,
            "template.maxInstanceRequestConcurrency": bool,
            "template.scaling.minInstanceCount": lambda n: n >= 1,
        },
        "gcp:secretmanager/secret:Secret": {"replication.userManaged.replicas": lambda r: len(r) == 1},
        "gcp:secretmanager/secretVersion:SecretVersion": {"secretData": bool},
        "gcp:secretmanager/secretIamMember:SecretIamMember": {"role": "roles/secretmanager.secretAccessor"},
        "gcp:monitoring/dashboard:Dashboard": {
            "dashboardJson.as JSON.mosaicLayout.tiles": lambda found: len(found) == 5
        },
        "gcp:monitoring/notificationChannel:NotificationChannel": {"type": "email"},
        "gcp:monitoring/alertPolicy:AlertPolicy": {"notificationChannels.0": bool, "alertStrategy.autoClose": "1800s"},
        "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": {"networkEndpointType": "SERVERLESS"},
        "gcp:compute/backendService:BackendService": {
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "healthChecks": None,  # refused with a serverless group
        },
        "gcp:compute/uRLMap:URLMap": {},
        "gcp:compute/targetHttpsProxy:TargetHttpsProxy": {
            "certificateMap": lambda m: m.startswith("//certificatemanager.googleapis.com/"),
            "sslPolicy": bool,
        },
        "gcp:compute/targetHttpProxy:TargetHttpProxy": {},
        "gcp:compute/globalForwardingRule:GlobalForwardingRule": {"loadBalancingScheme": "EXTERNAL_MANAGED"},
        "gcp:compute/globalAddress:GlobalAddress": {},
        "gcp:compute/sSLPolicy:SSLPolicy": {"minTlsVersion": "TLS_1_2"},
        "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": {
            "type": "PER_PROJECT_RECORD",  # the other collides with the ACME job of Azure's certificate
            "location": "global",
        },
        "gcp:certificatemanager/certificate:Certificate": {"managed.dnsAuthorizations": lambda a: len(a) == 1},
        "gcp:certificatemanager/certificateMap:CertificateMap": {},
        "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": {"hostname": bool},
        "aws:route53/record:Record": {},
    },
    "traffic": {
        "aws:route53/healthCheck:HealthCheck": {
            "type": "HTTPS_STR_MATCH",
            "port": 443,
            "enableSni": True,
            "requestInterval": 10,
            "failureThreshold": 3,
            "resourcePath": "/health",
            "searchString": '"status":"ok"',
        },
        "aws:sns/topic:Topic": {"region": "us-east-1"},  # where the metrics of Route 53 are
        "aws:sns/topicSubscription:TopicSubscription": {"region": "us-east-1"},
        "aws:cloudwatch/metricAlarm:MetricAlarm": {"region": "us-east-1", "treatMissingData": "missing"},
        "aws:route53/record:Record": {"type": "CNAME", "ttl": 30, "weightedRoutingPolicies": lambda w: len(w) == 1},
    },
    "training-aws": {
        "aws:ecr/repository:Repository": {
            "imageScanningConfiguration.scanOnPush": True,
            "imageTagMutability": "IMMUTABLE",
        },
        "aws:ecr/lifecyclePolicy:LifecyclePolicy": {"policy": lambda p: len(p["as JSON"]["rules"]) == 1},
        "aws:iam/role:Role": {
            "assumeRolePolicy": lambda trust: (
                [one["Principal"] for one in trust["as JSON"]["Statement"]] == [{"Service": "sagemaker.amazonaws.com"}]
            )
        },
        "aws:iam/rolePolicy:RolePolicy": {},
        "aws:s3/bucket:Bucket": {"bucket": "outlast-training-aws"},
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {"rules.0.expiration.days": 14},
        "aws:s3/bucketPolicy:BucketPolicy": {"policy": lambda p: p["as JSON"]["Statement"][0]["Effect"] == "Deny"},
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
    },
    "training-azure": {
        "azure-native:resources:ResourceGroup": {"resourceGroupName": "outlast-training-azure"},
        "azure-native:managedidentity:UserAssignedIdentity": {"resourceName": "outlast-training-azure-job"},
        "azure-native:containerregistry:Registry": {"sku.name": "Basic", "adminUserEnabled": False},
        "azure-native:authorization:RoleAssignment": {"principalType": "ServicePrincipal"},
        "azure-native:keyvault:Vault": {
            "properties.enableRbacAuthorization": True,
            "properties.softDeleteRetentionInDays": 7,  # the fewest: so long its name stays taken
        },
        "azure-native:storage:StorageAccount": {
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": False,
            "enableHttpsTrafficOnly": True,
        },
        "azure-native:storage:BlobContainer": {"publicAccess": "None"},
        "azure-native:storage:ManagementPolicy": {
            "policy.rules.0.definition.actions.baseBlob.delete.daysAfterModificationGreaterThan": 14,
            "policy.rules.0.definition.filters.prefixMatch": ["checkpoints/"],
        },
        "azure-native:machinelearningservices:Workspace": {
            "identity.userAssignedIdentities": lambda ids: len(ids) == 1,
            "systemDatastoresAuthMode": "Identity",  # else a key of the whole account lies in the vault
        },
    },
    "training-gcp": {
        "gcp:projects/service:Service": {"disableOnDestroy": False},
        "gcp:artifactregistry/repository:Repository": {"format": "DOCKER", "dockerConfig.immutableTags": True},
        "gcp:serviceaccount/account:Account": {"accountId": "outlast-training-gcp-job"},
        "gcp:storage/bucket:Bucket": {
            "uniformBucketLevelAccess": True,
            "publicAccessPrevention": "enforced",
            "lifecycleRules.0.action.type": "Delete",
            "lifecycleRules.0.condition": {"age": 14, "matchesPrefixes": ["checkpoints/"]},
        },
        "gcp:storage/bucketIAMMember:BucketIAMMember": {
            "role": lambda role: role in ("roles/storage.objectViewer", "roles/storage.objectUser")
        },
    },
}

BESIDE = {"sites"}  # the list of sites for clients, which is no record of the public host

# What a site at production's size has otherwise, in the place of the row above or beside it.
OTHERWISE: dict[str, dict[str, dict[str, Any]]] = {
    "aws-production": {
        "aws:ec2/eip:Eip": {"domain": "vpc"},
        "aws:ecs/cluster:Cluster": {"settings.0.value": "enabled"},
        "aws:lb/loadBalancer:LoadBalancer": {"accessLogs.enabled": True, "enableDeletionProtection": True},
        "aws:s3/bucket:Bucket": {"forceDestroy": True, "bucketPrefix": "outlast-aws-alb-"},
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {"rules.0.expiration.days": 365},
        "aws:s3/bucketPolicy:BucketPolicy": {
            "policy": lambda p: [s["Sid"] for s in p["as JSON"]["Statement"]] == ["Deliver", "OnlyTls"]
        },
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"restrictPublicBuckets": True},
        "aws:ec2/natGateway:NatGateway": {"allocationId": bool, "subnetId": bool},
        "aws:ecs/service:Service": {"networkConfiguration.assignPublicIp": False},
        "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 365},
        "aws:wafv2/webAcl:WebAcl": {"scope": "REGIONAL", "rules": lambda rules: len(rules) == 1},
        "aws:wafv2/webAclAssociation:WebAclAssociation": {"resourceArn": bool},
    },
    "azure-production": {
        "azure-native:operationalinsights:Workspace": {"retentionInDays": 365},
        "azure-native:monitor:DiagnosticSetting": {"logs": lambda logs: len(logs) == 3},
        "azure-native:network:VirtualNetwork": {"subnets.0.delegations.0.serviceName": "Microsoft.App/environments"},
        "azure-native:app:ManagedEnvironment": {"zoneRedundant": True, "vnetConfiguration.internal": False},
    },
    "gcp-production": {
        "gcp:logging/projectBucketConfig:ProjectBucketConfig": {"retentionDays": 365, "location": "us-central1"},
        "gcp:logging/projectSink:ProjectSink": {"uniqueWriterIdentity": True},
        "gcp:compute/backendService:BackendService": {"logConfig.enable": True, "logConfig.sampleRate": 1},
        "gcp:compute/securityPolicy:SecurityPolicy": {
            "rules.1.rateLimitOptions.enforceOnKey": "IP",  # by default one counter for everybody
            "rules.1.rateLimitOptions.exceedAction": "deny(429)",
        },
    },
}

# Losing one of these loses what another `up` does not bring back: an address, a certificate, a delegated zone.
STATEFUL = {
    "zone": {"zone"},
    "aws": {"front", "repository", "certificate"},
    "azure": {"environment", "registry", "certificate"},
    "gcp": {"address", "repository", "certificate"},
    "traffic": {"aws", "azure", "gcp"},
}


@pytest.mark.parametrize("name", NAMES)
def test_inventory_is_the_accepted_one(run_of: Callable[[str], Run], name: str) -> None:
    accepted, found = golden_file(name).read_text(), render_inventory(run_of(name))
    diff = difflib.unified_diff(accepted.splitlines(), found.splitlines(), "accepted", "found", lineterm="", n=8)
    lines = "\n".join(diff)
    assert not lines, f"the stack '{name}' registers something else:\n{lines}\nif meant: {accept_command(name)}"


@pytest.mark.parametrize("name", NAMES)
def test_every_input_has_the_type_that_the_sdk_declares(run_of: Callable[[str], Run], name: str) -> None:
    assert run_of(name).problems == []


def design_of(name: str) -> dict[str, dict[str, Any]]:
    """What the design asks of the inventory of that name."""
    return DESIGN[PRODUCTION.get(name, name)] | OTHERWISE.get(name, {})


@pytest.mark.parametrize("name", NAMES)
def test_accepted_inventory_is_what_the_design_asks_for(name: str) -> None:
    resources = json.loads(golden_file(name).read_text())["resources"]
    for type_, wanted in design_of(name).items():
        found = [r for r in resources if r["type"] == type_ and r["name"] not in BESIDE]
        assert found, f"the stack '{name}' has no {type_}"
        for resource in found:
            for path, expected in wanted.items():
                value = at(resource["inputs"], path)
                fits = expected(value) if callable(expected) else value == expected
                assert fits, f"{type_} {resource['name']}: {path} is {value!r}"


@pytest.mark.parametrize("name", NAMES)
def test_accepted_inventory_holds_nothing_that_the_design_does_not_know(name: str) -> None:
    types = {r["type"] for r in json.loads(golden_file(name).read_text())["resources"]}
    beside = {"docker-build:index:Image", "pulumi:providers:aws"}
    assert types - beside == design_of(name).keys()


@pytest.mark.parametrize("stack", STACKS)
def test_what_holds_state_keeps_its_name(run_of: Callable[[str], Run], stack: str) -> None:
    # A changed name is a new resource: the old one is destroyed, and with it an address or a certificate.
    assert {r.name for r in run_of(stack).resources} >= STATEFUL[stack]


def at(inputs: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    for part in path.split("."):
        if isinstance(inputs, list):
            inputs = inputs[int(part)] if int(part) < len(inputs) else None
        else:
            inputs = inputs.get(part) if isinstance(inputs, dict) else None
    return inputs


def test_every_site_redirects_plain_http_and_speaks_tls_12_at_least() -> None:
    """What a client meets before the service, cloud by cloud; Container Apps has no older TLS to switch off."""
    listeners = {r["inputs"]["port"]: r["inputs"] for r in _golden("aws", "aws:lb/listener:Listener")}
    assert listeners[80]["defaultActions"][0]["redirect"]["protocol"] == "HTTPS"
    assert listeners[443]["routingHttpResponseStrictTransportSecurityHeaderValue"] == HSTS
    assert "-1-2-" in listeners[443]["sslPolicy"]
    (ingress,) = [r["inputs"]["configuration"]["ingress"] for r in _golden("azure", "azure-native:app:ContainerApp")]
    assert ingress["allowInsecure"] is False
    maps = {r["name"]: r["inputs"] for r in _golden("gcp", "gcp:compute/uRLMap:URLMap")}
    assert maps["redirect"]["defaultUrlRedirect"]["httpsRedirect"] is True
    (policy,) = _golden("gcp", "gcp:compute/sSLPolicy:SSLPolicy")
    assert policy["inputs"]["minTlsVersion"] == "TLS_1_2"


def _golden(name: str, type_: str) -> list[dict[str, Any]]:
    return [r for r in json.loads(golden_file(name).read_text())["resources"] if r["type"] == type_]
