"""Every call that a submitter sends has its action in the tables of `outlast permissions --role trainer`."""

from __future__ import annotations

import re

from infra.permissions import azure, gcp
from infra.permissions.aws_table import TRAINER
from jobs.azure_ml_service import AzureMlService, history_endpoint
from jobs.sagemaker_service import SageMakerService
from jobs.service import TrainingService
from jobs.spec import TrainingSpec
from jobs.vertex_service import LOGGING, VertexService, vertex_endpoint
from tests.jobs.fakes import FakeArm, FakeSageMaker, FakeVertex
from tests.jobs.specs import AWS, AZURE, GOOGLE, spec_for


def use_everything(service: TrainingService, spec: TrainingSpec) -> None:
    """Each method of the port; the second start looks at the first."""
    job = service.start(spec)
    assert service.start(spec) == job == service.find(job.name)
    service.look(job)
    service.lines(job)
    service.stop(job)
    assert service.list() == [job]


def test_on_aws() -> None:
    fake = FakeSageMaker()
    use_everything(SageMakerService(fake.client("sagemaker"), fake.client("logs"), AWS), spec_for("aws"))
    granted = {action for grant in TRAINER for action in (*grant.actions, *grant.regional)}
    sent = {f"{'logs' if 'Log' in call else 'sagemaker'}:{call}" for call in fake.sent}
    assert sent - granted == set() and len(sent) > 5
    assert "sagemaker:AddTags" in granted  # by the tags in the request that starts


AZURE_CALLS = {
    r"(GET|PUT) jobs/[^/]+": "workspaces/jobs/{verb}",
    r"(GET) jobs": "workspaces/jobs/{verb}",
    r"(POST) jobs/[^/]+/cancel": "workspaces/jobs/cancel/action",
    r"(GET|PUT) environments/[^/]+/versions/[^/]+": "workspaces/environments/versions/{verb}",
    r"(GET) runs/[^/]+/details": "workspaces/experiments/runs/{verb}",
}


def test_on_azure() -> None:
    fake = FakeArm()
    arm, history = fake.client("https://management.azure.com"), fake.client(history_endpoint("eastus"))
    use_everything(AzureMlService(arm, history, fake.client("https://store"), AZURE), spec_for("azure"))
    needed = set()
    for call in fake.sent:
        [(found, action)] = [(m, a) for form, a in AZURE_CALLS.items() if (m := re.fullmatch(form, call))]
        verb = {"GET": "read", "PUT": "write"}.get(found[1], "")
        needed.add(f"Microsoft.MachineLearningServices/{action.format(verb=verb)}")
    assert needed - set(azure.TRAINER) == set() and len(needed) > 4


GOOGLE_CALLS = {
    r"POST customJobs": "aiplatform.customJobs.create",
    r"GET customJobs": "aiplatform.customJobs.list",
    r"GET \d+": "aiplatform.customJobs.get",
    r"POST \d+:cancel": "aiplatform.customJobs.cancel",
    r"POST entries:list": "logging.logEntries.list",
}


def test_on_google_cloud() -> None:
    fake = FakeVertex()
    service = VertexService(fake.client(vertex_endpoint("us-central1")), fake.client(LOGGING), GOOGLE)
    use_everything(service, spec_for("gcp"))
    needed = {p for call in fake.sent for form, p in GOOGLE_CALLS.items() if re.fullmatch(form, call)}
    assert needed == set(GOOGLE_CALLS.values())
    assert needed - set(gcp.TRAINER) == set() and "iam.serviceAccounts.actAs" in gcp.TRAINER
