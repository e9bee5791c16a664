"""`outlast predict --csv`: files of rows in, predictions out, in the same order, however often it is killed.

After each block the output is on disk before the progress file says so. Going on cuts the output back to what the
progress file says and starts at the byte it names: a row is neither lost nor written twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import click

from service.bundle.classifier import Classifier
from service.bundle.folder import Release, choose_released, load_release
from service.bundle.writing import write_whole
from service.command_line import Command, json_option, model_option, print_json
from service.errors import InvalidInput, Refused
from service.evaluation.progress import Announce, show_progress
from service.offline.batch_files import Tables, measure, open_tables
from service.offline.batch_lines import Predictor, render_block, render_heads
from service.offline.batch_output import Output, Summary, identify
from service.offline.batch_rows import BLOCK_BYTES, Block, read_blocks
from service.offline.options import problem_option
from service.offline.remote import RemoteClassifier
from service.stores.matching import Found, find_files
from service.tables.readable import Readable


@dataclass(frozen=True)
class Progress:
    """How far a run is: the file, its next byte and last row done, and the sizes of the outputs up to there.

    `of` identifies what is being done: going on with another input or model would mix two answers in one file.
    """

    of: str
    offset: int
    row: int
    out_bytes: int
    bad_bytes: int
    predicted: int
    bad: int
    file: int = 0

    def add(self, block: Block, out_bytes: int, bad_bytes: int) -> Progress:
        """How far it is after one block more."""
        return replace(
            self,
            offset=block.end,
            row=block.last,
            out_bytes=out_bytes,
            bad_bytes=bad_bytes,
            predicted=self.predicted + len(block.numbers),
            bad=self.bad + len(block.bad),
        )


def predict_file(
    predictor: Predictor,
    source: Readable | Found,
    out: Path,
    *,
    overwrite: bool = False,
    parse: Sequence[str] = (),
    block_bytes: int = BLOCK_BYTES,
    announce: Announce = lambda step, done, of: None,
) -> Summary:
    """Classify every row of a file, or of several, into `out`; rows that cannot be, into `<out>.bad.csv` with reasons.

    `parse` are columns whose amounts or dates are read as numbers.
    Raises InvalidInput for a file that does not fit the model, and Refused where `out` holds something else.
    """
    found = source if isinstance(source, Found) else Found((source,), False)
    output = Output.of(out, found.files)
    tables = open_tables(found, predictor.manifest, parse=parse, announce=announce)
    identity = identify(tables, predictor.digest, parse)
    progress = _read_progress(output.state, identity, overwrite)
    if progress is None:
        output.refuse_existing(overwrite)
        progress = _begin(output, tables, predictor, identity)
    else:
        output.refuse_missing()
    resumed_at = progress.row
    progress = _predict(predictor, tables, output, progress, block_bytes, announce)
    output.state.unlink()
    if not progress.bad:
        output.bad.unlink()
    poor = str(output.bad) if progress.bad else ""
    return Summary(progress.predicted, progress.bad, resumed_at, str(out), poor, tables.read_as)


def _predict(
    predictor: Predictor, tables: Tables, output: Output, progress: Progress, size: int, announce: Announce
) -> Progress:
    total, before = tables.size, sum(map(measure, tables.tables[: progress.file]))
    with output.out.open("r+b") as good, output.bad.open("r+b") as poor:
        for stream, end in ((good, progress.out_bytes), (poor, progress.bad_bytes)):
            stream.truncate(end)
            stream.seek(end)
        for place in range(progress.file, len(tables.tables)):
            table = tables.tables[place]
            if place != progress.file:
                progress = replace(progress, file=place, offset=table.file.body, row=0)
            blocks = read_blocks(table, predictor.manifest, offset=progress.offset, row=progress.row, size=size)
            for block in blocks:
                for stream, lines in zip((good, poor), render_block(block, place, tables, predictor), strict=True):
                    stream.write(lines)
                    stream.flush()
                    os.fsync(stream.fileno())
                progress = progress.add(block, good.tell(), poor.tell())
                _keep(output.state, progress)
                announce("rows", before + block.end, total)
            before += measure(table)
    return progress


def _read_progress(path: Path, identity: str, overwrite: bool) -> Progress | None:
    if overwrite or not path.exists():
        return None
    try:
        progress = Progress(**json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        what = f"{path} does not say how far a run got: {error}"
        raise InvalidInput(what, hint="give another --out, or begin anew with --overwrite") from error
    if progress.of != identity:
        raise Refused(
            f"{path} is of a run with another input or another model, so this run cannot go on from it",
            hint="give another --out, or begin anew with --overwrite",
        )
    return progress


def _begin(output: Output, tables: Tables, predictor: Predictor, identity: str) -> Progress:
    head, bad_head = render_heads(tables, predictor.manifest)
    output.out.write_bytes(head)
    output.bad.write_bytes(bad_head)
    progress = Progress(identity, tables.tables[0].file.body, 0, len(head), len(bad_head), 0, 0)
    _keep(output.state, progress)
    return progress


def _keep(path: Path, progress: Progress) -> None:
    write_whole(path, json.dumps(asdict(progress)))


@click.command("predict", cls=Command)
@click.option(
    "--csv",
    "source",
    required=True,
    metavar="FILES",
    help="The rows, with a header: CSV, gzip or Parquet; a path, an address (s3://, az://, gs://), or a pattern.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where predictions go, in the same order.")
@model_option
@problem_option
@click.option("--url", "urls", multiple=True, help="An endpoint, several for several sites; default: predict here.")
@click.option("--api-key", envvar="OUTLAST_API_KEY", default=None, help="The endpoint's key.  [OUTLAST_API_KEY]")
@click.option("--ca-file", type=click.Path(path_type=Path), default=None, help="A CA to trust beside the system's.")
@click.option("--batch", type=click.IntRange(1, 10_000), default=500, show_default=True, help="Rows a request.")
@click.option("--dask", metavar="ADDRESS", default=None, help="Predict on a Dask cluster: tcp://host:8786, or local.")
@click.option("--parts", metavar="ADDRESS", default=None, help="Where a cluster leaves its parts.  [beside --out]")
@click.option("--parse", multiple=True, metavar="COLUMN", help="Read amounts or dates as numbers, as in training.")
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever --out holds.")
@json_option
def predict(
    source: str,
    out: Path,
    model: str | None,
    problem: str | None,
    urls: tuple[str, ...],
    api_key: str | None,
    ca_file: Path | None,
    batch: int,
    dask: str | None,
    parts: str | None,
    parse: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Classify the rows of files, here, by an endpoint or on a cluster. A killed run goes on where it was."""
    release = load_release(choose_released(problem or model))
    sites = [url for url in urls if url != "local"]
    if sites and "local" in urls:
        raise InvalidInput("--url names endpoints and `local` together", hint="leave out one or the other")
    if dask is None and parts is not None:
        raise InvalidInput("--parts is for a cluster, and --dask names none", hint="add --dask local, or leave it out")
    if dask is not None and sites:
        raise InvalidInput("--dask and --url name two places to predict", hint="leave out one or the other")
    found = find_files(source)
    with ExitStack() as stack:
        announce = stack.enter_context(show_progress())
        if dask is not None:
            done = _predict_on(dask, release, found, out, parts, overwrite, parse, announce)
        else:
            predictor = cast(Predictor, Classifier(release))
            if sites:
                endpoint = RemoteClassifier(
                    release.manifest, release.digest, sites, api_key=api_key, ca_file=ca_file, batch=batch
                )
                predictor = stack.enter_context(endpoint)
            # A block is what a kill costs at most: small where each row crosses a network.
            block = BLOCK_BYTES // 10 if sites else BLOCK_BYTES
            done = predict_file(
                predictor, found, out, overwrite=overwrite, parse=parse, block_bytes=block, announce=announce
            )
    print_json(asdict(done)) if as_json else click.echo(_describe(done))


def _predict_on(
    dask: str,
    release: Release,
    found: Found,
    out: Path,
    parts: str | None,
    overwrite: bool,
    parse: Sequence[str],
    announce: Announce,
) -> Summary:
    from service.cluster.client import open_cluster
    from service.offline.batch_spread import predict_on_cluster

    with open_cluster(dask) as cluster:
        return predict_on_cluster(
            release, found, out, cluster=cluster, parts=parts, overwrite=overwrite, parse=parse, announce=announce
        )


def _describe(done: Summary) -> str:
    words = f"{done.predicted} rows predicted into {done.out}"
    words += f"; {done.bad} set apart, with reasons, in {done.bad_rows}" if done.bad else ""
    words += f" (went on after row {done.resumed_at})" if done.resumed_at else ""
    words += f" ({done.found_rows} of them found finished)" if done.found_rows else ""
    return words + (f"; read with: {done.read_as}" if done.read_as else "")


COMMANDS = {"predict": predict}
