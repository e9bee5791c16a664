"""The few calls of every cloud that levers make, in memory: quick, strict, able to say no, and to be killed between."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.exceptions import ClientError

from failover.levers.clouds import Clouds

ECS_ARN = "arn:aws:ecs:us-east-1:000000000000:service/outlast-aws/outlast-aws"
APP_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/outlast-azure"
    "/providers/Microsoft.App/containerApps/outlast-azure"
)
RUN_NAME = "projects/outlast-sandbox/locations/us-central1/services/outlast-gcp"
FLAG_URL = "https://outlast-drills.s3.us-east-1.amazonaws.com/faults/aws.json"
LOCK_URL = "https://outlast-drills.s3.us-east-1.amazonaws.com/lock.json"
TOKENS = {
    "OUTLAST_AZURE_TOKEN": "azure-token",
    "OUTLAST_GOOGLE_TOKEN": "google-token",
    "OUTLAST_SANDBOX_ENDPOINT": "http://sandbox",
    "OUTLAST_SANDBOX_TOKEN": "sandbox-token",
}


@dataclass
class FakeWorld:
    """What there is in the clouds. `on_write` are called before each change is made, and after it."""

    desired: int = 2
    running: int = 2
    strategy: list[dict[str, Any]] = field(default_factory=list)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    series: list[dict[str, Any]] = field(default_factory=list)
    suspended: dict[str, bool] | None = None
    status: str = "Running"
    ingress: str = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    etag: int = 1
    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    on_write: list[Callable[[], None]] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    refuse: int = 0

    @property
    def clouds(self) -> Clouds:
        return _FakeClouds(TOKENS, httpx.MockTransport(self.answer), world=self)

    def snapshot(self) -> dict[str, Any]:
        """All that a drill may change, but for the counters that only go up."""
        return {
            "desired": self.desired,
            "suspended": dict(self.suspended or {}),
            "status": self.status,
            "ingress": self.ingress,
            "objects": dict(self.objects),
            "faults": dict(self.faults),
        }

    def write(self, do: Callable[[], None]) -> None:
        """Change something: whoever listens may be killed right before, or right after."""
        for call in list(self.on_write):
            call()
        do()
        for call in list(self.on_write):
            call()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One request to Azure, Google or the sandbox."""
        self.asked.append(request)
        if self.refuse:
            return httpx.Response(self.refuse, text="refused")
        vendor = {"management.azure.com": "azure", "sandbox": "sandbox"}
        name = vendor.get(request.url.host, "google")
        if request.headers["authorization"] != f"Bearer {name}-token":
            return httpx.Response(401)
        answers = {"azure": self._azure, "google": self._google, "sandbox": self._sandbox}
        return answers[name](request, json.loads(request.content or b"{}"))

    def _azure(self, request: httpx.Request, body: dict[str, Any]) -> httpx.Response:
        assert request.url.params["api-version"]
        path = request.url.path
        if not path.startswith(APP_ID):
            return httpx.Response(404)
        if path == f"{APP_ID}/revisions":
            return httpx.Response(200, json={"value": self.revisions})
        if verb := path.removeprefix(APP_ID).strip("/"):
            assert request.method == "POST"
            self.write(lambda: setattr(self, "status", {"stop": "Stopped", "start": "Running"}[verb]))
            return httpx.Response(202)
        return httpx.Response(200, json={"properties": {"runningStatus": self.status}})

    def _google(self, request: httpx.Request, body: dict[str, Any]) -> httpx.Response:
        if request.url.host == "monitoring.googleapis.com":
            return httpx.Response(200, json={"timeSeries": self.series} if self.series else {})
        if request.url.path != f"/v2/{RUN_NAME}":
            return httpx.Response(404)
        if request.method == "GET":
            return httpx.Response(200, json={"ingress": self.ingress, "etag": f'"{self.etag}"'})
        assert (request.method, request.url.params["updateMask"]) == ("PATCH", "ingress")
        if body.get("etag") != f'"{self.etag}"':
            return httpx.Response(409, text="ABORTED")

        def patch() -> None:
            self.ingress, self.etag = body["ingress"], self.etag + 1

        self.write(patch)
        return httpx.Response(200, json={"done": False})

    def _sandbox(self, request: httpx.Request, body: dict[str, Any]) -> httpx.Response:
        if request.url.path == "/faults":
            found = [{"site": site, "kind": kind, "value": v} for (site, kind), v in self.faults.items()]
            return httpx.Response(200, json={"faults": found})
        kind, _, value = body["kind"].partition("=")
        key = (body["site"], kind)
        if request.url.path == "/fault":
            assert body["seconds"] > 0
            self.write(lambda: self.faults.update({key: value}))
        else:
            self.write(lambda: self.faults.pop(key, None) and None)
        return httpx.Response(200, json={})


@dataclass(frozen=True)
class _FakeClouds(Clouds):
    """Of one fake world."""

    world: FakeWorld = field(default_factory=FakeWorld)

    def aws(self, service: str, region: str) -> Any:
        assert region == "us-east-1"
        return {"ecs": FakeEcs, "application-autoscaling": FakeScaling, "s3": FakeS3}[service](self.world)


@dataclass
class FakeEcs:
    """One service."""

    world: FakeWorld

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        found = (
            [
                {
                    "desiredCount": self.world.desired,
                    "runningCount": self.world.running,
                    "capacityProviderStrategy": self.world.strategy,
                }
            ]
            if (cluster, services) == ("outlast-aws", ["outlast-aws"])
            else []
        )
        return {"services": found}

    def update_service(self, *, cluster: str, service: str, desiredCount: int) -> None:
        assert (cluster, service) == ("outlast-aws", "outlast-aws")
        self.world.write(lambda: setattr(self.world, "desired", desiredCount))


@dataclass
class FakeScaling:
    """Its scaling, if it has any."""

    world: FakeWorld

    def describe_scalable_targets(self, *, ResourceIds: list[str], **_: Any) -> dict[str, Any]:
        assert ResourceIds == ["service/outlast-aws/outlast-aws"]
        return {"ScalableTargets": [] if self.world.suspended is None else [{"SuspendedState": self.world.suspended}]}

    def register_scalable_target(self, *, SuspendedState: dict[str, bool], **_: Any) -> None:
        self.world.write(lambda: setattr(self.world, "suspended", dict(SuspendedState)))


@dataclass
class FakeS3:
    """Objects with conditional writes; the ETag is the content."""

    world: FakeWorld

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        content = self.world.objects.get(_url(Bucket, Key))
        if content is None:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(content), "ETag": content.decode()}

    def put_object(
        self, *, Bucket: str, Key: str, Body: bytes, IfMatch: str = "", IfNoneMatch: str = "", **_: Any
    ) -> None:
        content = self.world.objects.get(_url(Bucket, Key))
        if (IfNoneMatch and content is not None) or (IfMatch and (content or b"").decode() != IfMatch):
            raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": "no"}}, "PutObject")
        self.world.write(lambda: self.world.objects.update({_url(Bucket, Key): Body}))

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        self.world.write(lambda: self.world.objects.pop(_url(Bucket, Key), None) and None)


def _url(bucket: str, key: str) -> str:
    assert re.fullmatch(r"[a-z-]+", bucket)
    return f"https://{bucket}.s3.us-east-1.amazonaws.com/{key}"
