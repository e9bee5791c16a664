"""SageMaker's answers: what a job is described as, from its start to its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest

from sandbox.clouds.store import CloudRefused
from sandbox.training.order import Outcome, Phase, Record
from tests.sandbox.clouds.aws.sagemaker import Service, model

pytestmark = pytest.mark.slow  # each test waits for a process


def test_a_job_is_described_from_its_start_to_its_artifacts(service: Service) -> None:
    told = service.end(service.start())
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Completed", "Completed"), told
    assert told["ModelArtifacts"] == {"S3ModelArtifacts": "s3://store/output/outlast-1/output/model/"}
    assert service.bench.objects.names("store/output") == [
        f"store/output/outlast-1/output/model/{name}" for name in ("model.onnx", "training.json")
    ]
    assert service.bench.objects.names("store/ck") == ["store/ck/1/fit-0"]
    assert told["BillableTimeInSeconds"] >= 0 and told["TrainingEndTime"] >= told["TrainingStartTime"]
    assert told.keys() <= model().operation_model("DescribeTrainingJob").output_shape.members.keys()
    listed = service.api.answer("ListTrainingJobs", {"NameContains": "outlast-", "SortOrder": "Descending"})
    assert [row["TrainingJobName"] for row in listed["TrainingJobSummaries"]] == ["outlast-1"]
    tags = service.api.answer("ListTags", {"ResourceArn": told["TrainingJobArn"]})
    assert tags == {"Tags": [{"Key": "outlast-spec", "Value": "1"}]}


def test_a_name_is_taken_once(service: Service) -> None:
    arn = service.start("wait")
    with pytest.raises(CloudRefused, match="ResourceInUse: Training job names must be unique"):
        service.start()
    service.api.answer("StopTrainingJob", {"TrainingJobName": "outlast-1"})
    assert service.end(arn)["TrainingJobStatus"] == "Stopped"
    with pytest.raises(CloudRefused, match="is in status Stopped"):
        service.api.answer("StopTrainingJob", {"TrainingJobName": "outlast-1"})
    with pytest.raises(CloudRefused, match="ValidationException: Requested resource not found"):
        service.describe("outlast-2")


def test_of_two_that_are_sent_at_once_one_is_taken(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    look_for, meeting = service.runs.find, Barrier(2)

    def meet(key: str) -> Record | None:
        found = look_for(key)
        with suppress(BrokenBarrierError):
            meeting.wait(0.2)
        return found

    monkeypatch.setattr(service.runs, "find", meet)
    with ThreadPoolExecutor(2) as both:
        sent = [both.submit(service.start, "wait") for _ in range(2)]
    refused = [str(one.exception()) for one in sent if one.exception()]
    assert len(refused) == 1 and "ResourceInUse" in refused[0]
    service.api.answer("StopTrainingJob", {"TrainingJobName": "outlast-1"})


def test_a_limit_of_time_stops_it_and_spot_goes_on_from_its_checkpoints(service: Service) -> None:
    told = service.end(service.start("wait", StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    limits = {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600}
    checkpoints = {"S3Uri": "s3://store/ck/2", "LocalPath": "/opt/ml/checkpoints"}
    arn = service.start(
        "once",
        TrainingJobName="outlast-2",
        StoppingCondition=limits,
        EnableManagedSpotTraining=True,
        CheckpointConfig=checkpoints,
    )
    record = service.bench.runs.find(arn)
    assert record is not None
    service.bench.wait(
        record,
        until=lambda one: one.phase is Phase.RUNNING and service.bench.objects.read("store/ck/2/fit-0") is not None,
    )
    service.bench.no_spot = True
    service.bench.runs.take_back("training-aws")
    service.bench.wait(record, until=lambda one: one.interrupted)
    assert service.describe("outlast-2")["SecondaryStatus"] == "Interrupted"
    service.bench.no_spot = False
    assert service.end(arn)["SecondaryStatus"] == "Completed"
    assert (record.outcome, record.starts) == (Outcome.SUCCEEDED, 2)
