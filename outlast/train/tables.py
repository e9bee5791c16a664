"""Which tables are trained on, in which order and with which digests; and which of them each cloud is given."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import cast

from jobs.spec import SCHEMES
from service.errors import InvalidInput, Mistake
from service.stores.files import StoreFile
from service.stores.matching import find_files
from service.tables.readable import Readable
from service.training.datasets import refuse_size

_NOT_IN_ADDRESSES = re.compile(r"[^A-Za-z0-9._-]+")
NAMES = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}


@dataclass(frozen=True)
class Table:
    """One file, here or in a store, with the SHA-256 (hex) and the length of what it holds."""

    file: Readable
    sha256: str
    size: int

    @property
    def scheme(self) -> str:
        """How its address begins; "" for a file on this machine."""
        return self.file.address.scheme if isinstance(self.file, StoreFile) else ""

    @property
    def name(self) -> str:
        """The last part of its address; that of a path here as it may stand in an address."""
        return self.file.name if self.scheme else _NOT_IN_ADDRESSES.sub("-", self.file.name)

    def __str__(self) -> str:
        return str(self.file)


def find_tables(named: Sequence[str]) -> tuple[Table, ...]:
    """The tables that paths, addresses and patterns name, in their order. Raises InvalidInput where one is not there.

    Each is read once for its digest, one in a store as a stream: a store's own tags differ from cloud to cloud.
    """
    return tuple(_measure(file) for text in named for file in find_files(text).files)


def refuse_other_clouds(named: Sequence[str], clouds: Sequence[str]) -> None:
    """Raise InvalidInput for addresses in stores of clouds that do not train: before anything is read of them."""
    mine = [SCHEMES[cloud] for cloud in clouds]
    strange = [text for text in named if text.partition("://")[0] in set(SCHEMES.values()) - set(mine)]
    if strange:
        where = " and ".join(NAMES[cloud] for cloud in clouds)
        mistakes = [Mistake(text, f"lies in a store of another cloud than {where}") for text in strange]
        hint = f"train where it lies, copy it to {' or '.join(f'{scheme}://…' for scheme in mine)}, or name a file here"
        raise InvalidInput("data is trained on where it lies", mistakes, hint=hint)


def choose_tables(tables: Sequence[Table], clouds: Sequence[str]) -> Mapping[str, tuple[Table, ...]]:
    """Cloud -> the tables that it trains on: its own and those on this machine, in the order that was stated.

    Raises InvalidInput for an address of a cloud that does not train, and where clouds would train on other bytes.
    """
    refuse_other_clouds([str(table) for table in tables], clouds)
    chosen = {cloud: tuple(table for table in tables if table.scheme in ("", SCHEMES[cloud])) for cloud in clouds}
    _refuse_same_names(chosen)
    _refuse_differences(chosen)
    return chosen


def _measure(file: Readable) -> Table:
    if not file.is_file():
        raise InvalidInput(f"there is no file {file}", hint="--data names a file, an address, or a pattern of either")
    size = file.size if isinstance(file, StoreFile) else cast(Path, file).stat().st_size
    refuse_size(str(file), size)
    with file.open("rb") as stream:
        return Table(file, hashlib.file_digest(cast(BytesIO, stream), "sha256").hexdigest(), size)


def _refuse_same_names(chosen: Mapping[str, Sequence[Table]]) -> None:
    """A job finds its tables by their names."""
    for tables in chosen.values():
        for name, count in Counter(table.name for table in tables).items():
            if count > 1:
                what = f"{count} of the tables are called {name}"
                raise InvalidInput(what, hint="rename them: a job finds its tables by the last part of their names")


def _refuse_differences(chosen: Mapping[str, Sequence[Table]]) -> None:
    first, *others = chosen
    mistakes = [mistake for other in others for mistake in _differences(first, other, chosen)]
    if mistakes:
        hint = "copy the same files to each cloud, in the same order; or name files here, which are uploaded to each"
        raise InvalidInput("the clouds would train on other data", mistakes, hint=hint)


def _differences(first: str, other: str, chosen: Mapping[str, Sequence[Table]]) -> Iterator[Mistake]:
    for place, (ours, theirs) in enumerate(zip_longest(chosen[first], chosen[other]), 1):
        where = f"table {place}"
        if ours is None or theirs is None:
            has, lacks = (first, other) if theirs is None else (other, first)
            yield Mistake(where, f"{NAMES[has]} has {ours or theirs}, and {NAMES[lacks]} has none")
        elif ours.sha256 != theirs.sha256:
            yield Mistake(where, f"{ours} has the SHA-256 {ours.sha256}, and {theirs} has {theirs.sha256}")
