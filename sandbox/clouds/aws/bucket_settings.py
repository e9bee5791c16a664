"""What a bucket of S3 is told about its objects: when they expire, and what they are encrypted by."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.aws.buckets import of_bucket
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, Mistake, OneOf, Range, Text, because
from sandbox.clouds.values import Values, nested

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"

_STATUS = OneOf(
    ("Enabled", "Disabled"),
    "botocore: s3 PutBucketLifecycleConfiguration LifecycleConfiguration.Rules.Status",
)
_RULE_NAME = Text(255, r".*", "S3 API, LifecycleRule.ID")
# A positive integer, says the API; the type of the member ends at 2^31.
_DAYS = Range(1, 2**31 - 1, "S3 API, LifecycleExpiration.Days")
_ALGORITHM = OneOf(
    ("AES256", "aws:fsx", "aws:backup", "aws:kms", "aws:kms:dsse"),
    "botocore: s3 PutBucketEncryption "
    "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault.SSEAlgorithm",
)
_ACTIONS = ("expiration", "transitions", "noncurrentVersionExpiration", "noncurrentVersionTransitions")


def _rules_act(inputs: Values) -> Iterator[Mistake]:
    """S3 API, PutBucketLifecycleConfiguration: a rule says what is done, and each has a name of its own."""
    rules = inputs.get("rules")
    given = [one for one in rules if isinstance(one, dict)] if isinstance(rules, list) else []
    for number, rule in enumerate(given):
        if not any(rule.get(action) for action in (*_ACTIONS, "abortIncompleteMultipartUpload")):
            yield f"rules[{number}]", "InvalidRequest: At least one action needs to be specified in a rule."
    names = [rule.get("id") for rule in given if isinstance(rule.get("id"), str)]
    if len(set(names)) < len(names):
        yield "rules", "InvalidArgument: Rule ID must be unique. Found same ID for more than one rule"


def _key_has_its_algorithm(inputs: Values) -> Iterator[Mistake]:
    """S3 API, ServerSideEncryptionByDefault.KMSMasterKeyID: allowed with aws:kms or aws:kms:dsse alone."""
    for number, rule in enumerate(inputs.get("rules") or []):
        said = nested(rule, "applyServerSideEncryptionByDefault") or {}
        algorithm = said.get("sseAlgorithm")
        if said.get("kmsMasterKeyId") and isinstance(algorithm, str) and not algorithm.startswith("aws:kms"):
            where = f"rules[{number}].applyServerSideEncryptionByDefault.kmsMasterKeyId"
            yield where, "InvalidArgument: a KMSMasterKeyID is not applicable if default sse algorithm is not aws:kms"


declare(
    LIFECYCLE,
    fidelity=Fidelity.TYPED,
    effect="its rules are read as S3 reads them",
    not_simulated="that objects expire, which S3 does at midnight UTC",
    id_of=of_bucket,
    limits={
        "rules[].id": _RULE_NAME,
        "rules[].status": _STATUS,
        "rules[].expiration.days": _DAYS,
        "rules[].abortIncompleteMultipartUpload.daysAfterInitiation": _DAYS,
    },
    combinations=(_rules_act,),
    forces_new=because(ID, "bucket"),
)
declare(
    ENCRYPTION,
    fidelity=Fidelity.TYPED,
    effect="its rules are read as S3 reads them",
    not_simulated="encryption: objects lie in .sandbox as they were written",
    id_of=of_bucket,
    limits={"rules[].applyServerSideEncryptionByDefault.sseAlgorithm": _ALGORITHM},
    combinations=(_key_has_its_algorithm,),
    forces_new=because(ID, "bucket"),
)
