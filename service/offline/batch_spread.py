"""`outlast predict --csv --dask`: the ranges of a run scored by a Dask cluster, and joined to what one machine writes.

What is finished lies in a store as parts, and a repeated command scores only what is not: neither the death of a worker
nor that of the scheduler costs more than the ranges that were being scored.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.bundle.folder import Release
from service.cluster.client import Cluster
from service.cluster.versions import digest_code
from service.errors import InvalidInput
from service.evaluation.progress import Announce
from service.offline.batch_files import Tables, open_tables
from service.offline.batch_lines import render_heads
from service.offline.batch_output import Output, Summary, identify
from service.offline.batch_parts import (
    Job,
    Record,
    collect_parts,
    find_finished,
    read_records,
    score_range,
    verify_parts,
)
from service.offline.batch_plan import RANGE_BYTES, Range, parse_plan, plan_ranges, render_plan
from service.offline.batch_rows import BLOCK_BYTES
from service.stores.matching import Found
from service.stores.opening import open_store
from service.stores.store import Store, read_whole

_PLAN = "plan.json"


@dataclass(frozen=True)
class Cuts:
    """How much a block and a range hold, in bytes of text.

    Ranges are shorter where there would be few: whoever is done then has something to take from the others.
    """

    block: int = BLOCK_BYTES
    range: int = RANGE_BYTES
    fewest: int = 64

    def choose_range(self, size: int) -> int:
        """The length of a range of a run, by the size of its input and by nothing that may change before it resumes."""
        return min(self.range, max(self.block, size // self.fewest))


def predict_on_cluster(
    release: Release,
    found: Found,
    out: Path,
    *,
    cluster: Cluster,
    parts: str | None = None,
    overwrite: bool = False,
    parse: Sequence[str] = (),
    cuts: Cuts = Cuts(),
    announce: Announce = lambda step, done, of: None,
) -> Summary:
    """Classify every row of the files into `out`, byte for byte as `predict_file` does it.

    Parts are kept at the address `parts`; where that is None, beside `out` until they are joined.
    Raises as `predict_file` does, and Unavailable where the cluster goes away.
    """
    output = Output.of(out, found.files)
    output.refuse_existing(overwrite)
    tables = open_tables(found, release.manifest, parse=parse, announce=announce)
    identity = f"{identify(tables, release.digest, parse)} {cuts} {digest_code()}"
    place = _place(parts or f"{out.resolve()}.parts", identity)
    store = open_store(place)
    ranges = _plan(store, tables, cuts, announce)
    records = read_records(store)
    found_rows = sum(one.rows for one in ranges if one.number in records)
    _score(cluster, Job(release, tables, place, cuts.block), ranges, records, announce)
    _refuse_unseen(store, ranges, place)
    verify_parts(ranges, records)
    bad = sum(record.bad for record in records.values())
    output.write(
        render_heads(tables, release.manifest),
        lambda good, poor: collect_parts(store, ranges, records, good, poor),
        any_bad=bool(bad),
    )
    if parts is None:
        shutil.rmtree(f"{out.resolve()}.parts")
    predicted = sum(record.predicted for record in records.values())
    return Summary(predicted, bad, 0, str(out), str(output.bad) if bad else "", tables.read_as, found_rows)


def _place(parts: str, identity: str) -> str:
    """The address of this run's parts: those of another input, model or Outlast lie elsewhere."""
    return f"{parts.rstrip('/')}/{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def _plan(store: Store, tables: Tables, cuts: Cuts, announce: Announce) -> list[Range]:
    """The ranges: those of the run that this one goes on with, where there was one."""
    if store.find(_PLAN) is None:
        ranges = plan_ranges(tables, size=cuts.choose_range(tables.size), block_bytes=cuts.block, announce=announce)
        store.put_if_absent(_PLAN, render_plan(ranges))
    return parse_plan(read_whole(store, _PLAN))


def _score(cluster: Cluster, job: Job, ranges: Sequence[Range], records: dict[int, Record], announce: Announce) -> None:
    """Score what is not finished, and add its records."""
    wanted = [one for one in ranges if one.number not in records]
    total = sum(one.rows for one in ranges)
    done = total - sum(one.rows for one in wanted)
    for record in cluster.run(score_range, wanted, shared=job, called="ranges"):
        records[record.number] = record
        done += record.predicted + record.bad
        announce("rows", done, total)


def _refuse_unseen(store: Store, ranges: Sequence[Range], place: str) -> None:
    """Parts that workers wrote to disks of their own."""
    if not find_finished(store).issuperset(one.number for one in ranges):
        what = f"the workers finished every range, and their parts are not in {place} as it is seen from here"
        raise InvalidInput(what, hint="give --parts a folder that all machines share, or s3://, az:// or gs://")
