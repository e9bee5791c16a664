"""The three services as far as the submitters ask them, with each one's own answer to a name that is taken.

An answer can be lost: the service does what it was asked and the connection ends, which is what a start must survive.
They are no simulation: jobs stand still until a test moves them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from jobs.service import TrainingService
from service.errors import OutlastError
from tests.jobs.specs import spec_for

Document = dict[str, Any]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"


class Losing:
    """Whether the answers to a call are lost: `lost` counts down."""

    lost = 0

    def loses(self) -> bool:
        self.lost -= 1
        return self.lost >= 0


@dataclass
class FakeSageMaker(Losing):
    """SageMaker and CloudWatch Logs behind real boto3 clients: botocore writes each request and reads each answer."""

    jobs: dict[str, Document] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)  # names of jobs that are no more
    streams: dict[str, list[list[str]]] = field(default_factory=dict)
    refuse: tuple[int, str, str] | None = None
    sent: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        config = Config(retries={"mode": "standard", "total_max_attempts": 2})
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        session: Any = boto3.Session()
        made = session.client(service, region_name="us-east-1", config=config, **keys)
        made.meta.events.register_first("before-send", self._answer)
        return made

    def _answer(self, request: AWSRequest, **_: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        self.sent.append(operation)
        status, document = self._act(operation, json.loads(request.body or b"{}"))
        if operation == "CreateTrainingJob" and self.loses():
            raise ReadTimeoutError(endpoint_url=request.url, error=None)
        raw: Any = _Raw(json.dumps(document).encode())
        return AWSResponse(request.url, status, {"content-type": "application/x-amz-json-1.1"}, raw)

    def _act(self, operation: str, asked: Document) -> tuple[int, Document]:
        if self.refuse:
            status, code, message = self.refuse
            return status, {"__type": code, "message": message}
        acts: dict[str, Callable[[Document], tuple[int, Document]]] = {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "StopTrainingJob": self._stop,
            "ListTags": lambda a: (200, {"Tags": self.jobs[a["ResourceArn"].removeprefix(ARN)]["Tags"]}),
            "ListTrainingJobs": self._list,
            "DescribeLogStreams": self._streams,
            "GetLogEvents": self._events,
        }
        return acts[operation](asked)

    def _create(self, asked: Document) -> tuple[int, Document]:
        name = asked["TrainingJobName"]
        if name in self.jobs or name in self.taken:
            return 400, {"__type": "ResourceInUse", "message": "Training job names must be unique within an account"}
        self.jobs[name] = {**asked, "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
        return 200, {"TrainingJobArn": ARN + name}

    def _describe(self, asked: Document) -> tuple[int, Document]:
        name = asked["TrainingJobName"]
        if name not in self.jobs:
            return 400, {"__type": "ValidationException", "message": "Requested resource not found."}
        return 200, {**self.jobs[name], "TrainingJobArn": ARN + name}

    def _stop(self, asked: Document) -> tuple[int, Document]:
        job = self.jobs[asked["TrainingJobName"]]
        if job["TrainingJobStatus"] != "InProgress":
            return 400, {"__type": "ValidationException", "message": "The request was rejected: the job is not running"}
        job["TrainingJobStatus"] = "Stopping"
        return 200, {}

    def _list(self, asked: Document) -> tuple[int, Document]:
        names = [*reversed(self.jobs), "another-job"]  # pages of one: the newest first
        index = int(asked.get("NextToken", 0))
        times = {"CreationTime": 0, "LastModifiedTime": 0, "TrainingJobStatus": "Completed"}
        row = {"TrainingJobName": names[index], "TrainingJobArn": ARN + names[index], **times}
        more = {"NextToken": str(index + 1)} if index + 1 < len(names) else {}
        return 200, {"TrainingJobSummaries": [row], **more}

    def _streams(self, asked: Document) -> tuple[int, Document]:
        if not self.streams:
            return 400, {"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."}
        names = [name for name in self.streams if name.startswith(asked["logStreamNamePrefix"])]
        return 200, {"logStreams": [{"logStreamName": name} for name in reversed(names)]}

    def _events(self, asked: Document) -> tuple[int, Document]:
        """Pages as CloudWatch has them: a token is the place after a page, and the last one gives itself again."""
        pages = self.streams[asked["logStreamName"]]
        index = int(asked.get("nextToken", "f/0").removeprefix("f/"))
        events = [{"timestamp": 1000, "message": f"{line}\n"} for line in pages[index]] if index < len(pages) else []
        return 200, {"events": events, "nextForwardToken": f"f/{min(index + 1, len(pages))}"}


class _Raw:
    """The body of an answer, as botocore reads one."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._content


@dataclass
class FakeArm(Losing):
    """Azure Resource Manager, the run history behind it, and the store that signed addresses lead to."""

    jobs: dict[str, Document] = field(default_factory=dict)
    environments: dict[str, Document] = field(default_factory=dict)
    details: dict[str, Document] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    refuse: tuple[int, str, str] | None = None
    sent: list[str] = field(default_factory=list)
    ranges: bool = True
    hidden: int = 0  # so many looks at a job see nothing: somebody else's start is on its way

    def client(self, base: str) -> httpx.Client:
        return httpx.Client(base_url=base, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(f"{request.method} {request.url.path.rpartition('/workspaces/outlast/')[2]}")
        if request.url.host == "store":
            return self._file(request)
        if self.refuse and (request.method != "GET" or self.refuse[0] >= 500):  # a look is answered
            status, code, message = self.refuse
            return httpx.Response(status, json={"error": {"code": code, "message": message}})
        if request.url.path.startswith("/history/"):
            name = request.url.path.split("/")[-2]
            return httpx.Response(200, json=self.details[name]) if name in self.details else httpx.Response(404)
        assert request.url.params["api-version"] == "2025-12-01"
        return self._resource(request)

    def _file(self, request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        if request.url.path == "/broken":
            raise httpx.ReadError("reset", request=request)
        if request.url.path not in self.files:
            return httpx.Response(403, text="Signature not valid in the specified time frame")
        content = self.files[request.url.path]
        begin = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        if not self.ranges:
            return httpx.Response(200, content=content)
        return httpx.Response(206, content=content[begin:]) if begin < len(content) else httpx.Response(416)

    def _resource(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/jobs"):
            return self._list(request)
        name = path.rpartition("/")[2]
        if path.endswith("/cancel"):
            return self._cancel(path.split("/")[-2])
        table = self.jobs if "/jobs/" in path else self.environments
        if request.method == "GET":
            self.hidden -= table is self.jobs
            seen = name in table and not (table is self.jobs and self.hidden >= 0)
            return httpx.Response(200, json=table[name]) if seen else httpx.Response(404)
        return self._put(request, name, table)

    def _put(self, request: httpx.Request, name: str, table: dict[str, Document]) -> httpx.Response:
        if name in table:
            said = "The property is immutable and cannot be changed"
            return httpx.Response(400, json={"error": {"code": "UserError", "message": said}})
        created = {"createdAt": f"2026-11-29T10:00:0{len(table)}Z"}
        table[name] = {"name": name, "id": request.url.path, "systemData": created, **json.loads(request.content)}
        if table is self.jobs:
            table[name]["properties"]["status"] = "Starting"
            if self.loses():
                raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(201, json=table[name])

    def _cancel(self, name: str) -> httpx.Response:
        properties = self.jobs[name]["properties"]
        if properties["status"] in ("Completed", "Failed", "Canceled"):
            return httpx.Response(400, json={"error": {"code": "UserError", "message": "The run is in terminal state"}})
        properties["status"] = "CancelRequested"
        return httpx.Response(202)

    def _list(self, request: httpx.Request) -> httpx.Response:
        """Pages of one, each naming the next by an address at the vendor's own host."""
        rows = [*self.jobs.values(), {"name": "another", "id": "x"}]
        index = int(request.url.params.get("$skip", 0))
        link = f"https://management.azure.com{request.url.path}?api-version=2025-12-01&$skip={index + 1}"
        more = {"nextLink": link} if index + 1 < len(rows) else {}
        return httpx.Response(200, json={"value": [rows[index]], **more})


@dataclass
class FakeVertex(Losing):
    """Vertex AI, which takes equal display names, and Cloud Logging."""

    jobs: dict[str, Document] = field(default_factory=dict)
    entries: list[Document] = field(default_factory=list)
    refuse: tuple[int, str, str] | None = None
    sent: list[str] = field(default_factory=list)
    hidden: int = 0  # so many lookups see nothing: somebody else's start is on its way

    def client(self, base: str) -> httpx.Client:
        return httpx.Client(base_url=base, transport=httpx.MockTransport(self._answer))

    def running(self) -> list[Document]:
        return [job for job in self.jobs.values() if job["state"] == "JOB_STATE_PENDING"]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.sent.append(f"{request.method} {path.rpartition('/')[2]}")
        if self.refuse and (request.method == "POST" or self.refuse[0] >= 500):  # a lookup is answered
            code, status, message = self.refuse
            return httpx.Response(code, json={"error": {"code": code, "status": status, "message": message}})
        if path.endswith("entries:list"):
            return self._entries(json.loads(request.content))
        if path.endswith(":cancel"):
            return self._cancel(path.removeprefix("/v1/").removesuffix(":cancel"))
        if path.endswith("/customJobs"):
            return self._create(request) if request.method == "POST" else self._list(request)
        name = path.removeprefix("/v1/")
        return httpx.Response(200, json=self.jobs[name]) if name in self.jobs else httpx.Response(404)

    def _create(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.url.path.removeprefix('/v1/')}/{100 + len(self.jobs)}"
        document = {**json.loads(request.content), "name": name, "state": "JOB_STATE_PENDING"}
        self.jobs[name] = document | {"createTime": f"2026-11-29T10:00:0{len(self.jobs)}Z"}
        if self.loses():
            raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(200, json=self.jobs[name])

    def _list(self, request: httpx.Request) -> httpx.Response:
        """Pages of one, the newest first."""
        self.hidden -= 1
        if self.hidden >= 0:
            return httpx.Response(200, json={})
        label, wanted = self._parse(request.url.params["filter"])
        jobs = [job for job in reversed(self.jobs.values()) if label in job["labels"]]
        rows = [job for job in jobs if wanted in ("*", job["labels"][label])]
        index = int(request.url.params.get("pageToken", 0))
        more = {"nextPageToken": str(index + 1)} if index + 1 < len(rows) else {}
        return httpx.Response(200, json={"customJobs": rows[index : index + 1], **more} if rows else {})

    def _parse(self, filter_: str) -> tuple[str, str]:
        found = re.fullmatch(r'labels\.([a-z-]+)(?:="([^"]+)"|:(\*))', filter_)
        assert found, filter_
        return found[1], found[2] or found[3]

    def _cancel(self, name: str) -> httpx.Response:
        job = self.jobs[name]
        if job["state"] == "JOB_STATE_SUCCEEDED":
            error = {"code": 400, "status": "FAILED_PRECONDITION", "message": "The job is over."}
            return httpx.Response(400, json={"error": error})
        job["state"] = "JOB_STATE_CANCELLING"
        return httpx.Response(200, json={})

    def _entries(self, asked: Document) -> httpx.Response:
        """Pages of two."""
        since = re.search(r'timestamp>="([^"]+)"', asked["filter"])
        number = re.search(r'job_id="(\d+)"', asked["filter"])
        assert number and asked["orderBy"] == "timestamp asc"
        rows = [entry for entry in self.entries if not since or entry["timestamp"] >= since[1]]
        index = int(asked.get("pageToken", 0))
        more = {"nextPageToken": str(index + 2)} if index + 2 < len(rows) else {}
        return httpx.Response(200, json={"entries": rows[index : index + 2], **more})


Refusal = tuple[int, str, str, type[OutlastError], str]
"""The status, code and message of a service, and the error and words that a person gets."""


def refuse_start(fake: FakeSageMaker | FakeArm | FakeVertex, service: TrainingService, refusal: Refusal) -> None:
    """A start that the service refuses so says why and what to do, and leaves no job."""
    status, code, message, kind, said = refusal
    fake.refuse = (status, code, message)
    with pytest.raises(kind, match=said) as raised:
        service.start(spec_for(service.cloud))
    assert message in raised.value.what and raised.value.hint and fake.jobs == {}
