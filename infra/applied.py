"""Work on values that are known only while the engine runs: what goes wrong there is said as everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pulumi

from service.errors import OutlastError

T = TypeVar("T")
U = TypeVar("U")


def apply(value: pulumi.Output[T], work: Callable[[T], pulumi.Input[U]]) -> pulumi.Output[U]:
    """What `work` makes of `value`, once that is known.

    Of all errors RunError is the one that Pulumi shows without a traceback. `__main__.py` makes one of an OutlastError
    that the program raises; this runs later, when nobody stands around it any more.
    """

    def told(known: T) -> pulumi.Input[U]:
        try:
            return work(known)
        except OutlastError as error:
            raise pulumi.RunError(str(error)) from None

    return value.apply(told)
