"""Vertex AI on empty clouds, whose jobs are the tiny program's, asked by the submitter that asks real accounts."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from jobs.place import GooglePlace
from jobs.service import Job
from jobs.spec import TrainingSpec
from jobs.vertex_service import LOGGING, VertexService, vertex_endpoint
from sandbox.clouds.gcp import logging_api
from sandbox.clouds.gcp.training_api import HOST, VertexAi
from sandbox.clouds.gcp.training_rules import judge
from sandbox.clouds.store import CloudRefused
from sandbox.images import store as images
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.training.tiny_job import Bench

PROJECT, REGION, BUCKET = "outlast-sandbox", "us-central1", "store"
REGISTRY = f"{REGION}-docker.pkg.dev/{PROJECT}"
STACK = "training-gcp"
_STATUS = {"PERMISSION_DENIED": 403, "NOT_FOUND": 404, "UNIMPLEMENTED": 501}
WRITES = " || ".join(
    f'resource.name.startsWith("projects/_/buckets/{BUCKET}/objects/{part}/")' for part in ("output", "checkpoints")
)


class Project:
    """A project with the API on, a service account, a bucket of which it may write two folders, an image and data."""

    def __init__(self, clouds: Clouds, image: images.Image) -> None:
        self.clouds = clouds
        self.service_api = self.make("gcp:projects/service:Service", "api", service="aiplatform.googleapis.com")
        for api in ("iam", "storage"):
            self.make("gcp:projects/service:Service", api, service=f"{api}.googleapis.com")
        account = self.make("gcp:serviceaccount/account:Account", "job", accountId="outlast-job")
        self.account = str(account.outputs["email"])
        self.make("gcp:storage/bucket:Bucket", "store", name=BUCKET, location="US-CENTRAL1")
        self.reads = self.let("roles/storage.objectViewer", "reads")
        self.writes = self.let("roles/storage.objectUser", "writes", condition={"title": "parts", "expression": WRITES})
        clouds.world.images.push(REGISTRY, "training/job", image, [])
        self.image = f"{REGISTRY}/training/job@{image.digest}"
        self.put("data/set/table.csv", b"a,b")
        self.put("more.csv", b"c")

    def make(self, type_: str, label: str, /, **inputs: Any) -> Any:
        project = {} if "IAMMember" in type_ else {"project": PROJECT}
        return self.clouds.make(type_, label, stack=STACK, **project, **inputs)

    def let(self, role: str, name: str, **more: Any) -> Any:
        member = {"bucket": BUCKET, "role": role, "member": f"serviceAccount:{self.account}", **more}
        return self.make("gcp:storage/bucketIAMMember:BucketIAMMember", name, **member)

    def forget(self, made: Any) -> None:
        """As if somebody had deleted it in the console."""
        store = self.clouds.world.store
        store.forget(store.require(made.type, made.id, "it is not there"))

    def put(self, key: str, content: bytes) -> None:
        self.clouds.world.objects.change(f"{BUCKET}/{key}", content, lambda there: True)

    def place(self) -> GooglePlace:
        root = f"gs://{BUCKET}"
        return GooglePlace(
            REGION, self.image, f"{root}/data", f"{root}/output", f"{root}/checkpoints", self.account, project=PROJECT
        )

    def spec(self, does: str = "done", **changes: Any) -> TrainingSpec:
        place = self.place()
        made = TrainingSpec(
            image=place.training_image,
            data=(f"{place.data_address}/set/", f"gs://{BUCKET}/more.csv"),
            output=place.output_address,
            checkpoints=place.checkpoints_address,
            arguments=(),
            cpu=2,
            memory_gib=8,
            max_seconds=600,
            identity=place.identity,
            environment={"DOES": does},
        )
        return replace(made, **changes)


class Vertex(Project):
    """The service in that project, asked by the submitter."""

    def __init__(self, clouds: Clouds, folder: Path, image: images.Image) -> None:
        self.bench = Bench(folder, image)
        self.bench.judge = lambda record: judge(clouds.world, record)
        clouds.world.objects = self.bench.objects
        super().__init__(clouds, image)
        self.api = VertexAi(clouds.world, self.bench.runs, time.time)
        self.service = VertexService(self._client(vertex_endpoint(REGION)), self._client(LOGGING), self.place())

    def end(self, job: Job) -> Job:
        """Wait until a job has ended."""
        record = self.bench.runs.find(job.id)
        assert record is not None
        self.bench.wait(record)
        return job

    def _client(self, base: str) -> httpx.Client:
        return httpx.Client(base_url=f"http://sandbox/{base.removeprefix('https://')}", transport=self._transport())

    def _transport(self) -> httpx.MockTransport:
        """As the daemon answers: refusals as Google's documents, whatever leads to the sandbox in front of the host."""

        def answer(request: httpx.Request) -> httpx.Response:
            asked = json.loads(request.content or b"{}")
            try:
                if request.url.path == logging_api.PATH:
                    return httpx.Response(200, json=logging_api.answer(self.bench.runs, asked))
                found = HOST.fullmatch(request.url.path)
                assert found and found["region"] == REGION
                query = dict(request.url.params)
                return httpx.Response(200, json=self.api.answer(request.method, found["path"], query, asked))
            except CloudRefused as refused:
                status, _, message = refused.what.partition(": ")
                code = _STATUS.get(status, 400)
                return httpx.Response(code, json={"error": {"code": code, "status": status, "message": message}})

        return httpx.MockTransport(answer)
