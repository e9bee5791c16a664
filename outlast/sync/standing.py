"""How far each remembered copy is behind, for `outlast status --copies`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from outlast.sync.plan import Held, Lag, measure_lags
from outlast.sync.reading import look, read_source
from outlast.sync.reckoning import describe_bytes
from outlast.sync.remembered import Remembered, load
from service.errors import InvalidInput, OutlastError
from service.stores.opening import open_store


@dataclass
class Standing:
    """A set's copies, each beside the newest.

    `changed`: files of the source folder that the newest manifest has not, or has otherwise; None: not known.
    """

    run: Remembered
    lags: list[Lag]
    changed: int | None = None
    unread: dict[str, OutlastError] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As plain data."""
        unread = {place: str(error) for place, error in self.unread.items()}
        copies = [{**asdict(lag), "in_step": not lag.is_behind} for lag in self.lags]
        return {**asdict(self.run), "copies": copies, "changed_since": self.changed, "unread": unread}


def collect(folder: Path) -> list[Standing]:
    """Every set that was copied from this folder. Raises InvalidInput where none was."""
    runs = load(folder)
    if not runs:
        hint = "outlast sync --from service/released --to s3://…,az://…,gs://… (docs/guides/sync-stores.md)"
        raise InvalidInput("nothing was copied to other stores from this folder", hint=hint)
    return [_stand(run) for run in runs]


def _stand(run: Remembered) -> Standing:
    held: list[Held] = []
    unread: dict[str, OutlastError] = {}
    for place in run.targets:
        try:
            held.append(look(open_store(place), place, run.what))
        except OutlastError as error:
            unread[place] = error
    changed = None
    if held and "://" not in run.source:
        try:
            changed = _count_changes(run, held)
        except OutlastError as error:
            unread[run.source] = error
    return Standing(run, measure_lags(held), changed, unread)


def _count_changes(run: Remembered, held: list[Held]) -> int:
    source = read_source(run.source, run.what)
    top = max(store.number for store in held)
    newest = {file for store in held if store.number == top for manifest in store.newest for file in manifest.files}
    return len({file.name for file in newest ^ set(source.files)})


def render(standings: list[Standing]) -> Iterator[str]:
    """A line for each copy."""
    for standing in standings:
        run = standing.run
        yield f"{run.what}, copied last {run.at} from {run.source}:"
        yield from (f"  {lag.store}: {_describe(lag)}" for lag in standing.lags)
        yield from (f"  {place}: not read: {error.what}" for place, error in standing.unread.items())
        if standing.changed:
            yield f"  {standing.changed} files differ in the source since: repeat `outlast sync --what {run.what}`"


def _describe(lag: Lag) -> str:
    if not lag.number:
        return "empty" if not lag.is_behind else f"empty: {lag.files} files, {describe_bytes(lag.size)} lacking"
    told = f"number {lag.number} of {lag.made}"
    if lag.contested:
        return f"{told}, which two runs wrote at once: repeat the `outlast sync` whose source is right"
    if not lag.is_behind:
        return f"{told}, in step"
    return f"{told}, {lag.behind} behind: {lag.files} files, {describe_bytes(lag.size)} lacking"
