"""What services say, and what we make of it: sentences as they stand in vendors' pages and in people's reports."""

from __future__ import annotations

import pytest

from jobs.reasons import REASONS, explain, shorten

SAID = {
    # SageMaker: common errors and troubleshooting of docs.aws.amazon.com/sagemaker, and FailureReason.
    "Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists and allows principal "
    "'sagemaker.amazonaws.com' to assume the role.": "role not trusted",
    "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: y": "role not trusted",
    "ResourceLimitExceeded: The account-level service limit 'ml.m5.large for training job usage' is 0 Instances, "
    "with current utilization of 0 Instances": "quota",
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance "
    "type.": "no machines",
    "1 validation error detected: Value 'ml.x' at 'resourceConfig.instanceType' failed to satisfy constraint: Member "
    "must satisfy enum value set: [ml.m5.large]": "unknown machine",
    "AlgorithmError: , exit code: 137": "out of memory",
    "ClientError: Please use an instance type with more memory, or reduce the size of training data processed on an "
    "instance. OutOfMemory": "out of memory",
    "Cannot find repository: outlast in registry ID: 1 Please check if your ECR repository exists": "image",
    "ClientError: Failed to pull image, manifest unknown": "image",
    "ClientError: Data download failed:NoSuchKey (404): The specified key does not exist.": "data not found",
    "S3 data source validation failed. No S3 objects found under S3 URL": "data not found",
    "ClientError: Data download failed:AccessDenied (403): Access Denied": "data not readable",
    "ClientError: Data download failed:PermanentRedirect (301): The bucket you are attempting to access must "
    "be addressed using the specified endpoint.": "another region",
    "AuthorizationHeaderMalformed: the region 'us-east-1' is wrong; expecting 'eu-west-1'": "another region",
    "InvalidSignatureException: Signature expired: 20210502T144040Z is now earlier than 20210502T173143Z": "clock",
    "MaxRuntimeExceeded": "time is up",
    "ExpiredTokenException: The security token included in the request is expired": "credentials ended",
    "AlgorithmError: ExecuteUserScriptError: /usr/bin/python: No module named service.evaluation": "no training code",
    # Azure: learn.microsoft.com/azure/machine-learning, reference-managed-... and run errors.
    "InvalidAuthenticationToken: The access token has expired or is not yet valid.": "credentials ended",
    "UserError: The requested VM size Standard_D2s_v3 is not available in the current region.": "unknown machine",
    "ScriptExecution.StreamAccess.NotFound: The specified resource does not exist": "data not found",
    "ScriptExecution.StreamAccess.Authentication: The identity is not permitted": "data not readable",
    "This request is not authorized: AuthorizationPermissionMismatch": "data not readable",
    "Failed to pull Docker image, unauthorized: authentication required": "image",
    "Job timed out after PT3600S": "time is up",
    "The node was preempted": "no machines",
    # Google: cloud.google.com/vertex-ai/docs/training/troubleshooting.
    "RESOURCE_EXHAUSTED: The following quota metrics exceed quota limits: "
    "aiplatform.googleapis.com/custom_model_training_cpus": "quota",
    "You do not have permission to act as service_account: x@y.iam.gserviceaccount.com": "role not trusted",
    'Machine type "e2-standard-3" is not supported.': "unknown machine",
    "The replica workerpool0-0 exited with a non-zero status of 137.": "out of memory",
    "Internal error: STOCKOUT": "no machines",
    "x@y.iam.gserviceaccount.com does not have storage.objects.get access": "data not readable",
    "DEADLINE_EXCEEDED": "time is up",
    "Token used too early, 1 < 2. Check that your computer's clock is set correctly.": "clock",
    "PERMISSION_DENIED: Permission 'aiplatform.customJobs.create' denied": "not allowed",
    "The replica workerpool0-0 exited with a non-zero status of 143.": "killed",
    "The replica workerpool0-0 exited with a non-zero status of 1. To find out more": "program failed",
    "AlgorithmError: , exit code: 1": "program failed",
}


@pytest.mark.parametrize(("said", "name"), SAID.items())
def test_knows_the_cause(said: str, name: str) -> None:
    reason = explain(said)
    assert reason is not None and reason.name == name


def test_every_cause_is_shown_by_a_sentence() -> None:
    assert {reason.name for reason in REASONS} == set(SAID.values())
    assert len({reason.name for reason in REASONS}) == len(REASONS)


@pytest.mark.parametrize("said", ["", "Completed", "InternalServerError: We encountered an internal error."])
def test_does_not_guess(said: str) -> None:
    assert explain(said) is None


def test_a_page_becomes_a_line() -> None:
    assert shorten("a\n  b\tc") == "a b c"
    assert shorten("x" * 600) == "x" * 500 + "…"
