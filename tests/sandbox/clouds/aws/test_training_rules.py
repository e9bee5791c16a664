"""What SageMaker refuses at the call, and what fails the job."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.aws.sagemaker import STATEMENTS, Service


def _refused(service: Service, **more: Any) -> str:
    with pytest.raises(CloudRefused) as caught:
        service.start(**more)
    return caught.value.what


def test_what_cannot_be_is_refused_at_the_call(service: Service) -> None:
    spot = {"EnableManagedSpotTraining": True}
    limits = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 500}
    assert "greater than or equal to MaxRuntimeInSeconds" in _refused(service, StoppingCondition=limits, **spot)
    assert "only supported when EnableManagedSpotTraining" in _refused(service, StoppingCondition=limits)
    machine = {"InstanceType": "ml.none", "InstanceCount": 1, "VolumeSizeInGB": 30}
    assert "Member must satisfy enum value set" in _refused(service, ResourceConfig=machine)
    assert "regular expression pattern" in _refused(service, TrainingJobName="under_score")
    untrusted = service.make_role("ecs-tasks.amazonaws.com", STATEMENTS, "other")
    for role in (untrusted, untrusted.replace("other", "none")):
        assert "allows principal 'sagemaker.amazonaws.com' to assume" in _refused(service, RoleArn=role)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ("s3:GetObject", "Data download failed:Access denied (403)"),
        ("s3:ListBucket", "Data download failed:Access denied (403)"),
        ("s3:PutObject", "Artifact upload failed: S3 Access Denied (403)"),
        ("ecr:BatchGetImage", "Cannot find repository: training"),
    ],
)
def test_a_role_without_a_right_fails_the_job(service: Service, lacks: str, told: str) -> None:
    statements = [{**one, "Action": [a for a in one["Action"] if a != lacks] or ["none:None"]} for one in STATEMENTS]
    role = service.make_role("sagemaker.amazonaws.com", statements, "poor")
    described = service.end(service.start(RoleArn=role))
    assert described["TrainingJobStatus"] == "Failed"
    assert told in described["FailureReason"]


@pytest.mark.slow
def test_what_is_not_there_fails_the_job(service: Service) -> None:
    where = {"S3DataType": "S3Prefix", "S3Uri": "s3://store/none/"}
    data = [{"ChannelName": "in00", "DataSource": {"S3DataSource": where}}]
    assert "No S3 objects found" in service.end(service.start(InputDataConfig=data))["FailureReason"]
    algorithm = service.request()["AlgorithmSpecification"] | {"TrainingImage": service.image[:-4] + "0000"}
    told = service.end(service.start(TrainingJobName="outlast-2", AlgorithmSpecification=algorithm))
    assert "Cannot find repository" in told["FailureReason"]
    output = {"S3OutputPath": "s3://nowhere/output"}
    told = service.end(service.start(TrainingJobName="outlast-3", OutputDataConfig=output))
    assert "NoSuchBucket" in told["FailureReason"]
    told = service.end(service.start("fail", TrainingJobName="outlast-4"))
    assert told["FailureReason"] == "AlgorithmError: , exit code: 1"
