"""The kinds of rule that a resource type's row may hold: for one value, for several together, for a replacement.

What the SDKs' types let through and the real API would refuse only in the middle of an update is refused here before
anything is made, all of it at once. Values that a preview does not know yet are left alone. Every rule names its
source. infra computes names within these limits on purpose from its own tables (`infra.plan`): the simulator's rules
are taken from the clouds' documentation, so the two check each other. Sizes and regions are the exception:
`infra.sizes` and `infra.settings.regions` are their one table, with its sources, and the rows ask it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.settings.regions import TITLES, regions_of
from sandbox.clouds.values import Values, nested
from sandbox.engine.wire import UNKNOWN

Mistake = tuple[str, str]  # path, reason
Combination = Callable[[Values], Iterator[Mistake]]


@dataclass(frozen=True)
class Text:
    """A rule for a name: how long, which characters, and where that is written."""

    longest: int | None  # None: nobody says how long
    pattern: str
    source: str
    shortest: int = 1

    def refuses(self, value: str) -> bool:
        fits = self.shortest <= len(value) <= (self.longest or len(value))
        return not fits or re.fullmatch(self.pattern, value) is None

    def __str__(self) -> str:
        longest = f"{self.shortest} to {self.longest}" if self.longest else f"{self.shortest} or more"
        return f"{longest} characters like {self.pattern} ({self.source})"


@dataclass(frozen=True)
class Range:
    """A whole number from `least` to `most`, both included."""

    least: int
    most: int
    source: str

    def refuses(self, value: float) -> bool:
        return not self.least <= value <= self.most

    def __str__(self) -> str:
        return f"{self.least} to {self.most} ({self.source})"


@dataclass(frozen=True)
class OneOf:
    """One of these values."""

    values: Sequence[Any]
    source: str

    def refuses(self, value: Any) -> bool:
        return value not in self.values

    def __str__(self) -> str:
        return f"one of {', '.join(map(str, self.values))} ({self.source})"


@dataclass(frozen=True)
class Network:
    """An IPv4 range in CIDR notation whose prefix has from `least` to `most` bits, and no bit set beyond it."""

    least: int
    most: int
    source: str

    def refuses(self, value: str) -> bool:
        try:
            return not self.least <= ipaddress.IPv4Network(value).prefixlen <= self.most
        except ValueError:
            return True

    def __str__(self) -> str:
        return f"an IPv4 range from /{self.least} to /{self.most} that begins where it says ({self.source})"


@dataclass(frozen=True)
class Region:
    """A region of a cloud: one of `infra.settings.regions`, where its source is, or of `others`. Azure has no case."""

    cloud: str
    others: tuple[str, ...] = ()

    def refuses(self, value: str) -> bool:
        written = value.lower().replace(" ", "") if self.cloud == "azure" else value
        return written not in regions_of(self.cloud) and written not in self.others

    def __str__(self) -> str:
        others = f", or one of {', '.join(self.others)}" if self.others else ""
        return f"a region of {TITLES[self.cloud]}{others} (infra.settings.regions)"


Rule = Text | Range | OneOf | Network | Region

PORT = Range(1, 65535, "TCP")


def mistakes(limits: Mapping[str, Rule], combinations: Iterable[Combination], inputs: Values) -> list[Mistake]:
    """(path, reason) of everything that is wrong with the inputs of a resource, beyond their types."""
    found = [
        (where, f"{value!r} is not {rule}")
        for path, rule in limits.items()
        for where, value in values_at(inputs, path)
        if rule.refuses(value)
    ]
    return found + [mistake for check in combinations for mistake in check(inputs)]


def values_at(inputs: Values, path: str) -> Iterator[tuple[str, Any]]:
    """What is at `a.b` or at every place of `a[].b`, with its place; nothing where it is absent or not known yet."""
    head, brackets, rest = path.partition("[]")
    value = nested(inputs, *head.split("."))
    if value is None or value is UNKNOWN:
        return
    if not brackets:
        yield head, value
        return
    for position, item in enumerate(value if isinstance(value, list) else []):
        where = f"{head}[{position}]"
        if not rest:
            if item is not UNKNOWN:
                yield where, item
        elif isinstance(item, dict):
            yield from ((f"{where}.{inner}", found) for inner, found in values_at(item, rest.removeprefix(".")))


# -- for combinations ------------------------------------------------------------------------------------------------


def is_given(inputs: Values, name: str) -> bool:
    """Whether an input is there and not empty."""
    value = inputs.get(name)
    return value is not None and value is not False and value not in ([], {}, "")


def is_known(*values: Any) -> bool:
    """Whether none of the values is absent or unknown until the update."""
    return all(value is not None and value is not UNKNOWN for value in values)


# -- for replacement -------------------------------------------------------------------------------------------------

# The installed SDKs hardly say which change replaces a resource, so the sources are the providers' code and the APIs.
TERRAFORM_AWS = "hashicorp/terraform-provider-aws, which pulumi-aws wraps: ForceNew in internal/service"
SDK = "the installed SDK's documentation of the property"
# A name that an id is made of cannot change without the id: then it is another resource.
ID = "the resource's id holds it"
# botocore is installed: a test looks these up in its service models.
NO_MEMBER = "botocore: absent from"
NO_UPDATE = "botocore: the API has no operation that changes it"


def because(source: str, *inputs: str) -> dict[str, str]:
    """Inputs whose change replaces the resource -> where that is written."""
    return dict.fromkeys(inputs, source)
