"""SageMaker with a role, a bucket, an image and one object of data, for the tests of its parts."""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from sandbox.clouds.aws.training_api import SageMaker
from sandbox.clouds.aws.training_rules import PULL
from sandbox.clouds.object_store import ObjectStore
from sandbox.images import store as images
from sandbox.training.runs import TrainingRuns
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.training.tiny_job import Bench, command

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
WRITTEN = ["arn:aws:s3:::store/output/*", "arn:aws:s3:::store/ck/*"]
STATEMENTS: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::store"},
    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::store/*"},
    {
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Resource": WRITTEN,
    },
    {"Effect": "Allow", "Action": list(PULL), "Resource": f"arn:aws:ecr:us-east-1:{'0' * 12}:repository/training"},
]


class Service:
    """SageMaker with a role, a bucket and an image; a test that waits for jobs sets `bench`."""

    bench: Bench

    def __init__(self, clouds: Clouds, runs: TrainingRuns, objects: ObjectStore, image: images.Image) -> None:
        self.clouds, self.runs = clouds, runs
        self.api = SageMaker(clouds.world, runs, time.time)
        self.role = self.make_role("sagemaker.amazonaws.com", STATEMENTS, "job")
        clouds.make("aws:s3/bucket:Bucket", "store", bucket="store", stack="training-aws")
        self.image = f"{REGISTRY}/training@{image.digest}"
        clouds.world.images.push(REGISTRY, "training", image, [])
        objects.change("store/data/table.csv", b"a,b", lambda there: True)

    def make_role(self, trusted: str, statements: list[dict[str, Any]], name: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        make, stack = self.clouds.make, {"stack": "training-aws"}
        role = make("aws:iam/role:Role", name, name=name, assumeRolePolicy=json.dumps({"Statement": [trust]}), **stack)
        policy = json.dumps({"Statement": statements})
        make("aws:iam/rolePolicy:RolePolicy", name, name=name, role=name, policy=policy, **stack)
        return str(role.outputs["arn"])

    def request(self, does: str = "done", **more: Any) -> dict[str, Any]:
        words = [word.replace("/opt/ml/data", "/opt/ml/input/data") for word in command(does)]
        where = {"S3DataType": "S3Prefix", "S3Uri": "s3://store/data/"}
        asked: dict[str, Any] = {
            "TrainingJobName": "outlast-1",
            "RoleArn": self.role,
            "AlgorithmSpecification": {
                "TrainingImage": self.image,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": words[:3],
                "ContainerArguments": words[3:],
            },
            "InputDataConfig": [{"ChannelName": "in00", "DataSource": {"S3DataSource": where}}],
            "OutputDataConfig": {"S3OutputPath": "s3://store/output", "CompressionType": "NONE"},
            "CheckpointConfig": {"S3Uri": "s3://store/ck/1", "LocalPath": "/opt/ml/checkpoints"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "Tags": [{"Key": "outlast-spec", "Value": "1"}],
            **more,
        }
        shape = model().operation_model("CreateTrainingJob").input_shape
        report = ParamValidator().validate(asked, shape)
        assert not report.has_errors(), report.generate_report()
        return asked

    def start(self, does: str = "done", **more: Any) -> str:
        return str(self.api.answer("CreateTrainingJob", self.request(does, **more))["TrainingJobArn"])

    def describe(self, name: str = "outlast-1") -> dict[str, Any]:
        return self.api.answer("DescribeTrainingJob", {"TrainingJobName": name})

    def end(self, arn: str) -> dict[str, Any]:
        record = self.bench.runs.find(arn)
        assert record is not None
        self.bench.wait(record)
        return self.describe(arn.rpartition("/")[2])


def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
