"""The smallest right program of each cloud, resource by resource: tests leave one thing out, or take one away."""

from __future__ import annotations

import json
from typing import Any

from sandbox.clouds.accounts import COMMITTED_VAULT
from sandbox.clouds.azure import vaults
from sandbox.clouds.azure.environments import verification_id
from sandbox.clouds.azure.identity import ACR_PULL, SECRETS_USER
from tests.sandbox.clouds.harness import DIGEST, HOST, Clouds, Made

ANYWHERE = "0.0.0.0/0"
ROLE = "aws:iam/role:Role"
MAY_LOG_IN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
MAY_LOG = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
MAY_PULL: dict[str, Any] = {
    "Effect": "Allow",
    "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "Resource": "arn:aws:ecr:*",
}
GROUP = {"resourceGroupName": "outlast-azure", "location": "eastus"}
APIS = ("artifactregistry", "certificatemanager", "compute", "iam", "run")
SECRET = f"https://outlast-sandbox.vault.azure.net/secrets/{HOST.replace('.', '-')}"


def role(id_: str) -> str:
    return f"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{id_}"


def publish(clouds: Clouds, options: list[dict[str, Any]]) -> None:
    """Let the zone answer an ACM certificate's validation records."""
    for option in options:
        clouds.answer(option["resourceRecordName"], "CNAME", option["resourceRecordValue"].rstrip("."))


# -- AWS -------------------------------------------------------------------------------------------------------------


def aws_network(clouds: Clouds) -> dict[str, Made]:
    vpc = clouds.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    subnets = [
        clouds.make(
            "aws:ec2/subnet:Subnet", zone, vpcId=vpc.id, cidrBlock=f"10.0.{n}.0/24", availabilityZone=f"us-east-1{zone}"
        )
        for n, zone in enumerate("ab")
    ]
    gateway = clouds.make("aws:ec2/internetGateway:InternetGateway", vpcId=vpc.id)
    routes = [{"cidrBlock": ANYWHERE, "gatewayId": gateway.id}]
    table = clouds.make("aws:ec2/routeTable:RouteTable", vpcId=vpc.id, routes=routes)
    for subnet in subnets:
        name = subnet.request.name
        clouds.make(
            "aws:ec2/routeTableAssociation:RouteTableAssociation", name, routeTableId=table.id, subnetId=subnet.id
        )
    entry = clouds.make("aws:ec2/securityGroup:SecurityGroup", "front", vpcId=vpc.id)
    tasks = clouds.make("aws:ec2/securityGroup:SecurityGroup", "tasks", vpcId=vpc.id)
    let = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    tcp = {"ipProtocol": "tcp"}
    clouds.make(let, "443", securityGroupId=entry.id, cidrIpv4=ANYWHERE, fromPort=443, toPort=443, **tcp)
    source = {"securityGroupId": tasks.id, "referencedSecurityGroupId": entry.id}
    clouds.make(let, "tasks", fromPort=8080, toPort=8080, **source, **tcp)
    out = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    target = {"securityGroupId": entry.id, "referencedSecurityGroupId": tasks.id}
    clouds.make(out, "front", fromPort=8080, toPort=8080, **target, **tcp)
    clouds.make(out, "tasks", securityGroupId=tasks.id, cidrIpv4=ANYWHERE, fromPort=443, toPort=443, **tcp)
    return {"vpc": vpc, "a": subnets[0], "b": subnets[1], "front": entry, "tasks": tasks}


def aws_certificate(clouds: Clouds, *, proven: bool = True) -> Made:
    certificate = clouds.make("aws:acm/certificate:Certificate", domainName=HOST, validationMethod="DNS")
    if proven:
        publish(clouds, certificate.outputs["domainValidationOptions"])
        clouds.make("aws:acm/certificateValidation:CertificateValidation", certificateArn=certificate.outputs["arn"])
    return certificate


def aws_front(clouds: Clouds, network: dict[str, Made], certificate: Made) -> Made:
    balancer = clouds.make(
        "aws:lb/loadBalancer:LoadBalancer",
        securityGroups=[network["front"].id],
        subnets=[network["a"].id, network["b"].id],
    )
    group = clouds.make(
        "aws:lb/targetGroup:TargetGroup",
        targetType="ip",
        port=8080,
        protocol="HTTP",
        vpcId=network["vpc"].id,
        healthCheck={"path": "/health"},
    )
    clouds.make(
        "aws:lb/listener:Listener",
        loadBalancerArn=balancer.outputs["arn"],
        port=443,
        protocol="HTTPS",
        certificateArn=certificate.outputs["arn"],
        defaultActions=[{"type": "forward", "targetGroupArn": group.outputs["arn"]}],
    )
    return group


def aws_image(clouds: Clouds, digest: str = DIGEST) -> str:
    repository = clouds.world.store.find("aws:ecr/repository:Repository", "site") or clouds.make(
        "aws:ecr/repository:Repository", name="site", forceDelete=True
    )
    reference = f"{repository.outputs['repositoryUrl']}@{digest}"
    clouds.push(reference)
    return reference


def trust(service: str = "ecs-tasks.amazonaws.com") -> str:
    """A role's trust policy that lets one service assume it."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def aws_permit(clouds: Clouds, name: str) -> Made:
    """Let the execution role of that name pull and write its log."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": [MAY_LOG_IN, MAY_PULL, MAY_LOG]})
    return clouds.make("aws:iam/rolePolicy:RolePolicy", name, role=clouds.only(ROLE, name).id, policy=policy)


def aws_task(clouds: Clouds, image: str, name: str = "task", *, may_pull: bool = True) -> Made:
    execution = clouds.make("aws:iam/role:Role", name, assumeRolePolicy=trust())
    logs = clouds.make("aws:cloudwatch/logGroup:LogGroup", name, name=f"/{name}")
    if may_pull:
        aws_permit(clouds, name)
    container = {
        "name": "service",
        "image": image,
        "portMappings": [{"containerPort": 8080}],
        "environment": [{"name": "OUTLAST_SITE", "value": "aws"}],
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": logs.id}},
    }
    return clouds.make(
        "aws:ecs/taskDefinition:TaskDefinition",
        name,
        family="site",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="512",
        memory="1024",
        executionRoleArn=execution.outputs["arn"],
        containerDefinitions=json.dumps([container]),
    )


def aws_service(clouds: Clouds, network: dict[str, Made], group: Made, task: Made, **more: Any) -> Made:
    cluster = clouds.make("aws:ecs/cluster:Cluster", name="site")
    capacity = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
    clouds.make(capacity, clusterName="site", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    target = {"targetGroupArn": group.outputs["arn"], "containerName": "service", "containerPort": 8080}
    inputs: dict[str, Any] = {
        "name": "site",
        "cluster": cluster.outputs["arn"],
        "taskDefinition": task.outputs["arn"],
        "desiredCount": 2,
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}],
        "networkConfiguration": {
            "securityGroups": [network["tasks"].id],
            "subnets": [network["a"].id],
            "assignPublicIp": True,
        },
        "loadBalancers": [target],
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "waitForSteadyState": True,
    }
    return clouds.make("aws:ecs/service:Service", **{**inputs, **more})


def aws_site(clouds: Clouds) -> Made:
    network = aws_network(clouds)
    group = aws_front(clouds, network, aws_certificate(clouds))
    return aws_service(clouds, network, group, aws_task(clouds, aws_image(clouds)))


SCALED = {
    "serviceNamespace": "ecs",
    "resourceId": "service/site/site",
    "scalableDimension": "ecs:service:DesiredCount",
}
TRACKED = {
    "targetValue": 60,
    "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
}


def aws_scaled(clouds: Clouds) -> Made:
    """The site, whose tasks scale by their processor time from two to four."""
    service = aws_site(clouds)
    clouds.make("aws:appautoscaling/target:Target", minCapacity=2, maxCapacity=4, **SCALED)
    tracking = {"policyType": "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration": TRACKED}
    clouds.make("aws:appautoscaling/policy:Policy", "cpu", **tracking, **SCALED)
    return service


def aws_private_site(clouds: Clouds) -> Made:
    """The same, whose tasks have no addresses and get out by a NAT gateway."""
    service = aws_site(clouds)
    vpc, public = clouds.only("aws:ec2/vpc:Vpc"), clouds.only("aws:ec2/subnet:Subnet", "a")
    inside = clouds.make("aws:ec2/subnet:Subnet", "inside", vpcId=vpc.id, cidrBlock="10.0.9.0/24")
    address = clouds.make("aws:ec2/eip:Eip", domain="vpc")
    nat = clouds.make("aws:ec2/natGateway:NatGateway", allocationId=address.id, subnetId=public.id)
    routes = [{"cidrBlock": ANYWHERE, "natGatewayId": nat.id}]
    table = clouds.make("aws:ec2/routeTable:RouteTable", "inside", vpcId=vpc.id, routes=routes)
    association = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    clouds.make(association, "inside", routeTableId=table.id, subnetId=inside.id)
    network = {**service.request.inputs["networkConfiguration"], "subnets": [inside.id], "assignPublicIp": False}
    clouds.change(service, networkConfiguration=network)
    return service


def aws_endpoint_site(clouds: Clouds) -> Made:
    """The same, whose tasks get out nowhere: the services that start them are in the VPC."""
    service = aws_site(clouds)
    vpc = clouds.only("aws:ec2/vpc:Vpc")
    vpc.inputs["enableDnsHostnames"] = True
    inside = clouds.make("aws:ec2/subnet:Subnet", "inside", vpcId=vpc.id, cidrBlock="10.0.9.0/24")
    table = clouds.make("aws:ec2/routeTable:RouteTable", "inside", vpcId=vpc.id)
    association = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    clouds.make(association, "inside", routeTableId=table.id, subnetId=inside.id)
    tasks = service.request.inputs["networkConfiguration"]["securityGroups"]
    add_endpoints(clouds, vpc.id, inside.id, table.id, tasks[0])
    network = {**service.request.inputs["networkConfiguration"], "subnets": [inside.id], "assignPublicIp": False}
    clouds.change(service, networkConfiguration=network)
    return service


def add_endpoints(clouds: Clouds, vpc: str, subnet: str, table: str, tasks: str) -> None:
    """Those by which a task in a subnet without a way out starts, each named after its service."""
    group = clouds.make("aws:ec2/securityGroup:SecurityGroup", "endpoints", name="endpoints", vpcId=vpc)
    clouds.make(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "endpoints-in",
        securityGroupId=group.id,
        referencedSecurityGroupId=tasks,
        ipProtocol="tcp",
        fromPort=443,
        toPort=443,
    )
    inside = {"vpcEndpointType": "Interface", "subnetIds": [subnet], "securityGroupIds": [group.id]}
    for service in ("ecr.api", "ecr.dkr", "logs", "secretsmanager"):
        named = {"serviceName": f"com.amazonaws.us-east-1.{service}", "privateDnsEnabled": True}
        clouds.make("aws:ec2/vpcEndpoint:VpcEndpoint", service, vpcId=vpc, **named, **inside)
    s3 = {"serviceName": "com.amazonaws.us-east-1.s3", "vpcEndpointType": "Gateway", "routeTableIds": [table]}
    layers = clouds.make("aws:ec2/vpcEndpoint:VpcEndpoint", "s3", vpcId=vpc, **s3)
    out = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    clouds.delete(clouds.only(out, "tasks"))  # to anywhere
    https = {"securityGroupId": tasks, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    clouds.make(out, "to-endpoints", referencedSecurityGroupId=group.id, **https)
    clouds.make(out, "to-s3", prefixListId=layers.outputs["prefixListId"], **https)


# -- Azure -----------------------------------------------------------------------------------------------------------


def azure_base(clouds: Clouds, *, may_pull: bool = True, may_read: bool = True) -> dict[str, Made]:
    vaults.fill(clouds.world.ca, clouds.world.accounts)
    on = {"stack": "azure"}
    clouds.make("azure-native:resources:ResourceGroup", **GROUP, **on)
    registry = clouds.make("azure-native:containerregistry:Registry", registryName="outlastazure", **GROUP, **on)
    identity = clouds.make(
        "azure-native:managedidentity:UserAssignedIdentity", resourceName="outlast-azure", **GROUP, **on
    )
    base = {"registry": registry, "identity": identity}
    for name in ["may-pull"] * may_pull + ["may-read"] * may_read:
        azure_grant(clouds, base, name)
    environment = clouds.make(
        "azure-native:app:ManagedEnvironment",
        environmentName="outlast-azure",
        identity={"type": "UserAssigned", "userAssignedIdentities": [identity.id]},
        **GROUP,
        **on,
    )
    return {**base, "environment": environment}


def azure_grant(clouds: Clouds, base: dict[str, Made], name: str) -> Made:
    """Let the site's identity pull from its registry (`may-pull`), or read the vault (`may-read`)."""
    certificate = f"{COMMITTED_VAULT}/secrets/{SECRET.rpartition('/')[2]}"
    definition, scope = {"may-pull": (ACR_PULL, base["registry"].id), "may-read": (SECRETS_USER, certificate)}[name]
    who = {"principalId": base["identity"].outputs["principalId"]}
    given = "azure-native:authorization:RoleAssignment"
    return clouds.make(given, name, stack="azure", roleDefinitionId=role(definition), scope=scope, **who)


def azure_certificate(clouds: Clouds, base: dict[str, Made], url: str = SECRET) -> Made:
    source = {"identity": base["identity"].id, "keyVaultUrl": url}
    return clouds.make(
        "azure-native:app:Certificate",
        stack="azure",
        certificateName="outlast-azure",
        environmentName="outlast-azure",
        properties={"certificateKeyVaultProperties": source},
        **GROUP,
    )


def azure_image(clouds: Clouds, base: dict[str, Made], digest: str = DIGEST) -> str:
    reference = f"{base['registry'].outputs['loginServer']}/service@{digest}"
    clouds.push(reference)
    return reference


def azure_app(clouds: Clouds, base: dict[str, Made], certificate: Made | None, image: str, host: str = HOST) -> Made:
    domain = {"name": host, "bindingType": "SniEnabled", "certificateId": certificate.id if certificate else ""}
    return clouds.make(
        "azure-native:app:ContainerApp",
        stack="azure",
        containerAppName="outlast-azure",
        environmentId=base["environment"].id,
        identity={"type": "UserAssigned", "userAssignedIdentities": [base["identity"].id]},
        configuration={
            "ingress": {"external": True, "targetPort": 8080, "customDomains": [domain]},
            "registries": [{"server": base["registry"].outputs["loginServer"], "identity": base["identity"].id}],
        },
        template=azure_template(image),
        **GROUP,
    )


def azure_template(image: str, **scale: Any) -> dict[str, Any]:
    container = {
        "name": "service",
        "image": image,
        "env": [{"name": "OUTLAST_SITE", "value": "azure"}],
        "resources": {"cpu": 0.5, "memory": "1Gi"},
    }
    return {"containers": [container], "scale": {"minReplicas": 2, "maxReplicas": 4, **scale}}


def azure_site(clouds: Clouds) -> Made:
    base = azure_base(clouds)
    clouds.answer(f"asuid.{HOST}", "TXT", verification_id())
    return azure_app(clouds, base, azure_certificate(clouds, base), azure_image(clouds, base))


# -- Google Cloud ----------------------------------------------------------------------------------------------------

ON_GCP = {"stack": "gcp"}


def gcp_apis(clouds: Clouds, *left_out: str) -> None:
    for api in (each for each in APIS if each not in left_out):
        clouds.make("gcp:projects/service:Service", api, service=f"{api}.googleapis.com", **ON_GCP)


def gcp_image(clouds: Clouds, digest: str = DIGEST) -> str:
    repository = clouds.world.store.find("gcp:artifactregistry/repository:Repository", "site") or clouds.make(
        "gcp:artifactregistry/repository:Repository",
        repositoryId="site",
        location="us-central1",
        format="DOCKER",
        **ON_GCP,
    )
    reference = f"{repository.outputs['registryUri']}/service@{digest}"
    clouds.push(reference)
    return reference


def gcp_template(image: str, **container: Any) -> dict[str, Any]:
    return {
        "containers": [{"image": image, "ports": {"containerPort": 8080}, **container}],
        "scaling": {"minInstanceCount": 2, "maxInstanceCount": 4},
    }


def gcp_service(clouds: Clouds, image: str, *, invoker: bool = True, **container: Any) -> Made:
    account = clouds.make("gcp:serviceaccount/account:Account", accountId="outlast-site", **ON_GCP)
    service = clouds.make(
        "gcp:cloudrunv2/service:Service",
        name="site",
        location="us-central1",
        template={**gcp_template(image, **container), "serviceAccount": account.outputs["email"]},
        **ON_GCP,
    )
    if invoker:
        clouds.make(
            "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
            name="site",
            location="us-central1",
            role="roles/run.invoker",
            member="allUsers",
            **ON_GCP,
        )
    return service


def gcp_certificates(clouds: Clouds, *, proven: bool = True) -> Made:
    """An entry for the host in a map; its certificate is proven or not. Gives the map."""
    proof = clouds.make(
        "gcp:certificatemanager/dnsAuthorization:DnsAuthorization",
        name="site",
        domain=HOST,
        location="global",
        type="PER_PROJECT_RECORD",
        **ON_GCP,
    )
    if proven:
        record = proof.outputs["dnsResourceRecords"][0]
        clouds.answer(record["name"], "CNAME", record["data"].rstrip("."))
    managed = {"domains": [HOST], "dnsAuthorizations": [proof.id]}
    certificate = clouds.make("gcp:certificatemanager/certificate:Certificate", name="site", managed=managed, **ON_GCP)
    entries = clouds.make("gcp:certificatemanager/certificateMap:CertificateMap", name="site", **ON_GCP)
    clouds.make(
        "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry",
        name="site",
        map="site",
        hostname=HOST,
        certificates=[certificate.id],
        **ON_GCP,
    )
    return entries


def gcp_front(clouds: Clouds, entries: Made) -> None:
    address = clouds.make("gcp:compute/globalAddress:GlobalAddress", name="site", **ON_GCP)
    group = clouds.make(
        "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        name="site",
        region="us-central1",
        networkEndpointType="SERVERLESS",
        cloudRun={"service": "site"},
        **ON_GCP,
    )
    backend = clouds.make(
        "gcp:compute/backendService:BackendService", name="site", backends=[{"group": group.id}], **ON_GCP
    )
    urls = clouds.make("gcp:compute/uRLMap:URLMap", name="site", defaultService=backend.id, **ON_GCP)
    policy = clouds.make("gcp:compute/sSLPolicy:SSLPolicy", name="site", minTlsVersion="TLS_1_2", **ON_GCP)
    proxy = clouds.make(
        "gcp:compute/targetHttpsProxy:TargetHttpsProxy",
        name="site",
        urlMap=urls.id,
        sslPolicy=policy.id,
        certificateMap=f"//certificatemanager.googleapis.com/{entries.id}",
        **ON_GCP,
    )
    where = {"ipAddress": address.outputs["address"], "loadBalancingScheme": "EXTERNAL_MANAGED", **ON_GCP}
    clouds.make(
        "gcp:compute/globalForwardingRule:GlobalForwardingRule",
        "443",
        name="site-443",
        target=proxy.id,
        portRange="443",
        **where,
    )
    redirect = clouds.make(
        "gcp:compute/uRLMap:URLMap", "redirect", name="redirect", defaultUrlRedirect={"httpsRedirect": True}, **ON_GCP
    )
    plain = clouds.make("gcp:compute/targetHttpProxy:TargetHttpProxy", name="site", urlMap=redirect.id, **ON_GCP)
    clouds.make(
        "gcp:compute/globalForwardingRule:GlobalForwardingRule",
        "80",
        name="site-80",
        target=plain.id,
        portRange="80",
        **where,
    )


def gcp_site(clouds: Clouds) -> Made:
    gcp_apis(clouds)
    service = gcp_service(clouds, gcp_image(clouds))
    gcp_front(clouds, gcp_certificates(clouds))
    return service


def gcp_closed_site(clouds: Clouds) -> Made:
    """The same, whose instances are in a network of the site's own."""
    service = gcp_site(clouds)
    network = clouds.make("gcp:compute/network:Network", name="site", autoCreateSubnetworks=False, **ON_GCP)
    where = {"name": "site", "network": network.id, "region": "us-central1", "ipCidrRange": "10.40.0.0/24"}
    subnet = clouds.make("gcp:compute/subnetwork:Subnetwork", **where, **ON_GCP)
    inside = [{"network": network.id, "subnetwork": subnet.id}]
    access = {"vpcAccess": {"networkInterfaces": inside, "egress": "ALL_TRAFFIC"}}
    clouds.change(service, template={**service.request.inputs["template"], **access})
    return service


# -- secrets -----------------------------------------------------------------------------------------------------------

KEYS = "OUTLAST_API_KEYS"
HASHES = '[{"name": "clinic"}]'


def aws_permit_keys(clouds: Clouds, secret_arn: str) -> Made:
    """Let the site's execution role read a secret."""
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret_arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return clouds.make("aws:iam/rolePolicy:RolePolicy", "keys", role=clouds.only(ROLE, "task").id, policy=policy)


def aws_keys(clouds: Clouds, value: str = HASHES) -> Made:
    """A site whose container has a secret of Secrets Manager."""
    service = aws_site(clouds)
    secret = clouds.make("aws:secretsmanager/secret:Secret", name="site-api-keys", recoveryWindowInDays=0)
    aws_permit_keys(clouds, secret.outputs["arn"])
    aws_write(clouds, service, secret, value)
    return service


def aws_write(clouds: Clouds, service: Made, secret: Made, value: str, name: str = "one") -> Made:
    """Another version of the secret, and a task definition that names it for the service."""
    of = {"secretId": secret.id, "secretString": value}
    version = clouds.make("aws:secretsmanager/secretVersion:SecretVersion", name, **of)
    reference = {"name": KEYS, "valueFrom": f"{secret.outputs['arn']}:::{version.outputs['versionId']}"}
    clouds.change(service, taskDefinition=aws_task_like(clouds, name, secrets=[reference]).outputs["arn"])
    return version


def aws_task_like(clouds: Clouds, name: str, **container: Any) -> Made:
    """A task definition as the site's first, with something else in its container."""
    given = clouds.only("aws:ecs/taskDefinition:TaskDefinition", "task").inputs
    (first,) = json.loads(given["containerDefinitions"])
    definitions = json.dumps([{**first, **container}])
    return clouds.make("aws:ecs/taskDefinition:TaskDefinition", name, **{**given, "containerDefinitions": definitions})


def azure_secret(clouds: Clouds, value: str = HASHES) -> Made:
    vault = COMMITTED_VAULT.split("/")
    return clouds.make(
        "azure-native:keyvault:Secret",
        stack="azure",
        vaultName=vault[-1],
        resourceGroupName=vault[4],
        secretName="site-api-keys",
        properties={"value": value},
    )


def azure_permit_keys(clouds: Clouds, secret: Made) -> Made:
    """Let the site's identity read a secret of the vault."""
    principal = clouds.only("azure-native:managedidentity:UserAssignedIdentity").outputs["principalId"]
    given = {"roleDefinitionId": role(SECRETS_USER), "scope": secret.id, "principalId": principal}
    return clouds.make("azure-native:authorization:RoleAssignment", "may-read-keys", stack="azure", **given)


def azure_keys(clouds: Clouds) -> Made:
    """A site whose container has a secret of the vault."""
    app, secret = azure_site(clouds), azure_secret(clouds)
    azure_permit_keys(clouds, secret)
    azure_take(clouds, app, secret.outputs["properties"]["secretUriWithVersion"])
    return app


def azure_take(clouds: Clouds, app: Made, url: str, mark: str = "1") -> dict[str, Any]:
    """Let the app read its secret at that address, in a revision of its own."""
    inputs = app.request.inputs
    named = {"name": "api-keys", "keyVaultUrl": url, "identity": inputs["identity"]["userAssignedIdentities"][0]}
    template = azure_template(inputs["template"]["containers"][0]["image"])
    template["containers"][0]["env"] += [{"name": KEYS, "secretRef": "api-keys"}, {"name": "MARK", "value": mark}]
    return clouds.change(app, configuration={**inputs["configuration"], "secrets": [named]}, template=template)


def gcp_permit_keys(clouds: Clouds, secret: Made) -> Made:
    """Let the site's service account read a secret."""
    email = clouds.only("gcp:serviceaccount/account:Account").outputs["email"]
    given = {"role": "roles/secretmanager.secretAccessor", "member": f"serviceAccount:{email}"}
    return clouds.make("gcp:secretmanager/secretIamMember:SecretIamMember", secretId=secret.id, **given, **ON_GCP)


def gcp_secret(clouds: Clouds) -> Made:
    clouds.make("gcp:projects/service:Service", "secretmanager", service="secretmanager.googleapis.com", **ON_GCP)
    where = {"userManaged": {"replicas": [{"location": "us-central1"}]}}
    return clouds.make("gcp:secretmanager/secret:Secret", secretId="site-api-keys", replication=where, **ON_GCP)


def gcp_write(clouds: Clouds, secret: Made, value: str, name: str = "one") -> Made:
    of = {"secret": secret.id, "secretData": value}
    return clouds.make("gcp:secretmanager/secretVersion:SecretVersion", name, **of, **ON_GCP)


def gcp_keys(clouds: Clouds) -> Made:
    """A site whose container has a secret of Secret Manager."""
    service, secret = gcp_site(clouds), gcp_secret(clouds)
    version = gcp_write(clouds, secret, HASHES)
    gcp_permit_keys(clouds, secret)
    gcp_take(clouds, service, version.outputs["version"])
    return service


def gcp_take(clouds: Clouds, service: Made, version: str, secret: str = "site-api-keys") -> dict[str, Any]:
    """Let the service read that version of its secret."""
    template = service.request.inputs["template"]
    env = {"name": KEYS, "valueSource": {"secretKeyRef": {"secret": secret, "version": version}}}
    return clouds.change(service, template={**template, "containers": [{**template["containers"][0], "envs": [env]}]})


# -- alarms ------------------------------------------------------------------------------------------------------------

ADDRESS = "operator@outlast.example"
TOPIC, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"
METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ACTION_GROUP, METRIC_ALERT = "azure-native:monitor:ActionGroup", "azure-native:monitor:MetricAlert"
CHANNEL, POLICY = "gcp:monitoring/notificationChannel:NotificationChannel", "gcp:monitoring/alertPolicy:AlertPolicy"


def aws_alarm(clouds: Clouds) -> Made:
    """A site, and an alarm on errors of its replicas."""
    aws_site(clouds)
    topic = clouds.make(TOPIC, name="site-alerts")
    clouds.make(SUBSCRIPTION, topic=topic.id, protocol="email", endpoint=ADDRESS)
    balancer = clouds.only("aws:lb/loadBalancer:LoadBalancer")
    return clouds.make(
        METRIC_ALARM,
        name="site-errors",
        namespace="AWS/ApplicationELB",
        metricName="HTTPCode_Target_5XX_Count",
        dimensions={"LoadBalancer": balancer.outputs["arnSuffix"]},
        statistic="Sum",
        period=60,
        evaluationPeriods=2,
        comparisonOperator="GreaterThanThreshold",
        threshold=0,
        treatMissingData="notBreaching",
        alarmActions=[topic.id],
        okActions=[topic.id],
    )


def azure_alarm(clouds: Clouds) -> Made:
    """The same on Azure."""
    app = azure_site(clouds)
    mail = {"name": "operator", "emailAddress": ADDRESS}
    group = clouds.make(
        ACTION_GROUP,
        stack="azure",
        actionGroupName="site-alerts",
        groupShortName="site",
        resourceGroupName=GROUP["resourceGroupName"],
        location="Global",
        enabled=True,
        emailReceivers=[mail],
    )
    errors = {"name": "statusCodeCategory", "operator": "Include", "values": ["5xx"]}
    criterion = {
        "criterionType": "StaticThresholdCriterion",
        "name": "errors",
        "metricName": "Requests",
        "timeAggregation": "Total",
        "operator": "GreaterThan",
        "threshold": 0,
        "dimensions": [errors],
    }
    return clouds.make(
        METRIC_ALERT,
        stack="azure",
        ruleName="site-errors",
        resourceGroupName=GROUP["resourceGroupName"],
        location="global",
        severity=2,
        enabled=True,
        scopes=[app.id],
        evaluationFrequency="PT1M",
        windowSize="PT5M",
        criteria={"odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": [criterion]},
        actions=[{"actionGroupId": group.id}],
    )


def gcp_alarm(clouds: Clouds) -> Made:
    """The same on Google Cloud."""
    gcp_site(clouds)
    clouds.make("gcp:projects/service:Service", "monitoring", service="monitoring.googleapis.com", **ON_GCP)
    labels = {"email_address": ADDRESS}
    channel = clouds.make(CHANNEL, type="email", displayName="operator", labels=labels, **ON_GCP)
    name = clouds.only("gcp:compute/uRLMap:URLMap", "one").id.rpartition("/")[2]
    of_site = f'resource.type="https_lb_rule" AND resource.labels.url_map_name="{name}"'
    threshold = {
        "filter": f'metric.type="loadbalancing.googleapis.com/https/request_count" AND {of_site} AND '
        "metric.labels.response_code_class=500",
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}],
        "comparison": "COMPARISON_GT",
        "thresholdValue": 0,
        "duration": "120s",
        "evaluationMissingData": "EVALUATION_MISSING_DATA_INACTIVE",
    }
    return clouds.make(
        POLICY,
        displayName="site-errors",
        combiner="OR",
        conditions=[{"displayName": "errors", "conditionThreshold": threshold}],
        notificationChannels=[channel.id],
        **ON_GCP,
    )


# -- budgets -----------------------------------------------------------------------------------------------------------

AWS_BUDGET, AZURE_BUDGET = "aws:budgets/budget:Budget", "azure-native:consumption:Budget"
GCP_BUDGET = "gcp:billing/budget:Budget"


def aws_budget(clouds: Clouds) -> Made:
    """A site, and a budget of its account: most of it spent, and more of it expected."""
    aws_site(clouds)
    spent = {
        "comparisonOperator": "GREATER_THAN",
        "notificationType": "ACTUAL",
        "threshold": 80,
        "thresholdType": "PERCENTAGE",
        "subscriberEmailAddresses": [ADDRESS],
    }
    return clouds.make(
        AWS_BUDGET,
        name="site-month",
        budgetType="COST",
        timeUnit="MONTHLY",
        limitAmount="50",
        limitUnit="USD",
        notifications=[spent, {**spent, "notificationType": "FORECASTED", "threshold": 100}],
    )


def azure_budget(clouds: Clouds) -> Made:
    """The same of its resource group on Azure."""
    azure_site(clouds)
    spent = {"enabled": True, "operator": "GreaterThan", "threshold": 80, "contactEmails": [ADDRESS]}
    return clouds.make(
        AZURE_BUDGET,
        stack="azure",
        budgetName="site-month",
        scope=clouds.only("azure-native:resources:ResourceGroup").id,
        amount=50,
        category="Cost",
        timeGrain="Monthly",
        timePeriod={"startDate": "2026-11-01T00:00:00Z"},
        notifications={"spent": spent, "expected": {**spent, "threshold": 100, "thresholdType": "Forecasted"}},
    )


def gcp_budget(clouds: Clouds) -> Made:
    """The same of what is on Google Cloud."""
    gcp_site(clouds)
    for api in ("monitoring", "billingbudgets"):
        clouds.make("gcp:projects/service:Service", api, service=f"{api}.googleapis.com", **ON_GCP)
    labels = {"email_address": ADDRESS}
    channel = clouds.make(CHANNEL, type="email", displayName="operator", labels=labels, **ON_GCP)
    return clouds.make(
        GCP_BUDGET,
        billingAccount="012345-678901-ABCDEF",
        displayName="site-month",
        amount={"specifiedAmount": {"currencyCode": "USD", "units": "50"}},
        thresholdRules=[
            {"thresholdPercent": 0.8, "spendBasis": "CURRENT_SPEND"},
            {"thresholdPercent": 1.0, "spendBasis": "FORECASTED_SPEND"},
        ],
        allUpdatesRule={"monitoringNotificationChannels": [channel.id]},
        **ON_GCP,
    )


# -- the edge ----------------------------------------------------------------------------------------------------------

ACL, ASSOCIATION = "aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclAssociation:WebAclAssociation"
SEEN = {"cloudwatchMetricsEnabled": True, "metricName": "edge", "sampledRequestsEnabled": False}


def acl_rule(**changed: Any) -> dict[str, Any]:
    """A rule that limits each address to 300 requests a minute, health checks aside."""
    match = {
        "fieldToMatch": {"uriPath": {}},
        "positionalConstraint": "EXACTLY",
        "searchString": "/health",
        "textTransformations": [{"priority": 0, "type": "NONE"}],
    }
    counted = {
        "limit": 300,
        "evaluationWindowSec": 60,
        "aggregateKeyType": "IP",
        "scopeDownStatement": {"notStatement": {"statement": {"byteMatchStatement": match}}},
    }
    answer = {"responseCode": 429, "responseHeaders": [{"name": "retry-after", "value": "10"}]}
    rule = {"name": "each", "priority": 1, "visibilityConfig": SEEN, "action": {"block": {"customResponse": answer}}}
    return {**rule, "statement": {"rateBasedStatement": counted}, **changed}


def aws_acl(clouds: Clouds, name: str = "one", **inputs: Any) -> Made:
    given = {"name": name, "scope": "REGIONAL", "rules": [acl_rule()], **inputs}
    return clouds.make(ACL, name, defaultAction={"allow": {}}, visibilityConfig=SEEN, **given)


def aws_edge(clouds: Clouds) -> Made:
    service = aws_site(clouds)
    balancer = clouds.only("aws:lb/loadBalancer:LoadBalancer")
    acl = aws_acl(clouds)
    clouds.make(ASSOCIATION, resourceArn=balancer.outputs["arn"], webAclArn=acl.outputs["arn"])
    return service


ANYBODY = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}
ARMOR_RULES: list[dict[str, Any]] = [
    {"priority": 1000, "action": "allow", "match": {"expr": {"expression": "request.path == '/health'"}}},
    {
        "priority": 2000,
        "action": "throttle",
        "match": ANYBODY,
        "rateLimitOptions": {
            "conformAction": "allow",
            "exceedAction": "deny(429)",
            "enforceOnKey": "IP",
            "rateLimitThreshold": {"count": 300, "intervalSec": 60},
        },
    },
    {"priority": 2147483647, "action": "allow", "match": ANYBODY},
]


def gcp_edge(clouds: Clouds) -> Made:
    service = gcp_site(clouds)
    policy = clouds.make("gcp:compute/securityPolicy:SecurityPolicy", name="site", rules=ARMOR_RULES, **ON_GCP)
    backend = clouds.only("gcp:compute/backendService:BackendService")
    asked = clouds.request(
        backend.type, backend.name, {**backend.inputs, "securityPolicy": policy.id}, stack="gcp", id=backend.id
    )
    clouds.clouds.update(asked)
    return service
