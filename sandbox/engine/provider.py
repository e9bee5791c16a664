"""Pulumi's ResourceProvider protocol over a `Cloud`: one server for each package, for all commands of all stacks.

Here values are checked, unwrapped, completed and made secret again; previews never reach the cloud. Rules of the
protocol that are not obvious are named where they matter; `docs/concepts/engine.md` tells the whole.
"""

from __future__ import annotations

import collections
import functools
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    add_ResourceProviderServicer_to_server,
)

from sandbox.engine import answers, outputs, schema, sdk
from sandbox.engine.changes import deletes_first, input_changes, output_changes
from sandbox.engine.cloud import DEFAULT_TIMEOUT_SECONDS, Cloud, NotReady, Request
from sandbox.engine.wire import Value, decode, encode, mark_secrets, plain
from service.errors import OutlastError, Unavailable

__all__ = ["Cloud", "NotReady", "Provider", "Request", "Server", "serve"]

_log = logging.getLogger(__name__)
_Method = TypeVar("_Method", bound=Callable[..., Any])

_MAX_INSTANCES = 128  # provider instances remembered; each command of a stack makes one or two
_MAX_THREADS = 128  # a cloud may wait in each; the engine asks for as many at once as it has workers
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


@dataclass
class _Instance:
    """One provider of one command."""

    config: Mapping[str, Any] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)


def _answering(method: _Method) -> _Method:
    """Turn what a cloud raises into an answer that leaves the state sound.

    The engine takes INTERNAL, UNKNOWN (any exception) and DATA_LOSS as "nobody knows what became of the resource".
    """

    @functools.wraps(method)
    def answer(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            try:
                return method(self, request, context)
            except NotReady as error:
                status = self._not_ready(error, request, context)
        except OutlastError as error:
            return context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except Exception as error:
            _log.exception("%s of %s failed", method.__name__, getattr(request, "urn", self.package))
            message = f"the sandbox itself failed: {type(error).__name__}: {error}\nhint: its log has the traceback"
            return context.abort(grpc.StatusCode.ABORTED, message)
        return context.abort_with_status(status)

    return answer  # type: ignore[return-value]


class Provider(ResourceProviderServicer):
    """One package, such as `aws`, at the version that the installed SDK asks for."""

    def __init__(self, cloud: Cloud, package: str, version: str) -> None:
        self.cloud, self.package, self.version = cloud, package, version
        # Calls do not say which provider instance they are for, but the engine opens one connection for each: the
        # peer's address tells them apart.
        self._instances: collections.OrderedDict[str, _Instance] = collections.OrderedDict()
        self._lock = threading.Lock()

    # -- the plugin itself -----------------------------------------------------------------------------------------

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> pb.ProviderHandshakeResponse:
        self._remember(context.peer(), _Instance())
        return pb.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self.version)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Ctrl-C, and the normal end of every command: the instance is over, the server is not."""
        with self._lock:
            instance = self._instances.get(context.peer())
            if instance:
                instance.cancelled.set()
                self._instances.move_to_end(context.peer(), last=False)  # the first to be forgotten
        return empty_pb2.Empty()

    def _remember(self, peer: str, instance: _Instance) -> _Instance:
        """An engine that is killed says no goodbye, so the oldest instances are forgotten by number."""
        with self._lock:
            self._instances[peer] = instance
            self._instances.move_to_end(peer)
            while len(self._instances) > _MAX_INSTANCES:
                self._instances.popitem(last=False)
        return instance

    def _instance(self, context: grpc.ServicerContext) -> _Instance:
        with self._lock:
            known = self._instances.get(context.peer())
        return known or self._remember(context.peer(), _Instance())

    # -- the provider's configuration ------------------------------------------------------------------------------

    def _config(self, wire_arguments: Any) -> dict[str, Value]:
        return schema.provider_config(self.package, decode(wire_arguments))

    @_answering
    def CheckConfig(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        found = schema.problems(f"pulumi:providers:{self.package}", self._config(request.news))
        return pb.CheckResponse(inputs=request.news, failures=answers.failures(found))

    @_answering
    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        replaces = self.cloud.replaces(f"pulumi:providers:{self.package}")
        return answers.diff_response(
            input_changes(self._config(request.old_inputs), self._config(request.news), replaces)
        )

    @_answering
    def Configure(self, request: pb.ConfigureRequest, context: grpc.ServicerContext) -> pb.ConfigureResponse:
        config = plain(self._config(request.args))
        self.cloud.configure(self.package, config)
        self._remember(context.peer(), _Instance(config))
        return pb.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    # -- resources -------------------------------------------------------------------------------------------------

    def _request(self, request: Any, context: grpc.ServicerContext, **values: Any) -> Request:
        """What the cloud sees of a call; `values` are wire values and are made plain here."""
        instance = self._instance(context)
        return Request(
            package=self.package,
            type=request.type,
            name=request.name,
            urn=request.urn,
            id=getattr(request, "id", ""),
            config=instance.config,
            preview=getattr(request, "preview", True),
            timeout_seconds=getattr(request, "timeout", 0) or DEFAULT_TIMEOUT_SECONDS,
            cancelled=lambda: instance.cancelled.is_set() or not context.is_active(),
            **{name: answers.without_none(plain(value)) for name, value in values.items()},
        )

    @_answering
    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        inputs = decode(request.news)
        found = schema.problems(request.type, inputs)
        if not found:  # a cloud may rely on the types
            inputs = schema.normalise(request.type, inputs)
            asked = self._request(request, context, inputs=inputs, old_inputs=decode(request.olds))
            found = list(self.cloud.check(asked))
        return pb.CheckResponse(inputs=encode(inputs), failures=answers.failures(found))

    @_answering
    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        new, old, before = decode(request.news), decode(request.old_inputs), decode(request.olds)
        asked = self._request(request, context, inputs=new, old_inputs=old, old_outputs=before)
        found = input_changes(old, new, self.cloud.replaces(request.type), self.cloud.overlooks(request.type))
        seen = output_changes(before, self.cloud.computed(asked))
        inputs_changed = {change.top for change in found}
        found += [change for change in seen if change.path not in inputs_changed]
        named = sdk.inputs_of(request.type).fields.get("name")
        name_given = named is not None and not named.promised and new.get("name") is not None
        replaced = any(change.replaces for change in found)
        return answers.diff_response(found, deletes_first(self.package, replaced, name_given))

    @_answering
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        inputs = decode(request.properties)
        asked = self._request(request, context, inputs=inputs)
        if request.preview:  # without an id the engine knows that it is not known
            return pb.CreateResponse(properties=encode(self._outputs(asked, inputs, {}, None)))
        id_, computed = self.cloud.create(asked)
        created = replace(asked, id=id_)
        return pb.CreateResponse(id=id_, properties=answers.known(self._outputs(created, inputs, computed, id_)))

    @_answering
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        new, old, before = decode(request.news), decode(request.old_inputs), decode(request.olds)
        asked = self._request(request, context, inputs=new, old_inputs=old, old_outputs=before)
        carried = outputs.carry(before, old, new)
        if request.preview:
            return pb.UpdateResponse(properties=encode(self._outputs(asked, new, {}, request.id, carried)))
        computed = self.cloud.update(asked)
        return pb.UpdateResponse(properties=answers.known(self._outputs(asked, new, computed, request.id, carried)))

    @_answering
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        """Refresh, import and `.get()`. An answer with `properties` unset says that it is gone."""
        found = self.cloud.read(self.package, request.type, request.id)
        if found is None:
            return pb.ReadResponse()
        old, before = decode(request.inputs), decode(request.properties)
        by_itself = schema.secrets_of(request.type)  # of an import, where no state says what is secret
        inputs = mark_secrets(found[0], old or by_itself)
        asked = self._request(request, context, inputs=inputs, old_inputs=old, old_outputs=before)
        asked = replace(asked, preview=False)  # what is read exists: nothing of it waits to be known
        properties = mark_secrets(self._outputs(asked, inputs, found[1], request.id), before or by_itself)
        return pb.ReadResponse(id=request.id, inputs=encode(inputs), properties=answers.known(properties))

    @_answering
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> Any:
        old, before = decode(request.old_inputs), decode(request.properties)
        self.cloud.delete(replace(self._request(request, context, old_inputs=old, old_outputs=before), preview=False))
        return empty_pb2.Empty()

    @_answering
    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> pb.InvokeResponse:
        arguments = decode(request.args)
        config = self._instance(context).config
        values = self.cloud.invoke(self.package, request.tok, answers.without_none(plain(arguments)), config)
        result = schema.complete_result(request.tok, values, arguments)
        return pb.InvokeResponse(**{"return": answers.known(result)})

    # Construct, Call, Parameterize, List, GetMapping and GetSchema: the base class answers UNIMPLEMENTED, which the
    # engine takes from a provider without components.

    def _outputs(
        self,
        asked: Request,
        inputs: Mapping[str, Value],
        computed: Mapping[str, Value],
        id_: str | None,
        carried: Mapping[str, Value] | None = None,
    ) -> dict[str, Value]:
        """Whole outputs. `inputs` still have their wrappers, so that a secret comes back as one."""
        both = outputs.merge(self.cloud.computed(asked), answers.without_none(computed))
        return schema.complete(
            asked.type, inputs, both, id_, carried=carried, config=asked.config, preview=asked.preview
        )

    def _not_ready(self, error: NotReady, request: Any, context: grpc.ServicerContext) -> answers.InitFailed:
        """The resource exists: the engine keeps it, marked as failed, and updates it at the next `up`."""
        inputs = decode(request.properties if isinstance(request, pb.CreateRequest) else request.news)
        asked = replace(self._request(request, context, inputs=inputs), id=error.id)
        properties = self._outputs(asked, inputs, error.outputs, error.id)
        return answers.InitFailed(error, inputs, properties)


@dataclass(frozen=True)
class Server:
    """A provider that answers on 127.0.0.1."""

    package: str
    version: str
    port: int
    _server: Any

    def stop(self, grace_seconds: float = 0.0) -> None:
        """Refuse new calls, give those under way the grace, then end them."""
        self._server.stop(grace_seconds or None).wait()


def serve(cloud: Cloud, package: str, version: str, port: int = 0) -> Server:
    """Answer the engine for one package, on a free port of the loopback if none is given. Raises Unavailable."""
    # Without the last option Linux lets two servers share a port, and half of the calls get lost in the other one.
    server = grpc.server(
        futures.ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix=f"provider-{package}"),
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    add_ResourceProviderServicer_to_server(Provider(cloud, package, version), server)
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise Unavailable(
            f"port {port} for the provider of {package} is not free",
            hint="end what listens there, or let the system choose a port",
        ) from error
    server.start()
    return Server(package, version, bound, server)
