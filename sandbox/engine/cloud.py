"""The seam between Pulumi's engine and a simulated cloud: plain Python values, of the right types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from service.errors import OutlastError

DEFAULT_TIMEOUT_SECONDS = 600.0


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Request:
    """One call of the engine about one resource. Names are wire names; None is never among the values.

    In a preview (and in `check`, which cannot tell) a value may be `wire.UNKNOWN`, at any depth.
    """

    package: str
    type: str
    name: str
    urn: str
    id: str = ""  # empty until created
    inputs: dict[str, Any] = field(default_factory=dict)
    old_inputs: dict[str, Any] = field(default_factory=dict)
    old_outputs: dict[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)  # the provider's, in real types
    preview: bool = False
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS  # the program's customTimeouts, if it has any
    cancelled: Callable[[], bool] = _never  # Ctrl-C, or the engine is gone: stop waiting


class Cloud(Protocol):
    """What a provider does. Every method may be called from several threads at once.

    Output values may hold `wire.Secret`; an output under the name of a secret input is made secret without being asked.
    An OutlastError raised here fails the resource with its message and hint, and leaves the state as it was.
    """

    def configure(self, package: str, config: Mapping[str, Any]) -> None:
        """A provider of a program starts. Raise Refused for a configuration that the cloud would not take."""

    def check(self, request: Request) -> Sequence[tuple[str, str]]:
        """(path, reason) of what is wrong beyond the types; called only when the types are right."""

    def replaces(self, type_: str) -> frozenset[str]:
        """Wire names whose change replaces the resource; `template.name` also from inside of lists."""

    def overlooks(self, type_: str) -> frozenset[str]:
        """Wire names, `list.name` inside of lists too, whose change alone the real provider takes for none."""

    def computed(self, request: Request) -> dict[str, Any]:
        """Output-only values that follow from the request alone, known already in a preview.

        Merged into the outputs of every create, read and update. For an existing resource a value that differs from
        its output is a change of its own (a build context whose files changed): so the same request must always give
        the same values.
        """

    def create(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The id and the output-only values. May wait, within `timeout_seconds` and until `cancelled()`."""

    def read(self, package: str, type_: str, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Inputs and output-only values of what exists, or None when it is gone."""

    def update(self, request: Request) -> dict[str, Any]:
        """The output-only values that are new; the others hold on."""

    def delete(self, request: Request) -> None:
        """Remove it; what is already gone is no error. What it was is in `old_inputs` and `old_outputs`."""

    def invoke(self, package: str, token: str, args: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a function; arguments of the same name come back by themselves."""


class NotReady(OutlastError):
    """Raised by create or update: the resource exists, but did not become healthy.

    The engine keeps it in the state, marked, and the next `up` updates it. A signal between a cloud and its provider
    rather than an error of its own, hence here and not in service.errors.
    """

    def __init__(self, what: str, *, id: str, outputs: Mapping[str, Any] | None = None, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.id = id
        self.outputs = dict(outputs or {})
