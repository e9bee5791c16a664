"""The protocol, spoken over a real socket as the engine speaks it; the engine itself is in test_cli_end_to_end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from sandbox.engine.provider import NotReady, Provider, Request, Server, serve
from sandbox.engine.wire import UNKNOWN, Secret, Value, decode, encode, plain
from service.errors import Refused, Unavailable
from tests.sandbox.engine.toy_cloud import Thing, ToyCloud

IMAGE = "docker-build:index:Image"
INPUTS = {"push": False, "tags": ["a"], "secrets": Secret({"token": "hunter2"})}


@pytest.fixture
def cloud() -> ToyCloud:
    return ToyCloud()


@pytest.fixture
def server(cloud: ToyCloud) -> Iterator[Server]:
    started = serve(cloud, "docker-build", "0.0.22")
    yield started
    started.stop()


class Engine:
    """One connection, as the engine opens one for each provider of a command."""

    def __init__(self, server: Server) -> None:
        # A subchannel pool of its own: else two channels to one address share a connection.
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{server.port}", options=[("grpc.use_local_subchannel_pool", 1)]
        )
        self.stub: Any = ResourceProviderStub(self.channel)
        self.named = {"urn": f"urn:pulumi:s::p::{IMAGE}::image", "name": "image", "type": IMAGE}

    def configure(self, **config: str) -> None:
        self.stub.Handshake(pb.ProviderHandshakeRequest())
        self.stub.Configure(pb.ConfigureRequest(args=encode(config)))

    def create(self, inputs: dict[str, Value], **more: Any) -> tuple[str, dict[str, Value]]:
        answer = self.stub.Create(pb.CreateRequest(**self.named, properties=encode(inputs), **more))
        return answer.id, decode(answer.properties)

    def check(self, inputs: dict[str, Value]) -> list[str]:
        answer = self.stub.Check(pb.CheckRequest(**self.named, news=encode(inputs)))
        assert all(failure.property == "" for failure in answer.failures)
        return [failure.reason for failure in answer.failures]

    def diff(self, old: dict[str, Value], new: dict[str, Value], outputs: dict[str, Value]) -> pb.DiffResponse:
        asked = {"old_inputs": encode(old), "news": encode(new), "olds": encode(outputs)}
        answer: pb.DiffResponse = self.stub.Diff(pb.DiffRequest(**self.named, id="image-1", **asked))
        return answer

    def update(
        self, old: dict[str, Value], new: dict[str, Value], outputs: dict[str, Value], **more: Any
    ) -> dict[str, Value]:
        asked = {"old_inputs": encode(old), "news": encode(new), "olds": encode(outputs)}
        return decode(self.stub.Update(pb.UpdateRequest(**self.named, id="image-1", **asked, **more)).properties)


@pytest.fixture
def engine(server: Server) -> Iterator[Engine]:
    connected = Engine(server)
    yield connected
    connected.channel.close()


def test_it_says_who_it_is(engine: Engine) -> None:
    assert engine.stub.GetPluginInfo(empty_pb2.Empty()).version == "0.0.22"
    shaken = engine.stub.Handshake(pb.ProviderHandshakeRequest())
    assert shaken.accept_secrets
    assert shaken.accept_resources
    assert not shaken.accept_outputs
    with pytest.raises(grpc.RpcError) as refused:
        engine.stub.GetSchema(pb.GetSchemaRequest())
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_every_problem_is_named_in_its_reason(engine: Engine, cloud: ToyCloud) -> None:
    cloud.checking = lambda request: [("never", "asked")]
    reasons = engine.check({"pushh": True, "context": {"locaton": "x"}})
    assert reasons == [
        "pushh: unknown property; did you mean 'push'?",
        "push: missing required property",
        "context.locaton: unknown property; did you mean 'location'?",
        "context.location: missing required property",
    ]


def test_the_cloud_may_refuse_what_the_types_allow(engine: Engine, cloud: ToyCloud) -> None:
    seen: list[Request] = []
    cloud.checking = lambda request: seen.append(request) or [("tags[0]", "is taken")]  # type: ignore[func-returns-value]
    assert engine.check({**INPUTS, "noCache": UNKNOWN}) == ["tags[0]: is taken"]
    assert seen[0].inputs == {"push": False, "tags": ["a"], "secrets": {"token": "hunter2"}, "noCache": UNKNOWN}


def test_a_create_echoes_secrets_as_secrets(engine: Engine, cloud: ToyCloud) -> None:
    id_, outputs = engine.create(INPUTS)
    assert id_ == "image-1"
    assert cloud.things[id_].inputs == {"push": False, "tags": ["a"], "secrets": {"token": "hunter2"}}
    assert outputs["secrets"] == Secret({"token": "hunter2"})
    assert outputs["digest"] == "image-1/digest"


def test_a_preview_reaches_no_cloud_and_knows_what_follows_from_the_request(engine: Engine, cloud: ToyCloud) -> None:
    cloud.computing = lambda request: {"contextHash": "abc"}
    id_, outputs = engine.create({**INPUTS, "tags": UNKNOWN}, preview=True)
    assert id_ == ""
    assert (outputs["contextHash"], outputs["digest"], outputs["tags"]) == ("abc", UNKNOWN, UNKNOWN)
    assert cloud.calls == []


def test_what_is_computed_may_follow_from_the_id(engine: Engine, cloud: ToyCloud) -> None:
    cloud.computing = lambda request: {"ref": f"registry/{request.id}"} if request.id else {}
    assert engine.create(INPUTS)[1]["ref"] == "registry/image-1"


def test_a_change_is_named_at_its_depth_and_may_replace(engine: Engine, cloud: ToyCloud) -> None:
    cloud.replacing = {IMAGE: frozenset({"context.location"})}
    answer = engine.diff(
        {"push": True, "tags": ["a"], "context": {"location": "x"}},
        {"push": True, "tags": ["b"], "context": {"location": "y"}},
        {},
    )
    kinds = {path: pb.PropertyDiff.Kind.Name(diff.kind) for path, diff in answer.detailedDiff.items()}
    assert kinds == {"tags[0]": "UPDATE", "context.location": "UPDATE_REPLACE"}
    assert list(answer.replaces) == ["context.location"]
    assert list(answer.diffs) == ["context", "tags"]
    assert not answer.deleteBeforeReplace


def test_nothing_changed_is_no_change(engine: Engine) -> None:
    assert engine.diff(INPUTS, INPUTS, {}).changes == pb.DiffResponse.DIFF_NONE


def test_a_context_whose_files_changed_is_a_change(engine: Engine, cloud: ToyCloud) -> None:
    cloud.computing = lambda request: {"contextHash": "new"}
    answer = engine.diff(INPUTS, INPUTS, {"contextHash": "old"})
    assert not answer.detailedDiff["contextHash"].inputDiff
    assert engine.diff(INPUTS, INPUTS, {"contextHash": "new"}).changes == pb.DiffResponse.DIFF_NONE


def test_an_update_keeps_what_it_does_not_change(engine: Engine, cloud: ToyCloud) -> None:
    _, outputs = engine.create(INPUTS)
    new = {**INPUTS, "tags": ["b"]}
    before = {**outputs, "digest": "sha256:1"}
    previewed = engine.update(INPUTS, new, before, preview=True)
    assert ("update", "image") not in cloud.calls
    assert engine.update(INPUTS, new, before) == previewed
    assert (previewed["digest"], previewed["tags"]) == ("sha256:1", ["b"])
    assert previewed["secrets"] == Secret({"token": "hunter2"})
    assert cloud.things["image-1"].inputs["tags"] == ["b"]


def test_a_refresh_gives_secrets_back_as_secrets(engine: Engine) -> None:
    id_, outputs = engine.create(INPUTS)
    asked = {"inputs": encode(INPUTS), "properties": encode(outputs)}
    answer = engine.stub.Read(pb.ReadRequest(**engine.named, id=id_, **asked))
    assert decode(answer.inputs) == INPUTS
    assert decode(answer.properties) == outputs


def test_a_refresh_of_what_is_gone_says_so(engine: Engine) -> None:
    answer = engine.stub.Read(pb.ReadRequest(**engine.named, id="image-7"))
    assert not answer.HasField("properties")
    assert answer.id == ""


def test_an_import_finds_inputs_and_outputs(engine: Engine) -> None:
    id_, _ = engine.create(INPUTS)
    answer = engine.stub.Read(pb.ReadRequest(**engine.named, id=id_))
    assert decode(answer.inputs)["tags"] == ["a"]
    assert decode(answer.properties)["digest"] == "image-1/digest"


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("aws:secretsmanager/secretVersion:SecretVersion", {"secretId": "s", "secretString": "hunter2"}),
        ("gcp:secretmanager/secretVersion:SecretVersion", {"secret": "s", "secretData": "hunter2"}),
        ("azure-native:keyvault:Secret", {"secretName": "s", "properties": {"value": "hunter2", "contentType": "t"}}),
        ("azure-native:app:ContainerApp", {"configuration": {"secrets": [{"name": "key", "value": "hunter2"}]}}),
    ],
)
def test_an_import_makes_secret_what_is_secret_by_itself(type_: str, inputs: dict[str, Value]) -> None:
    """No state says so, and the value would lie in plain in the new one."""
    cloud = ToyCloud(things={"id": Thing(type_, inputs, {})})
    started = serve(cloud, type_.partition(":")[0], "0.0.1")
    try:
        named = {"urn": f"urn:pulumi:s::p::{type_}::x", "name": "x", "type": type_}
        answer = Engine(started).stub.Read(pb.ReadRequest(**named, id="id"))
    finally:
        started.stop()
    for found in (decode(answer.inputs), decode(answer.properties)):
        assert "hunter2" not in repr(hide_secrets(found)) and "hunter2" in repr(plain(found))


def hide_secrets(value: Value) -> Value:
    """The value with what is secret left out."""
    match value:
        case Secret():
            return None
        case dict():
            return {key: hide_secrets(item) for key, item in value.items()}
        case list():
            return [hide_secrets(item) for item in value]
        case _:
            return value


def test_a_delete_knows_what_it_deletes(engine: Engine, cloud: ToyCloud) -> None:
    id_, outputs = engine.create(INPUTS)
    engine.stub.Delete(pb.DeleteRequest(**engine.named, id=id_, properties=encode(outputs)))
    assert cloud.things == {}


def refuse(request: Request) -> None:
    raise Refused("no room in the cloud", hint="make some")


def test_a_refusal_has_its_hint_and_leaves_the_state_sound(engine: Engine, cloud: ToyCloud) -> None:
    cloud.before_create = refuse
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(INPUTS)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.value.details() == "no room in the cloud\nhint: make some"


def test_a_fault_of_the_sandbox_is_called_one(
    engine: Engine, cloud: ToyCloud, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.computing = lambda request: {"digets": "x"}
    with caplog.at_level(logging.ERROR), pytest.raises(grpc.RpcError) as refused:
        engine.create(INPUTS)
    assert refused.value.code() is grpc.StatusCode.ABORTED
    assert "the sandbox itself failed: LookupError: docker-build:index:Image has no output digets" in str(
        refused.value.details()
    )
    assert "Traceback" in caplog.text


def test_an_unknown_after_an_update_is_a_fault_too(engine: Engine, cloud: ToyCloud) -> None:
    cloud.computing = lambda request: {"digest": UNKNOWN}
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(INPUTS)
    assert "digest should be known by now" in str(refused.value.details())


def not_ready(request: Request) -> None:
    raise NotReady("the probe never answered", id="image-9", outputs={"digest": "sha256:9"}, hint="read its log")


@pytest.mark.parametrize("step", ["create", "update"])
def test_created_but_not_healthy_is_kept_and_marked(engine: Engine, cloud: ToyCloud, step: str) -> None:
    cloud.before_create = cloud.before_update = not_ready
    with pytest.raises(grpc.RpcError) as refused:
        engine.create(INPUTS) if step == "create" else engine.update(INPUTS, INPUTS, {})
    metadata = dict(refused.value.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    failed = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failed)
    assert failed.id == "image-9"
    assert list(failed.reasons) == ["the probe never answered\nhint: read its log"]
    assert decode(failed.properties)["digest"] == "sha256:9"
    assert decode(failed.inputs) == INPUTS


def test_configurations_are_kept_apart_by_connection(server: Server, cloud: ToyCloud) -> None:
    seen: list[Any] = []
    cloud.before_create = lambda request: seen.append(request.config)
    engines = {host: Engine(server) for host in ("one", "two")}
    for host, engine in engines.items():
        engine.configure(host=host, version="0.0.22")
    for engine in engines.values():
        engine.create(INPUTS)
        engine.channel.close()
    assert seen == [{"host": "one"}, {"host": "two"}]


def test_configurations_do_not_pile_up(server: Server, cloud: ToyCloud) -> None:
    provider = Provider(cloud, "docker-build", "0.0.22")

    class Context:
        def __init__(self, number: int) -> None:
            self.number = number

        def peer(self) -> str:
            return f"ipv4:127.0.0.1:{self.number}"

    for number in range(500):
        provider.Handshake(pb.ProviderHandshakeRequest(), Context(number))
        if number > 400:
            provider.Cancel(empty_pb2.Empty(), Context(number))
    assert len(provider._instances) == 128
    provider.Handshake(pb.ProviderHandshakeRequest(), Context(500))
    assert "ipv4:127.0.0.1:400" in provider._instances  # still alive, unlike those after it


def test_a_wrong_provider_configuration_is_named(engine: Engine) -> None:
    answer = engine.stub.CheckConfig(pb.CheckRequest(news=encode({"hots": "x", "version": "0.0.22"})))
    assert [failure.reason for failure in answer.failures] == ["hots: unknown property; did you mean 'host'?"]
    fine = pb.CheckRequest(news=encode({"host": "x", "version": "0.0.22"}))
    assert decode(engine.stub.CheckConfig(fine).inputs) == {"host": "x", "version": "0.0.22"}


def test_a_provider_whose_configuration_changes_may_be_replaced(engine: Engine, cloud: ToyCloud) -> None:
    cloud.replacing = {"pulumi:providers:docker-build": frozenset({"host"})}
    asked = {"old_inputs": encode({"host": "x", "version": "1"}), "news": encode({"host": "y", "version": "2"})}
    assert list(engine.stub.DiffConfig(pb.DiffRequest(**asked)).replaces) == ["host"]


def test_a_configuration_that_the_cloud_refuses_is_refused(engine: Engine, cloud: ToyCloud) -> None:
    def configure(package: str, config: Any) -> None:
        raise Refused(f"{package} does not take {config['host']}", hint="remove it")

    cloud.configure = configure  # type: ignore[method-assign]
    with pytest.raises(grpc.RpcError) as refused:
        engine.configure(host="elsewhere")
    assert refused.value.details() == "docker-build does not take elsewhere\nhint: remove it"


@pytest.mark.parametrize("end", ["cancel", "connection lost"])
def test_a_wait_ends_when_the_command_does(server: Server, cloud: ToyCloud, end: str) -> None:
    engine, waiting, ended = Engine(server), threading.Event(), threading.Event()

    def wait(request: Request) -> None:
        waiting.set()
        deadline = time.monotonic() + 10
        while not request.cancelled() and time.monotonic() < deadline:
            ended.wait(0.01)
        if request.cancelled():
            ended.set()
        raise Refused("cancelled")

    cloud.before_create = wait
    engine.configure()
    call = engine.stub.Create.future(pb.CreateRequest(**engine.named, properties=encode(INPUTS)))
    assert waiting.wait(10)
    if end == "cancel":
        engine.stub.Cancel(empty_pb2.Empty())
        assert call.exception(10).details() == "cancelled"
    engine.channel.close()
    assert ended.wait(10)


def test_the_time_that_a_program_gives_is_handed_on(engine: Engine, cloud: ToyCloud) -> None:
    given: list[float] = []
    cloud.before_create = lambda request: given.append(request.timeout_seconds)
    engine.create(INPUTS, timeout=7.5)
    engine.create(INPUTS)
    assert given == [7.5, 600.0]


def test_a_port_that_is_taken_is_said(server: Server, cloud: ToyCloud) -> None:
    with pytest.raises(Unavailable, match=f"port {server.port} for the provider of aws is not free"):
        serve(cloud, "aws", "7.51.1", server.port)
