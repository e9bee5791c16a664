"""Names, lengths, character sets, combinations: the wrong and the right input of each, and that unknowns are let be."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from sandbox.clouds import rules
from sandbox.clouds.kinds import KINDS
from sandbox.clouds.rules import OneOf
from sandbox.engine import sdk
from sandbox.engine.wire import UNKNOWN
from tests.sandbox.clouds.harness import Clouds

RECORD = {"zoneId": "Z", "name": "a.example", "type": "A", "ttl": 5, "records": ["192.0.2.1"]}
CHECK = {"type": "HTTPS_STR_MATCH", "fqdn": "a.example", "searchString": "ok"}
TASK = {
    "family": "f",
    "containerDefinitions": "[]",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "512",
    "memory": "1024",
}
RULE = {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
GROUP = {"port": 1, "protocol": "HTTP", "vpcId": "vpc-1"}

WORKSPACE = {
    "workspaceName": "outlast-training",
    "storageAccount": "account",
    "keyVault": "vault",
    "identity": {"type": "SystemAssigned"},
}
EXPIRY = {"name": "old", "definition": {"actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 1}}}}}
# type, the wrong inputs, where the mistake is, the right inputs
RATE = {"name": "each", "priority": 1}
THROTTLE = {"priority": 1, "action": "throttle", "rateLimitOptions": {"exceedAction": "deny(429)"}}
LAST = {"priority": 2147483647, "action": "allow"}
EDGE: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "aws:ecs/cluster:Cluster",
        {"settings": [{"name": "containerInsights", "value": "on"}]},
        "settings[0].value",
        {"settings": [{"name": "containerInsights", "value": "enhanced"}]},
    ),
    ("aws:cloudwatch/dashboard:Dashboard", {"dashboardName": "a b"}, "dashboardName", {"dashboardName": "a-b"}),
    (
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardBody": "{}"},
        "dashboardBody",
        {"dashboardBody": '{"widgets": []}'},
    ),
    ("azure-native:portal:Dashboard", {"dashboardName": "a"}, "dashboardName", {"dashboardName": "site-1"}),
    (
        "gcp:monitoring/dashboard:Dashboard",
        {"dashboardJson": '{"displayName": "a"}'},
        "dashboardJson",
        {"dashboardJson": '{"displayName": "a", "gridLayout": {}}'},
    ),
    ("aws:budgets/budget:Budget", {"timeUnit": "YEARLY"}, "timeUnit", {"timeUnit": "MONTHLY"}),
    ("azure-native:consumption:Budget", {"budgetName": "a b"}, "budgetName", {"budgetName": "a-b"}),
    ("gcp:billing/budget:Budget", {"displayName": "a" * 61}, "displayName", {"displayName": "a" * 60}),
    ("aws:wafv2/webAcl:WebAcl", {"scope": "GLOBAL"}, "scope", {"scope": "REGIONAL"}),
    ("aws:wafv2/webAcl:WebAcl", {"defaultAction": {}}, "defaultAction", {"defaultAction": {"allow": {}}}),
    ("aws:wafv2/webAcl:WebAcl", {"name": "a b"}, "name", {"name": "a-b"}),
    ("aws:wafv2/webAcl:WebAcl", {"rules": [RATE, RATE]}, "rules", {"rules": [RATE, {"name": "b", "priority": 2}]}),
    *(
        (
            "aws:wafv2/webAcl:WebAcl",
            {"rules": [{"statement": {"rateBasedStatement": {key: wrong}}}]},
            f"rules[0].statement.rateBasedStatement.{key}",
            {"rules": [{"statement": {"rateBasedStatement": {key: right}}}]},
        )
        for key, wrong, right in (
            ("limit", 9, 10),
            ("evaluationWindowSec", 90, 120),
            ("aggregateKeyType", "ALL", "FORWARDED_IP"),
        )
    ),
    ("gcp:compute/securityPolicy:SecurityPolicy", {"name": "A"}, "name", {"name": "a"}),
    ("gcp:compute/securityPolicy:SecurityPolicy", {"rules": [THROTTLE]}, "rules", {"rules": [THROTTLE, LAST]}),
    (
        "gcp:compute/securityPolicy:SecurityPolicy",
        {"rules": [{"priority": 1, "action": "throttle"}, LAST]},
        "rules[0].rateLimitOptions",
        {"rules": [LAST]},
    ),
    *(
        (
            "gcp:compute/securityPolicy:SecurityPolicy",
            {"rules": [{**LAST, "rateLimitOptions": {"rateLimitThreshold": {key: wrong}}}]},
            f"rules[0].rateLimitOptions.rateLimitThreshold.{key}",
            {"rules": [{**LAST, "rateLimitOptions": {"rateLimitThreshold": {key: right}}}]},
        )
        for key, wrong, right in (("count", 0, 1), ("count", 1_000_001, 1_000_000), ("intervalSec", 45, 60))
    ),
]
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    *EDGE,
    (
        "aws:lb/loadBalancer:LoadBalancer",
        {"subnets": ["s"], "name": "a" * 33},
        "name",
        {"subnets": ["s"], "name": "a" * 32},
    ),
    ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["s"], "name": "internal-a"}, "name", {"subnets": ["s"]}),
    ("aws:lb/loadBalancer:LoadBalancer", {}, "subnets", {"subnetMappings": [{"subnetId": "s"}]}),
    ("aws:lb/targetGroup:TargetGroup", {**GROUP, "name": "-a"}, "name", {**GROUP, "name": "a-b"}),
    ("aws:lb/targetGroup:TargetGroup", {"port": 1, "protocol": "HTTP"}, "vpcId", {"targetType": "lambda"}),
    (
        "aws:lb/targetGroup:TargetGroup",
        {**GROUP, "healthCheck": {"interval": 4, "timeout": 2}},
        "healthCheck.interval",
        {**GROUP, "healthCheck": {"interval": 5, "timeout": 2}},
    ),
    (
        "aws:lb/targetGroup:TargetGroup",
        {**GROUP, "healthCheck": {"path": "health"}},
        "healthCheck.path",
        {**GROUP, "healthCheck": {"path": "/health"}},
    ),
    (
        "aws:lb/targetGroup:TargetGroup",
        {**GROUP, "healthCheck": {"interval": 10, "timeout": 10}},
        "healthCheck.timeout",
        {**GROUP, "healthCheck": {"interval": 11, "timeout": 10}},
    ),
    (  # 6 s where nobody says so
        "aws:lb/targetGroup:TargetGroup",
        {**GROUP, "healthCheck": {"interval": 6}},
        "healthCheck.timeout",
        {**GROUP, "healthCheck": {"interval": 7}},
    ),
    ("aws:lb/listener:Listener", {"protocol": "HTTPS"}, "certificateArn", {"protocol": "HTTP", "port": 80}),
    ("aws:lb/listener:Listener", {"port": 70000}, "port", {"port": 65535}),
    ("aws:ec2/securityGroup:SecurityGroup", {"name": "sg-mine"}, "name", {"name": "my group (1)"}),
    ("aws:ec2/securityGroup:SecurityGroup", {"description": "a → b"}, "description", {"description": "a to b"}),
    ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/15"}, "cidrBlock", {"cidrBlock": "10.0.0.0/16"}),
    ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.1/16"}, "cidrBlock", {"cidrBlock": "10.0.0.0/28"}),
    ("aws:ec2/vpc:Vpc", {"instanceTenancy": "shared"}, "instanceTenancy", {"instanceTenancy": "dedicated"}),
    ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/29"}, "cidrBlock", {"cidrBlock": "10.0.0.0/28"}),
    ("aws:ec2/subnet:Subnet", {"cidrBlock": "ten"}, "cidrBlock", {"cidrBlock": "10.0.1.0/24"}),
    *(
        case
        for kind in ("Ingress", "Egress")
        for type_ in [f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule"]
        for case in (
            (type_, {**RULE, "cidrIpv4": None}, "cidrIpv4", RULE),
            (type_, {**RULE, "referencedSecurityGroupId": "sg-1"}, "cidrIpv4", {**RULE, "cidrIpv4": "10.0.0.0/8"}),
            (type_, {**RULE, "cidrIpv4": "10.0.0.1/8"}, "cidrIpv4", RULE),
            (type_, {**RULE, "toPort": 65536}, "toPort", {**RULE, "toPort": 65535}),
            (type_, {**RULE, "toPort": None}, "fromPort", {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"}),
            (type_, {**RULE, "ipProtocol": "-1"}, "fromPort", {**RULE, "ipProtocol": "udp"}),
            (type_, {**RULE, "ipProtocol": "tpc"}, "ipProtocol", {**RULE, "ipProtocol": "6"}),
        )
    ),
    ("aws:ecr/repository:Repository", {"name": "Upper"}, "name", {"name": "team/outlast-aws"}),
    ("aws:iam/role:Role", {"name": "a" * 65}, "name", {"name": "a" * 64}),
    ("aws:iam/rolePolicy:RolePolicy", {"name": "a b"}, "name", {"name": "a_b"}),
    ("aws:cloudwatch/logGroup:LogGroup", {"name": "a b"}, "name", {"name": "/outlast-aws"}),
    ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 31}, "retentionInDays", {"retentionInDays": 30}),
    (
        "aws:acm/certificate:Certificate",
        {"domainName": "a.example.", "validationMethod": "DNS"},
        "domainName",
        {"domainName": "a.example", "validationMethod": "DNS"},
    ),
    (
        "aws:acm/certificate:Certificate",
        {"domainName": "a.example", "validationMethod": "DNS", "subjectAlternativeNames": ["b.example", "a" * 254]},
        "subjectAlternativeNames[1]",
        {"domainName": "a.example", "validationMethod": "DNS", "subjectAlternativeNames": ["b.example"]},
    ),
    (
        "aws:acm/certificate:Certificate",
        {"domainName": "a.example"},
        "validationMethod",
        {"domainName": "a.example", "certificateAuthorityArn": "arn"},
    ),
    ("aws:ecs/cluster:Cluster", {"name": "a.b"}, "name", {"name": "a_b-c"}),
    ("aws:ecs/taskDefinition:TaskDefinition", {**TASK, "cpu": "half"}, "cpu", {**TASK, "cpu": "0.5 vCPU"}),
    ("aws:ecs/taskDefinition:TaskDefinition", {**TASK, "memory": "1 TB"}, "memory", {**TASK, "memory": "1 GB"}),
    (
        "aws:ecs/taskDefinition:TaskDefinition",
        {**TASK, "cpu": "0.5 vCPU", "memory": "16GB"},
        "memory",
        {**TASK, "cpu": "0.5vcpu", "memory": "4GB"},
    ),
    ("aws:ecs/taskDefinition:TaskDefinition", {**TASK, "family": "a b"}, "family", TASK),
    ("aws:ecs/taskDefinition:TaskDefinition", {**TASK, "memory": "512"}, "memory", {**TASK, "memory": "4096"}),
    ("aws:ecs/taskDefinition:TaskDefinition", {**TASK, "networkMode": "bridge"}, "networkMode", TASK),
    ("aws:ecs/taskDefinition:TaskDefinition", {n: v for n, v in TASK.items() if n != "cpu"}, "cpu", TASK),
    (
        "aws:ecs/service:Service",
        {"launchType": "FARGATE", "capacityProviderStrategies": [{"capacityProvider": "FARGATE"}]},
        "launchType",
        {"launchType": "FARGATE"},
    ),
    ("aws:ecs/service:Service", {"name": "a" * 256}, "name", {"name": "a" * 255}),
    (
        "aws:route53/healthCheck:HealthCheck",
        {**CHECK, "requestInterval": 17},
        "requestInterval",
        {**CHECK, "requestInterval": 30},
    ),
    (
        "aws:route53/healthCheck:HealthCheck",
        {**CHECK, "failureThreshold": 11},
        "failureThreshold",
        {**CHECK, "failureThreshold": 10},
    ),
    (
        "aws:route53/healthCheck:HealthCheck",
        {**CHECK, "searchString": "a" * 256},
        "searchString",
        {**CHECK, "searchString": "a" * 255},
    ),
    ("aws:route53/healthCheck:HealthCheck", {**CHECK, "resourcePath": "a" * 256}, "resourcePath", CHECK),
    (
        "aws:route53/healthCheck:HealthCheck",
        {"type": "HTTPS_STR_MATCH", "fqdn": "a"},
        "searchString",
        {"type": "TCP", "ipAddress": "192.0.2.1"},
    ),
    ("aws:route53/healthCheck:HealthCheck", {"type": "TCP"}, "fqdn", {"type": "CALCULATED"}),
    (
        "aws:route53/healthCheck:HealthCheck",
        {"type": "CLOUDWATCH_METRIC", "cloudwatchAlarmName": "a"},
        "cloudwatchAlarmName",
        {"type": "CLOUDWATCH_METRIC", "cloudwatchAlarmName": "a", "cloudwatchAlarmRegion": "us-east-1"},
    ),
    (
        "aws:route53/healthCheck:HealthCheck",
        {**CHECK, "regions": ["us-east-1", "us-west-1"]},
        "regions",
        {**CHECK, "regions": ["us-east-1", "us-west-1", "eu-west-1"]},
    ),
    ("aws:route53/healthCheck:HealthCheck", {"type": "RECOVERY_CONTROL"}, "type", {"type": "CALCULATED"}),
    ("aws:route53/record:Record", {n: v for n, v in RECORD.items() if n != "records"}, "records", RECORD),
    ("aws:route53/record:Record", {n: v for n, v in RECORD.items() if n != "ttl"}, "ttl", RECORD),
    ("aws:route53/record:Record", {**RECORD, "ttl": -1}, "ttl", {**RECORD, "ttl": 0}),
    (
        "aws:route53/record:Record",
        {**RECORD, "weightedRoutingPolicies": [{"weight": 1}]},
        "setIdentifier",
        {**RECORD, "weightedRoutingPolicies": [{"weight": 1}], "setIdentifier": "a"},
    ),
    (
        "aws:route53/record:Record",
        {**RECORD, "setIdentifier": "a", "weightedRoutingPolicies": [{"weight": 256}]},
        "weightedRoutingPolicies[0].weight",
        {**RECORD, "setIdentifier": "a", "weightedRoutingPolicies": [{"weight": 255}]},
    ),
    (
        "aws:route53/record:Record",
        {
            **RECORD,
            "setIdentifier": "a",
            "weightedRoutingPolicies": [{"weight": 1}],
            "failoverRoutingPolicies": [{"type": "PRIMARY"}],
        },
        "weightedRoutingPolicies",
        {**RECORD, "setIdentifier": "a", "failoverRoutingPolicies": [{"type": "PRIMARY"}]},
    ),
    (
        "azure-native:resources:ResourceGroup",
        {"resourceGroupName": "ends."},
        "resourceGroupName",
        {"resourceGroupName": "a.b"},
    ),
    (
        "azure-native:containerregistry:Registry",
        {"registryName": "out-last"},
        "registryName",
        {"registryName": "outlast"},
    ),
    (
        "azure-native:operationalinsights:Workspace",
        {"retentionInDays": 14},
        "retentionInDays",
        {"retentionInDays": 365, "sku": {"name": "PerGB2018"}},
    ),
    (
        "azure-native:monitor:DiagnosticSetting",
        {"logs": [{"category": "ContainerAppConsoleLog"}]},
        "logs[0].category",
        {"logs": [{"category": "ContainerAppSystemLogs"}]},
    ),
    (
        "azure-native:network:VirtualNetwork",
        {"addressSpace": {"addressPrefixes": ["10.0.0.0/24"]}, "subnets": [{"addressPrefix": "10.0.1.0/24"}]},
        "subnets[0].addressPrefix",
        {"addressSpace": {"addressPrefixes": ["10.0.0.0/24"]}, "subnets": [{"addressPrefix": "10.0.0.0/25"}]},
    ),
    (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {"vpcEndpointType": "Inside"},
        "vpcEndpointType",
        {"vpcEndpointType": "Interface"},
    ),
    ("gcp:compute/network:Network", {"name": "Site"}, "name", {"name": "site"}),
    (
        "gcp:compute/subnetwork:Subnetwork",
        {"network": "n", "ipCidrRange": "10.40.0.0/30"},
        "ipCidrRange",
        {"network": "n", "ipCidrRange": "10.40.0.0/26"},
    ),
    ("aws:ec2/eip:Eip", {"domain": "vps"}, "domain", {"domain": "vpc"}),
    ("aws:ec2/natGateway:NatGateway", {"connectivityType": "open"}, "connectivityType", {"connectivityType": "public"}),
    (
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        {"repository": "site", "policy": "{}"},
        "policy",
        {"repository": "site", "policy": '{"rules": []}'},
    ),
    (
        "docker-build:index:Image",
        {"exports": [{"registry": {"names": ["host.example/Upper"]}}]},
        "exports[0].registry.names[0]",
        {"exports": [{"registry": {"names": ["host.example/name"]}}]},
    ),
    ("azure-native:containerregistry:Registry", {"registryName": "abcd"}, "registryName", {"registryName": "abcde"}),
    (
        "azure-native:managedidentity:UserAssignedIdentity",
        {"resourceName": "ab"},
        "resourceName",
        {"resourceName": "abc"},
    ),
    (
        "azure-native:authorization:RoleAssignment",
        {"roleAssignmentName": "may-pull"},
        "roleAssignmentName",
        {"roleAssignmentName": "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"},
    ),
    (
        "azure-native:operationalinsights:Workspace",
        {"workspaceName": "abc"},
        "workspaceName",
        {"workspaceName": "abcd"},
    ),
    ("azure-native:app:ManagedEnvironment", {"environmentName": "1a"}, "environmentName", {"environmentName": "a1"}),
    (
        "azure-native:app:ManagedEnvironment",
        {"zoneRedundant": True, "location": "West US"},
        "zoneRedundant",
        {"zoneRedundant": True, "location": "westus2"},
    ),
    (
        "azure-native:storage:StorageAccount",
        {"sku": {"name": "Standard_ZRS"}, "location": "westus"},
        "sku.name",
        {"sku": {"name": "Standard_LRS"}, "location": "westus"},
    ),
    ("azure-native:app:Certificate", {"certificateName": "A"}, "certificateName", {"certificateName": "outlast-azure"}),
    ("azure-native:app:ContainerApp", {"containerAppName": "a--b"}, "containerAppName", {"containerAppName": "a-b"}),
    (
        "azure-native:app:ContainerApp",
        {"template": {"scale": {"minReplicas": 5, "maxReplicas": 4}}},
        "template.scale",
        {"template": {"scale": {"minReplicas": 4, "maxReplicas": 4}}},
    ),
    (
        "azure-native:app:ContainerApp",
        {"template": {"containers": [{"resources": {"cpu": 0.5, "memory": "2Gi"}}]}},
        "template.containers[0].resources",
        {"template": {"containers": [{"resources": {"cpu": 0.5, "memory": "1Gi"}}]}},
    ),
    (
        "azure-native:app:ContainerApp",
        {"environmentId": "e", "managedEnvironmentId": "e"},
        "environmentId",
        {"environmentId": "e"},
    ),
    *(
        (type_, {name: f"{word}"}, name, {name: right})
        for word, right in (
            ("mymicrosoftmodels", "mymodels"),
            ("windowsofmine", "windofmine"),
            ("logintumour", "tumourlogin"),
            ("azure", "azuremodels"),
        )
        for type_, name in (
            ("azure-native:containerregistry:Registry", "registryName"),
            ("azure-native:app:ContainerApp", "containerAppName"),
        )
    ),
    *(
        (
            "gcp:cloudrunv2/service:Service",
            {"template": {**more, "containers": [{"resources": {"limits": wrong}}]}},
            where,
            {"template": {**more, "containers": [{"resources": {"limits": right}}]}},
        )
        for wrong, right, where, more in (
            ({"memory": "8Gi"}, {"memory": "4Gi"}, "template.containers[0].resources", {}),
            ({"cpu": "2", "memory": "9Gi"}, {"cpu": "2", "memory": "8Gi"}, "template.containers[0].resources", {}),
            ({"cpu": "3"}, {"cpu": "2000m"}, "template.containers[0].resources", {}),
            (
                {"cpu": "1", "memory": "256Mi"},
                {"cpu": "1", "memory": "512Mi"},
                "template.containers[0].resources",
                {"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2"},
            ),
            (
                {"cpu": "500m"},
                {"cpu": "1"},
                "template.maxInstanceRequestConcurrency",
                {"maxInstanceRequestConcurrency": 2},
            ),
            ({"cpu": "4", "memory": "1Gi"}, {"cpu": UNKNOWN, "memory": "1Gi"}, "template.containers[0].resources", {}),
        )
    ),
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {**RULE, "fromPort": -1}, "fromPort", RULE),
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {**RULE, "fromPort": 444}, "fromPort", RULE),
    (
        "aws:lb/targetGroup:TargetGroup",
        {**GROUP, "healthCheck": {"matcher": "200-599"}},
        "healthCheck.matcher",
        {**GROUP, "healthCheck": {"matcher": "200-299,404"}},
    ),
    *(
        (
            "aws:lb/listener:Listener",
            {"defaultActions": [{"redirect": {name: wrong}}]},
            f"defaultActions[0].redirect.{name}",
            {"defaultActions": [{"redirect": {name: right}}]},
        )
        for name, wrong, right in (
            ("protocol", "FTP", "#{protocol}"),
            ("port", "65536", "65535"),
            ("port", "0", "443"),
            ("port", "any", "#{port}"),
        )
    ),
    *(
        ("aws:ecs/service:Service", wrong, where, right)
        for wrong, where, right in (
            (
                {"deploymentMinimumHealthyPercent": 100, "deploymentMaximumPercent": 100},
                "deploymentMinimumHealthyPercent",
                {"deploymentMinimumHealthyPercent": 50, "deploymentMaximumPercent": 100},
            ),
            ({"deploymentMinimumHealthyPercent": 200}, "deploymentMinimumHealthyPercent", {}),
            ({"healthCheckGracePeriodSeconds": -1}, "healthCheckGracePeriodSeconds", {}),
            (
                {"capacityProviderStrategies": [{"base": 100_001}]},
                "capacityProviderStrategies[0].base",
                {"capacityProviderStrategies": [{"base": 100_000, "weight": 1000}]},
            ),
        )
    ),
    (
        "aws:acm/certificate:Certificate",
        {"domainName": "localhost", "validationMethod": "DNS"},
        "domainName",
        {"domainName": "*.a-b.example", "validationMethod": "DNS"},
    ),
    *(
        (type_, {"location": "us-east-1"}, "location", {"location": "East US"})
        for type_ in (
            "azure-native:resources:ResourceGroup",
            "azure-native:containerregistry:Registry",
            "azure-native:managedidentity:UserAssignedIdentity",
            "azure-native:operationalinsights:Workspace",
            "azure-native:app:ManagedEnvironment",
            "azure-native:app:Certificate",
            "azure-native:app:ContainerApp",
        )
    ),
    (
        "azure-native:app:ManagedEnvironment",
        {"workloadProfiles": [{"workloadProfileType": "Huge"}]},
        "workloadProfiles[0].workloadProfileType",
        {"workloadProfiles": [{"workloadProfileType": "D4"}]},
    ),
    ("azure-native:authorization:RoleAssignment", {"scope": "group"}, "scope", {"scope": "/subscriptions/s/x"}),
    (
        "azure-native:authorization:RoleAssignment",
        {"roleDefinitionId": "AcrPull"},
        "roleDefinitionId",
        {"roleDefinitionId": "/p/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d"},
    ),
    *(
        (
            "azure-native:app:ContainerApp",
            {"configuration": {"ingress": {"traffic": wrong}}},
            where,
            {"configuration": {"ingress": {"traffic": [{"latestRevision": True, "weight": 100}]}}},
        )
        for wrong, where in (
            ([{"latestRevision": True, "weight": 99}], "configuration.ingress.traffic"),
            ([{"latestRevision": True, "weight": 101}, {"label": "a", "weight": -1}], "configuration.ingress.traffic"),
            ([{"weight": 100}], "configuration.ingress.traffic[0]"),
        )
    ),
    (
        "azure-native:app:ContainerApp",
        {"template": {"containers": [{"resources": {"memory": "512Mi"}}]}},
        "template.containers[0].resources.memory",
        {"template": {"containers": [{"resources": {"memory": "0.5Gi"}}]}},
    ),
    (
        "azure-native:app:ContainerApp",
        {"configuration": {"ingress": {"targetPort": 0}}},
        "configuration.ingress.targetPort",
        {"configuration": {"ingress": {"targetPort": 1}}},
    ),
    (
        "gcp:cloudrunv2/service:Service",
        {"template": {"containers": [{"name": "a b"}]}},
        "template.containers[0].name",
        {"template": {"containers": [{"name": "service"}]}},
    ),
    (
        "gcp:cloudrunv2/service:Service",
        {"template": {"containers": [{"livenessProbe": {"timeoutSeconds": 10}}]}},
        "template.containers[0].livenessProbe.timeoutSeconds",
        {"template": {"containers": [{"livenessProbe": {"timeoutSeconds": 1, "periodSeconds": 2}}]}},
    ),
    (
        "azure-native:app:ManagedEnvironment",
        {"appLogsConfiguration": {"destination": "stdout"}},
        "appLogsConfiguration.destination",
        {"appLogsConfiguration": {"destination": "none"}},
    ),
    ("gcp:projects/service:Service", {"service": "run"}, "service", {"service": "run.googleapis.com"}),
    ("gcp:artifactregistry/repository:Repository", {"format": "docker"}, "format", {"format": "DOCKER"}),
    ("gcp:artifactregistry/repository:Repository", {"location": "eastus"}, "location", {"location": "europe"}),
    ("gcp:cloudrunv2/service:Service", {"location": "us-east-1"}, "location", {"location": "us-east1"}),
    (
        "gcp:cloudrunv2/service:Service",
        {"template": {"containers": [{"startupProbe": {"httpGet": {"port": 70000}}}]}},
        "template.containers[0].startupProbe.httpGet.port",
        {"template": {"containers": [{"startupProbe": {"httpGet": {"port": 8080}}}]}},
    ),
    (
        "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        {"region": "global"},
        "region",
        {"region": "us-central1"},
    ),
    ("gcp:certificatemanager/dnsAuthorization:DnsAuthorization", {"domain": "a"}, "domain", {"domain": "a.example"}),
    ("aws:secretsmanager/secret:Secret", {"name": "a b"}, "name", {"name": "site/api-keys", "recoveryWindowInDays": 7}),
    ("aws:secretsmanager/secret:Secret", {"recoveryWindowInDays": 3}, "recoveryWindowInDays", {}),
    (
        "aws:secretsmanager/secretVersion:SecretVersion",
        {"secretString": "x" * 65_537},
        "secretString",
        {"secretString": "{}\n" * 100},
    ),
    (
        "aws:secretsmanager/secretVersion:SecretVersion",
        {"secretString": "x", "secretBinary": "eA=="},
        "secretBinary",
        {"secretBinary": "eA=="},
    ),
    ("azure-native:keyvault:Secret", {"secretName": "a_b"}, "secretName", {"secretName": "a-b"}),
    (
        "azure-native:keyvault:Secret",
        {"properties": {"value": "x" * 25_001}},
        "properties.value",
        {"properties": {"value": "[]"}},
    ),
    ("gcp:secretmanager/secret:Secret", {"secretId": "a.b"}, "secretId", {"secretId": "a-b"}),
    (
        "gcp:secretmanager/secretVersion:SecretVersion",
        {"secretData": "x" * 65_537},
        "secretData",
        {"secretData": "[]"},
    ),
    ("gcp:serviceaccount/account:Account", {"accountId": "short"}, "accountId", {"accountId": "longer"}),
    ("gcp:cloudrunv2/service:Service", {"name": "a" * 50}, "name", {"name": "a" * 49}),
    (
        "gcp:cloudrunv2/service:Service",
        {"template": {"maxInstanceRequestConcurrency": 1001}},
        "template.maxInstanceRequestConcurrency",
        {"template": {"maxInstanceRequestConcurrency": 1000}},
    ),
    (
        "gcp:cloudrunv2/service:Service",
        {"template": {"scaling": {"minInstanceCount": 2, "maxInstanceCount": 1}}},
        "template.scaling",
        {"template": {"scaling": {"minInstanceCount": 1, "maxInstanceCount": 1}}},
    ),
    (
        "gcp:compute/sSLPolicy:SSLPolicy",
        {"minTlsVersion": "TLS_1_3", "profile": "MODERN"},
        "profile",
        {"minTlsVersion": "TLS_1_3", "profile": "RESTRICTED"},
    ),
    ("gcp:certificatemanager/certificate:Certificate", {}, "managed", {"managed": {"domains": ["a.example"]}}),
    ("gcp:certificatemanager/dnsAuthorization:DnsAuthorization", {"name": "1a"}, "name", {"name": "a1"}),
    *(
        ("azure-native:app:ContainerApp", {"template": wrong}, f"template.{where}", {"template": right})
        for wrong, where, right in (
            ({"containers": [{"name": "a b"}]}, "containers[0].name", {"containers": [{"name": "a-b.c"}]}),
            (
                {"scale": {"rules": [{"http": {"metadata": {"concurrentRequests": "many"}}}]}},
                "scale.rules[0].http.metadata.concurrentRequests",
                {"scale": {"rules": [{"http": {"metadata": {"concurrentRequests": "40"}}}]}},
            ),
        )
    ),
    ("docker-build:index:Image", {"tags": ["a.example/Upper:1"]}, "tags[0]", {"tags": ["a.example:5000/a/b-c:v1"]}),
    (
        "docker-build:index:Image",
        {"registries": [{"address": "a b"}]},
        "registries[0].address",
        {"registries": [{"address": "https://index.docker.io/v1/"}, {"address": "a.example:5000"}]},
    ),
    *(
        (
            "gcp:compute/globalForwardingRule:GlobalForwardingRule",
            {"portRange": wrong},
            "portRange",
            {"portRange": right},
        )
        for wrong, right in (("https", "443"), ("0", "80-81"), ("65536", "65535"))
    ),
    (
        "gcp:artifactregistry/repository:Repository",
        {"repositoryId": "a_b", "location": "us"},
        "repositoryId",
        {"repositoryId": "a-b", "location": "us"},
    ),
    ("gcp:certificatemanager/certificateMap:CertificateMap", {"name": "a" * 65}, "name", {"name": "a" * 64}),
    ("gcp:certificatemanager/certificateMapEntry:CertificateMapEntry", {"name": "-"}, "name", {"name": "a"}),
    *(
        (f"gcp:compute/{token}", {"name": "ends-"}, "name", {"name": "a" * 63})
        for token in (
            "regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
            "backendService:BackendService",
            "uRLMap:URLMap",
            "targetHttpsProxy:TargetHttpsProxy",
            "targetHttpProxy:TargetHttpProxy",
            "sSLPolicy:SSLPolicy",
            "globalAddress:GlobalAddress",
            "globalForwardingRule:GlobalForwardingRule",
        )
    ),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {"metricName": "a", "evaluationPeriods": 1, "period": 61},
        "period",
        {"metricName": "a", "evaluationPeriods": 1440, "period": 60},
    ),
    ("aws:sns/topic:Topic", {"name": "a b"}, "name", {"name": "a-b"}),
    (
        "aws:sns/topicSubscription:TopicSubscription",
        {"endpoint": "a", "protocol": "email"},
        "endpoint",
        {"endpoint": "a@b.example", "protocol": "email"},
    ),
    ("azure-native:monitor:ActionGroup", {"groupShortName": "a" * 13}, "groupShortName", {"groupShortName": "a" * 12}),
    ("azure-native:monitor:MetricAlert", {"severity": 5}, "severity", {"severity": 4}),
    (
        "gcp:monitoring/notificationChannel:NotificationChannel",
        {"type": "email", "labels": {}},
        "labels.email_address",
        {"type": "email", "labels": {"email_address": "a@b.example"}},
    ),
    (
        "gcp:monitoring/alertPolicy:AlertPolicy",
        {"conditions": [{"conditionThreshold": {"duration": "61s"}}]},
        "conditions[0].conditionThreshold.duration",
        {"conditions": [{"conditionThreshold": {"duration": "120s"}}]},
    ),
    ("aws:s3/bucket:Bucket", {"bucket": "Upper"}, "bucket", {"bucket": "a.b-c"}),
    ("aws:s3/bucket:Bucket", {"bucket": "switches-s3alias"}, "bucket", {"bucket": "s3alias-switches"}),
    ("gcp:storage/bucket:Bucket", {"name": "a-google-bucket"}, "name", {"name": "a-goog-bucket"}),
    (
        "aws:appautoscaling/target:Target",
        {"minCapacity": 2, "maxCapacity": 1},
        "maxCapacity",
        {"minCapacity": 1, "maxCapacity": 1},
    ),
    ("aws:appautoscaling/policy:Policy", {"name": "a" * 256}, "name", {"name": "a" * 255}),
    *(
        (
            "azure-native:app:ContainerApp",
            {"template": {"scale": {"rules": [{"custom": {"type": "cpu", "metadata": metadata}}]}}},
            f"template.scale.rules[0].custom.metadata.{name}",
            {"template": {"scale": {"rules": [{"custom": {"type": "cpu", "metadata": right}}]}}},
        )
        for right in ({"type": "Utilization", "value": "60"},)
        for name, metadata in (("type", {"value": "60"}), ("value", {"type": "Utilization", "value": "60 %"}))
    ),
    ("azure-native:storage:StorageAccount", {"accountName": "with-hyphen"}, "accountName", {"accountName": "a1b"}),
    ("azure-native:keyvault:Vault", {"vaultName": "1kv"}, "vaultName", {"vaultName": "kv-models"}),
    (
        "azure-native:keyvault:Vault",
        {"properties": {"softDeleteRetentionInDays": 6}},
        "properties.softDeleteRetentionInDays",
        {"properties": {"softDeleteRetentionInDays": 7}},
    ),
    *(
        ("azure-native:machinelearningservices:Workspace", wrong, where, WORKSPACE)
        for wrong, where in (
            ({**WORKSPACE, "workspaceName": "-a"}, "workspaceName"),
            ({**WORKSPACE, "keyVault": None}, "keyVault"),
            ({**WORKSPACE, "identity": None}, "identity"),
        )
    ),
    *(
        ("azure-native:storage:ManagementPolicy", wrong, where, {"policy": {"rules": [EXPIRY]}})
        for wrong, where in (
            ({"managementPolicyName": "mine"}, "managementPolicyName"),
            ({"policy": {"rules": [{**EXPIRY, "name": "a b"}]}}, "policy.rules[0].name"),
            ({"policy": {"rules": [{**EXPIRY, "definition": {"actions": {}}}]}}, "policy.rules[0].definition.actions"),
            ({"policy": {"rules": [EXPIRY, EXPIRY]}}, "policy.rules"),
        )
    ),
    ("azure-native:storage:BlobContainer", {"containerName": "a--b"}, "containerName", {"containerName": "a-b"}),
    ("gcp:storage/bucket:Bucket", {"name": "ab"}, "name", {"name": "a_b"}),
    *(
        ("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", {name: wrong}, name, {name: right})
        for name, wrong, right in (
            ("role", "cloudkms.viewer", "roles/cloudkms.viewer"),
            ("member", "agent@project.iam", "serviceAccount:agent@project.iam"),
            ("cryptoKeyId", "key", "projects/p/locations/l/keyRings/r/cryptoKeys/key"),
        )
    ),
    (
        "gcp:projects/serviceIdentity:ServiceIdentity",
        {"service": "aiplatform"},
        "service",
        {"service": "aiplatform.googleapis.com"},
    ),
    (
        "aws:s3/bucketVersioning:BucketVersioning",
        {"versioningConfiguration": {"status": "On"}},
        "versioningConfiguration.status",
        {"versioningConfiguration": {"status": "Enabled"}},
    ),
    (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {"rules": [{"id": "a", "status": "On", "expiration": {"days": 1}}]},
        "rules[0].status",
        {"rules": [{"id": "a", "status": "Enabled", "expiration": {"days": 1}}]},
    ),
    (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {"rules": [{"id": "a", "status": "Enabled"}]},
        "rules[0]",
        {"rules": [{"id": "a", "status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}]},
    ),
    (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {"rules": [{"id": "a", "status": "Enabled", "expiration": {"days": days}} for days in (1, 2)]},
        "rules",
        {"rules": [{"id": id_, "status": "Enabled", "expiration": {"days": 1}} for id_ in "ab"]},
    ),
    *(
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            {"rules": [{"applyServerSideEncryptionByDefault": wrong}]},
            f"rules[0].applyServerSideEncryptionByDefault.{where}",
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"}}]},
        )
        for where, wrong in (
            ("sseAlgorithm", {"sseAlgorithm": "AES512"}),
            ("kmsMasterKeyId", {"sseAlgorithm": "AES256", "kmsMasterKeyId": "k"}),
        )
    ),
    (
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        {"rule": {"defaultRetention": {"mode": "STRICT", "days": 1}}},
        "rule.defaultRetention.mode",
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}},
    ),
    (
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        {"extendedS3Configuration": {"bufferingInterval": 901}},
        "extendedS3Configuration.bufferingInterval",
        {"name": "outlast-base-aws-audit", "extendedS3Configuration": {"bufferingInterval": 60, "bufferingSize": 5}},
    ),
    ("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", {"name": "a:b"}, "name", {"name": "audit"}),
    (
        "azure-native:storage:BlobContainerImmutabilityPolicy",
        {"immutabilityPeriodSinceCreationInDays": 0},
        "immutabilityPeriodSinceCreationInDays",
        {"immutabilityPeriodSinceCreationInDays": 400},
    ),
    (
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
        {"bucketId": "a", "retentionDays": 3651},
        "retentionDays",
        {"bucketId": "base-gcp-audit", "retentionDays": 400},
    ),
    ("gcp:logging/projectSink:ProjectSink", {"name": "a b"}, "name", {"name": "outlast-gcp-audit"}),
]


BOTOCORE = [
    (kind.type, path, rule)
    for kind in KINDS.values()
    for path, rule in kind.limits.items()
    if isinstance(rule, OneOf) and rule.source.startswith("botocore: ")
]


@pytest.mark.parametrize(("type_", "path", "rule"), BOTOCORE)
def test_the_values_are_those_of_the_api(type_: str, path: str, rule: OneOf) -> None:
    service, operation, member = rule.source.removeprefix("botocore: ").split(" ")
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    for name in member.split("."):
        shape = (shape.member if shape.type_name == "list" else shape).members[name]
    assert set(rule.values) == set((shape.member if shape.type_name == "list" else shape).enum)
    assert rule.refuses("no such value")


RULED = {type_ for type_, kind in KINDS.items() if kind.limits or kind.combinations}


def mistakes(type_: str, inputs: dict[str, Any]) -> list[rules.Mistake]:
    """What the type's row says is wrong with the inputs."""
    return rules.mistakes(KINDS[type_].limits, KINDS[type_].combinations, inputs)


@pytest.mark.parametrize(("type_", "wrong", "where", "right"), CASES)
def test_the_wrong_one_is_refused_and_the_right_one_is_not(
    type_: str, wrong: dict[str, Any], where: str, right: dict[str, Any]
) -> None:
    assert where in [path for path, _ in mistakes(type_, wrong)]
    assert mistakes(type_, right) == []


def test_every_type_with_a_rule_has_a_case() -> None:
    assert {type_ for type_, *_ in CASES} == RULED


# What these take is other resources' ids and switches: a name that does not exist is refused when it is looked up.
NOTHING_TO_CHECK = {
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "aws:route53/zone:Zone",  # Route 53 itself refuses a name that is none
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    "gcp:storage/bucketIAMMember:BucketIAMMember",
}


def test_every_type_in_use_has_rules_but_for_these() -> None:
    assert set(KINDS) - RULED == NOTHING_TO_CHECK


def test_rules_name_inputs_that_exist() -> None:
    for type_, kind in KINDS.items():
        inputs = sdk.inputs_of(type_).fields
        assert {path.split(".")[0].removesuffix("[]") for path in kind.limits} <= set(inputs), type_


def test_what_a_preview_does_not_know_is_let_be() -> None:
    unknown = {"name": UNKNOWN, "subnets": UNKNOWN}
    assert mistakes("aws:lb/loadBalancer:LoadBalancer", unknown) == []
    domains = {"domainName": UNKNOWN, "subjectAlternativeNames": [UNKNOWN], "validationMethod": "DNS"}
    assert mistakes("aws:acm/certificate:Certificate", domains) == []
    assert mistakes("aws:ecs/taskDefinition:TaskDefinition", {**TASK, "cpu": UNKNOWN}) == []


def test_all_mistakes_are_told_at_once(clouds: Clouds) -> None:
    wrong = {"name": "-", "port": 0, "protocol": "HTTP"}
    asked = clouds.request("aws:lb/targetGroup:TargetGroup", "one", wrong, stack="aws")
    assert [path for path, _ in clouds.clouds.check(asked)] == ["name", "port", "vpcId"]
