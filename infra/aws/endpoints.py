"""What tasks without a way out of their VPC need of AWS: an endpoint in the VPC for each service that starts them.

docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html: an image's layers come from S3, by a gateway endpoint
that costs nothing; the registry's two, the log's and the secrets' are interfaces in each zone. Their group lets the
tasks get to these alone: to the interfaces by the group of those, to S3 by the list of addresses that AWS keeps of it
(docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

INTERFACES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
"""Services, as their endpoints' names end."""
HTTPS = 443

Text = pulumi.Output[str]


def build_endpoints(
    name: str, region: str, vpc_id: Text, tasks: Text, subnets: Mapping[str, Text], tables: Sequence[Text]
) -> list[pulumi.Resource]:
    """The endpoints, which have to stand before a task starts. `tasks` is the group that may speak to them alone."""
    group = aws.ec2.SecurityGroup("endpoints", name=f"{name}-endpoints", description="From tasks to AWS", vpc_id=vpc_id)
    let_in = aws.vpc.SecurityGroupIngressRule(
        "endpoints-in",
        security_group_id=group.id,
        referenced_security_group_id=tasks,
        **tcp(HTTPS),
    )
    interfaces = [
        aws.ec2.VpcEndpoint(
            f"endpoint-{service}",
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=list(subnets.values()),
            security_group_ids=[group.id],
            # So that the service's own name leads to it: neither ECS nor Docker is told another.
            private_dns_enabled=True,
            tags={"Name": f"{name}-{service}"},
        )
        for service in INTERFACES
    ]
    layers = aws.ec2.VpcEndpoint(
        "endpoint-s3",
        vpc_id=vpc_id,
        service_name=f"com.amazonaws.{region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=list(tables),
        tags={"Name": f"{name}-s3"},
    )
    egress = aws.vpc.SecurityGroupEgressRule
    let_out = [
        egress("tasks-to-endpoints", security_group_id=tasks, referenced_security_group_id=group.id, **tcp(HTTPS)),
        egress("tasks-to-s3", security_group_id=tasks, prefix_list_id=layers.prefix_list_id, **tcp(HTTPS)),
    ]
    return [let_in, *let_out, *interfaces, layers]


def tcp(port: int) -> dict[str, str | int]:
    """The inputs of a security group's rule that say one port."""
    return {"ip_protocol": "tcp", "from_port": port, "to_port": port}
