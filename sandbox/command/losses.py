"""The guard of `outlast up`: what holds data or a name is replaced or deleted only when it is named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from infra.holds import HOLDS
from sandbox.engine.failures import read_events
from service.errors import InvalidInput, Mistake, Refused

# A replacement is told as its parts: the new one made, the old one deleted.
_LOSING = {"delete": "deleted", "replace": "replaced", "create-replacement": "replaced", "delete-replaced": "replaced"}
_URN = "urn:pulumi:"


@dataclass(frozen=True)
class Loss:
    """One resource that an update would replace or delete, and what it holds."""

    urn: str
    fate: str
    holds: str


def check_named(urns: Collection[str]) -> None:
    """Raise InvalidInput for what is no URN: it would name nothing, and nobody would notice."""
    wrong = [urn for urn in urns if not urn.startswith(_URN)]
    if wrong:
        hint = "the refusal of `outlast up` shows them, and so does `pulumi stack -u`"
        raise InvalidInput(f"--replace {wrong[0]} is no URN", hint=hint)


def refuse_losses(previews: Mapping[str, str], named: Collection[str]) -> None:
    """Raise Refused where a preview (stack -> events) would lose what holds something and is not named."""
    lost = [loss for events in previews.values() for loss in find_losses(events) if loss.urn not in named]
    if lost:
        raise Refused(
            "the update would lose what holds data or a name; nothing was changed",
            [Mistake(loss.urn, f"would be {loss.fate}, and holds {loss.holds}") for loss in lost],
            hint="take the change back; or, if it is meant, " + " ".join(f"--replace '{loss.urn}'" for loss in lost),
        )


def find_losses(events: str) -> list[Loss]:
    """What a preview's event stream says would be replaced or deleted of what holds something, each once."""
    return list(dict.fromkeys(_losses(events)))


def _losses(events: str) -> Iterator[Loss]:
    for event in read_events(events, "resourcePreEvent"):
        step = event.get("metadata") or {}
        fate, holds = _LOSING.get(str(step.get("op"))), HOLDS.get(str(step.get("type")))
        if fate and holds:
            yield Loss(str(step["urn"]), fate, holds)
