"""What SageMaker training jobs need: a repository with their image, a bucket, and a role that reads and writes there.

The role's rights are those of the SageMaker developer guide, "CreateTrainingJob API: Execution Role Permissions", each
on as little as it takes.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.applied import apply
from infra.aws.buckets import Statement, close_bucket, render_policy
from infra.aws.registry import make_repository
from infra.image import build_training_image
from infra.settings.kinds import TrainingSettings
from infra.site import after
from infra.training import CHECKPOINTS, DATA, OUTPUT, UPLOAD_DAYS, name_identity, name_training
from service.errors import Unavailable

NAME = "training"
LOGS = "/aws/sagemaker/TrainingJobs"
"""Where SageMaker writes what jobs print: one group of the account, which it makes with the first job."""

METRICS = "/aws/sagemaker/TrainingJobs"
"""The namespace of the machine's figures, which SageMaker writes as the role."""


def make_training(settings: TrainingSettings) -> dict[str, Any]:
    """Everything; the outputs are known once a job can be started."""
    kept, key = pulumi.ResourceOptions(protect=settings.protect), _find_key(settings.kms_key)
    repository, login = make_repository(name_training(settings), kept)
    image = build_training_image(repository.repository_url, login)
    bucket, closed = _make_bucket(settings, kept)
    role, may = _make_role(settings, repository, bucket)
    return {
        "trainingImage": image.reference,
        **{f"{part}Address": f"s3://{settings.store}/{part}" for part in (DATA, OUTPUT, CHECKPOINTS)},
        "identity": after(role.arn, may, *closed),
        "subnets": list(settings.subnets),
        "securityGroups": list(settings.security_groups),
        "kmsKeyArn": key,
    }


# -- the bucket ----------------------------------------------------------------------------------------------------


def _make_bucket(
    settings: TrainingSettings, kept: pulumi.ResourceOptions
) -> tuple[aws.s3.Bucket, list[pulumi.CustomResource]]:
    """The bucket, and what has to be there before anything is written to it."""
    # Whoever may delete the stack means its models and tables as well.
    bucket = aws.s3.Bucket(NAME, bucket=settings.store, force_destroy=not settings.protect, opts=kept)
    _make_lifecycle(settings, bucket)
    closed: list[pulumi.CustomResource] = [close_bucket(NAME, bucket)]
    if settings.kms_key:
        closed.append(_encrypt(bucket, settings.kms_key))
    return bucket, closed


def _make_lifecycle(settings: TrainingSettings, bucket: aws.s3.Bucket) -> None:
    """Checkpoints are of use until their job is done; output and data go when somebody deletes them."""
    checkpoints = aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=CHECKPOINTS,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=f"{CHECKPOINTS}/"),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=settings.checkpoint_days),
    )
    uploads = aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="uploads",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=UPLOAD_DAYS
        ),
    )
    aws.s3.BucketLifecycleConfiguration(NAME, bucket=bucket.bucket, rules=[checkpoints, uploads])


def _encrypt(bucket: aws.s3.Bucket, key: str) -> pulumi.CustomResource:
    """By the key that the stack's file names. Without one S3 encrypts by its own (S3 user guide)."""
    by_key = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=key
    )
    # With a bucket key S3 asks KMS once for many objects, and not for each.
    rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=by_key, bucket_key_enabled=True
    )
    encrypted: pulumi.CustomResource = aws.s3.BucketServerSideEncryptionConfiguration(
        NAME, bucket=bucket.bucket, rules=[rule]
    )
    return encrypted


def _find_key(arn: str) -> str:
    """The key, which KMS is asked for first: a bucket takes the name of one that is not there, and then no object.

    Raises Unavailable.
    """
    if not arn:
        return ""
    try:
        key = aws.kms.get_key(key_id=arn)
    except Exception as error:  # Pulumi raises nothing narrower of what a provider refuses
        told = " ".join(str(error).split())
        what = f"outlast:kmsKey names a key that KMS does not show ({told})"
        raise Unavailable(what, hint="name a key that is there, and let who deploys call kms:DescribeKey") from None
    return _require_usable(key)


def _require_usable(key: Any) -> str:
    if key.enabled:
        return str(key.arn)
    what = f"outlast:kmsKey names {key.arn}, which is {key.key_state}"
    raise Unavailable(what, hint="enable the key, cancel its deletion, or name another")


# -- the role ------------------------------------------------------------------------------------------------------


def _make_role(
    settings: TrainingSettings, repository: aws.ecr.Repository, bucket: aws.s3.Bucket
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    account = repository.registry_id
    role = aws.iam.Role("job", name=name_identity(settings), assume_role_policy=_trust(account))
    statements = [
        *_storing(settings, bucket.arn),
        *_pulling(repository.arn),
        *_telling(settings.region, account),
        *_unlocking(settings.kms_key),
        *_reaching(settings, account),
    ]
    return role, aws.iam.RolePolicy("job", role=role.id, policy=render_policy(*statements))


def _trust(account: pulumi.Output[str]) -> pulumi.Output[str]:
    """SageMaker assumes it, and only for jobs of this account: IAM user guide, the confused deputy problem."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return render_policy(statement)


def _storing(settings: TrainingSettings, bucket: pulumi.Output[str]) -> list[Statement]:
    """Read everything in the stores, write output and checkpoints, delete nothing."""
    read = [f"arn:aws:s3:::{source}" for source in settings.data_sources]
    written = [pulumi.Output.concat(bucket, f"/{part}/*") for part in (OUTPUT, CHECKPOINTS)]
    return [
        _allow(["s3:ListBucket"], [bucket, *read]),
        _allow(["s3:GetObject"], [pulumi.Output.concat(bucket, "/*"), *(f"{one}/*" for one in read)]),
        _allow(["s3:PutObject", "s3:AbortMultipartUpload"], written),
    ]


def _pulling(repository: pulumi.Output[str]) -> list[Statement]:
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    # A token for the registry takes no narrower resource.
    return [_allow(["ecr:GetAuthorizationToken"], "*"), _allow(pull, repository)]


def _telling(region: str, account: pulumi.Output[str]) -> list[Statement]:
    group = apply(account, lambda its: f"arn:aws:logs:{region}:{its}:log-group:{LOGS}")
    write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    # Metrics have no resource of their own: the namespace is what narrows it.
    only = {"StringEquals": {"cloudwatch:namespace": METRICS}}
    return [
        _allow(write, [group, pulumi.Output.concat(group, ":*")]),
        {**_allow(["cloudwatch:PutMetricData"], "*"), "Condition": only},
    ]


def _unlocking(key: str) -> list[Statement]:
    """What it takes to read and write under a key, and to attach a volume that it encrypts (CreateGrant)."""
    use = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    return [_allow(use, key)] if key else []


def _reaching(settings: TrainingSettings, account: pulumi.Output[str]) -> list[Statement]:
    """What it takes to put a job into subnets: SageMaker developer guide, training in a VPC, execution role."""
    if not settings.subnets:
        return []
    base = apply(account, lambda its: f"arn:aws:ec2:{settings.region}:{its}:")
    interfaces = pulumi.Output.concat(base, "network-interface/*")
    places = [
        *(pulumi.Output.concat(base, "subnet/", one) for one in settings.subnets),
        *(pulumi.Output.concat(base, "security-group/", one) for one in settings.security_groups),
    ]
    changed = ["CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission"]
    looked_at = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    return [
        _allow(["ec2:CreateNetworkInterface"], [interfaces, *places]),
        _allow([f"ec2:{action}" for action in changed], interfaces),
        _allow([f"ec2:Describe{what}" for what in looked_at], "*"),  # they take no narrower resource
    ]


def _allow(actions: list[str], resources: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
