"""SageMaker's request, judged by botocore's model of the service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from jobs.place import AwsPlace
from jobs.sagemaker import build_request, data_paths
from jobs.spec import TrainingSpec, checkpoints_of, job_name
from tests.jobs.specs import AWS, IMAGE, ROLE, spec_for

KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000003"
ISOLATED = replace(AWS, subnets=("subnet-1", "subnet-2"), security_groups=("sg-1",), kms_key_arn=KEY)
SPEC = spec_for("aws")


@pytest.fixture(scope="module")
def shape() -> Any:
    """Read once: the model has ten thousand shapes."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    return model.operation_model("CreateTrainingJob").input_shape


@pytest.mark.parametrize("place", [AWS, ISOLATED], ids=["open", "isolated"])
@pytest.mark.parametrize("spec", [SPEC, replace(SPEC, spot=True), spec_for("aws", environment={}, labels={})])
def test_the_request_fits_the_services_model(shape: Any, place: AwsPlace, spec: TrainingSpec) -> None:
    request = build_request(spec, place)
    assert not ParamValidator().validate(request, shape).has_errors()
    assert list(_out_of_bounds(request, shape)) == []


def _out_of_bounds(value: Any, shape: Any, place: str = "") -> Any:
    """What botocore does not judge and the service does: longest texts and lists, and words of an enumeration."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            yield from _out_of_bounds(inner, shape.members[name], f"{place}.{name}")
    elif shape.type_name == "list":
        yield from [place] if not shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", 999) else []
        for inner in value:
            yield from _out_of_bounds(inner, shape.member, f"{place}[]")
    elif shape.type_name == "string":
        enumerated = getattr(shape, "enum", [])
        yield from [f"{place}={value}"] if enumerated and value not in enumerated else []
        yield from [f"{place}={value}"] if len(value) > shape.metadata.get("max", 9999) else []


def test_the_bounds_are_seen(shape: Any) -> None:
    """The judge above finds what it is there to find."""
    request = build_request(SPEC, AWS)
    request["ResourceConfig"]["InstanceType"] = "ml.unknown"
    request["AlgorithmSpecification"]["ContainerArguments"] = ["x" * 257]
    assert len(list(_out_of_bounds(request, shape))) == 2


def test_the_container_runs_the_entry_point_with_plain_paths() -> None:
    algorithm = build_request(SPEC, AWS)["AlgorithmSpecification"]
    assert algorithm["TrainingImage"] == IMAGE
    assert algorithm["ContainerEntrypoint"] == ["python", "-m", "service", "model"]
    assert algorithm["ContainerArguments"] == [
        *("--data", "/opt/ml/input/data/in00", "--data", "/opt/ml/input/data/in01/rows.csv"),
        *("--checkpoints", "/opt/ml/checkpoints", "--out", "/opt/ml/model", "--problem", "it's $HOME"),
    ]


def test_each_address_is_a_channel_in_order() -> None:
    channels = build_request(SPEC, AWS)["InputDataConfig"]
    assert [each["ChannelName"] for each in channels] == ["in00", "in01"]
    assert tuple(each["DataSource"]["S3DataSource"]["S3Uri"] for each in channels) == SPEC.data


def test_twenty_channels_keep_their_order() -> None:
    many = spec_for("aws", data=tuple(f"s3://bucket/{n}/" for n in range(20)))
    assert data_paths(many) == sorted(data_paths(many)) and len(set(data_paths(many))) == 20


def test_an_ordinary_job_waits_for_nothing() -> None:
    request = build_request(SPEC, AWS)
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert request["EnableManagedSpotTraining"] is False
    assert request["RoleArn"] == ROLE and "VpcConfig" not in request
    assert request["CheckpointConfig"] == {"S3Uri": checkpoints_of(SPEC), "LocalPath": "/opt/ml/checkpoints"}


@pytest.mark.parametrize("seconds", [60, 3600, 604_800])
def test_on_spot_it_may_wait_longer_than_it_may_run(seconds: int) -> None:
    limits = build_request(replace(SPEC, spot=True, max_seconds=seconds), AWS)["StoppingCondition"]
    assert limits["MaxWaitTimeInSeconds"] > limits["MaxRuntimeInSeconds"] == seconds


def test_a_key_by_choice_covers_volume_and_output_and_subnets_isolate() -> None:
    request = build_request(SPEC, ISOLATED)
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert request["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert request["EnableNetworkIsolation"] is True


def test_the_name_and_the_tags_are_the_specs() -> None:
    request = build_request(SPEC, AWS, 2)
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert request["TrainingJobName"] == tags["outlast-job"] == job_name(SPEC, 2)
    assert tags["team"] == "fraud" and tags["outlast-attempt"] == "2"
