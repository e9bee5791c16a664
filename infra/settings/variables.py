"""`outlast:environment`: the variables that a stack file gives the container, held to the server's own table. Pure.

What the server would refuse at its start is refused in the preview: there a replica that does not start would take the
whole update with it, minutes later and without a word of why. The table looks at the server's own machine as well, so
what it says of variables alone is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from infra.contract import GRACE_SECONDS
from infra.secrets import note_plain_secrets, place_mistake
from infra.settings.exceptions import AUTH_OFF, KEY, Exceptions
from infra.settings.reader import NAMESPACE, Reader
from service.errors import Mistake

Judge = Callable[[Mapping[str, str]], Sequence[Mistake]]
"""What is wrong with a container's variables: `find_mistakes` of the server's settings."""

RESERVED = (
    "OUTLAST_SITE",
    "OUTLAST_MODEL_DIGESTS",
    "OUTLAST_DEFAULT_MODEL",
    "PORT",
    "K_SERVICE",
    "K_REVISION",
    "K_CONFIGURATION",
)
"""Set by the program, or by the cloud: PORT and K_* are refused by Cloud Run."""

_ECS_BYTES = 60 * 1024
_AUTH, _DRAIN = "OUTLAST_AUTH", "OUTLAST_DRAIN_SECONDS"


def read_environment(
    reader: Reader, cloud: str, exceptions: Exceptions, secrets: Mapping[str, str], judge: Judge
) -> Mapping[str, str]:
    """The variables that a site's file adds, those that are right; `secrets` are judged with them."""
    given = reader.mapping("environment", {})
    note_plain_secrets(reader, given, secrets)
    right = {name: value for name, value in given.items() if _is_variable(reader, name, value)}
    whole = len(right) == len(given) and not reader.is_wrong("environment")
    # One that was left out as wrong might be the very one that is missed.
    for mistake in judge({**right, **secrets}) if whole else ():
        found = place_mistake(reader.stack, mistake, right, secrets)
        reader.wrong(found.place, found.what, found.hint)
    _check_length(reader, right, cloud)
    _check_auth(reader, right, exceptions)
    _check_drain(reader, right, cloud)
    return right


def _is_variable(reader: Reader, name: str, value: object) -> bool:
    place = f"environment.{name}"
    if name in RESERVED:
        reader.wrong(place, "is set by the program or the cloud", "leave it out")
    elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        reader.wrong(place, "is not the name of a variable", "letters, digits and underscores")
    elif not isinstance(value, str):
        reader.wrong(place, f"is {value!r}, not a text", "put it in quotes: YAML reads off as false")
    return not reader.is_wrong(place)


def _check_length(reader: Reader, variables: Mapping[str, str], cloud: str) -> None:
    """ECS takes 64 KiB for a whole task definition (service quotas); what else is in ours is well below 4."""
    length = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if cloud == "aws" and length > _ECS_BYTES:
        reader.wrong("environment", f"has {length} bytes, and ECS takes {_ECS_BYTES}", "leave out what is not needed")


def _check_auth(reader: Reader, variables: Mapping[str, str], exceptions: Exceptions) -> None:
    place = f"environment.{_AUTH}"
    if variables.get(_AUTH, "").strip().lower() == "off" and AUTH_OFF not in exceptions and not reader.is_wrong(place):
        reader.wrong(
            place,
            "is off: whoever knows the host may ask for predictions",
            f"leave it out and give {NAMESPACE}:apiKeys (`outlast keys new` makes an entry), or excuse the rule "
            f"'{AUTH_OFF}' in outlast:{KEY}, with a reason and an end",
        )


def _check_drain(reader: Reader, variables: Mapping[str, str], cloud: str) -> None:
    """A replica that drains as long as it has is killed in the middle of its last answers."""
    place = f"environment.{_DRAIN}"
    text = variables.get(_DRAIN, "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text) and float(text) >= GRACE_SECONDS[cloud] and not reader.is_wrong(place):
        reader.wrong(place, f"is {text}, and {cloud} kills {GRACE_SECONDS[cloud]} s after SIGTERM", "write less")
