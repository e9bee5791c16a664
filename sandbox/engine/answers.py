"""How a provider says no, and what has changed, in the words of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import any_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from sandbox.engine.changes import Change
from sandbox.engine.cloud import NotReady
from sandbox.engine.wire import Value, encode, has_unknown


class InitFailed(grpc.Status):  # type: ignore[misc]
    """The resource exists but is not well, for `abort_with_status`: the engine keeps it, marked."""

    def __init__(self, error: NotReady, inputs: Mapping[str, Value], properties: Mapping[str, Value]) -> None:
        detail = any_pb2.Any()
        detail.Pack(
            pb.ErrorResourceInitFailed(
                id=error.id, inputs=encode(inputs), properties=encode(properties), reasons=[str(error)]
            )
        )
        self.code, self.details = grpc.StatusCode.FAILED_PRECONDITION, error.what
        status = status_pb2.Status(code=self.code.value[0], message=error.what, details=[detail])
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


def failures(problems: Sequence[tuple[str, str]]) -> list[pb.CheckFailure]:
    """The path goes into the reason: as a property of its own the engine would print a nested one's value as <nil>."""
    return [pb.CheckFailure(reason=f"{path}: {reason}" if path else reason) for path, reason in problems]


def diff_response(changes: Sequence[Change], deletes_first: bool = False) -> pb.DiffResponse:
    """With every change at its own depth, which is what `pulumi preview --diff` shows."""
    kinds = {change.path: change.kind + ("_REPLACE" if change.replaces else "") for change in changes}
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if changes else pb.DiffResponse.DIFF_NONE,
        diffs=list(dict.fromkeys(change.top for change in changes)),
        replaces=[change.path for change in changes if change.replaces],
        deleteBeforeReplace=deletes_first,
        detailedDiff={
            change.path: pb.PropertyDiff(kind=pb.PropertyDiff.Kind.Value(kinds[change.path]), inputDiff=change.of_input)
            for change in changes
        },
        hasDetailedDiff=True,
    )


def known(properties: Mapping[str, Value]) -> Any:
    """The properties after an update, where everything is known: the engine would not survive a sentinel.

    Raises ValueError for what is not.
    """
    unknown = sorted(name for name, value in properties.items() if has_unknown(value))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} should be known by now")
    return encode(properties)


def without_none(values: Mapping[str, Value]) -> dict[str, Value]:
    """As the SDK sees it: what is None is not there."""
    return {name: value for name, value in values.items() if value is not None}
