"""`outlast predict --csv`: a CSV file in, predictions out, in the same order, however often it is killed.

After each block the output is on disk before the progress file says so. Going on cuts the output back to what the
progress file says and starts at the byte it names: a row is neither lost nor written twice.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import click
import numpy as np
from numpy.typing import NDArray

from service.bundle.classifier import Classifier, Predictions
from service.bundle.folder import choose_released
from service.bundle.manifest import Manifest
from service.bundle.writing import write_whole
from service.command_line import Command, json_option, model_option, print_json
from service.errors import InvalidInput, Refused
from service.evaluation.progress import show_progress
from service.offline.batch_rows import BLOCK_BYTES, BadRow, Block, Table, open_table, read_blocks
from service.offline.options import problem_option
from service.offline.remote import RemoteClassifier
from service.tables.outputs import refuse_own_input


class Predictor(Protocol):
    """What answers: the released model here, or an endpoint."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def digest(self) -> str: ...

    def predict(self, rows: NDArray[Any]) -> Predictions: ...


@dataclass(frozen=True)
class Progress:
    """How far a run is: the input's next byte and last row done, and the sizes of the outputs up to there.

    `of` identifies what is being done: going on with another input or model would mix two answers in one file.
    """

    of: str
    offset: int
    row: int
    out_bytes: int
    bad_bytes: int
    predicted: int
    bad: int


@dataclass(frozen=True)
class Summary:
    """What a run did: rows predicted, rows set apart, and the row it went on from (0: from the start).

    `read_as` says how the file is written, where that is not UTF-8 with commas and decimal points.
    """

    predicted: int
    bad: int
    resumed_at: int
    out: str
    bad_rows: str
    read_as: str


def predict_file(
    predictor: Predictor,
    source: Path,
    out: Path,
    *,
    overwrite: bool = False,
    parse: Sequence[str] = (),
    block_bytes: int = BLOCK_BYTES,
    announce: Callable[[str, int, int], None] = lambda step, done, of: None,
) -> Summary:
    """Classify every row of a CSV file into `out`; rows that cannot be, into `<out>.bad.csv` with their reasons.

    `parse` are columns whose amounts or dates are read as numbers.
    Raises InvalidInput for a file that does not fit the model, and Refused where `out` holds something else.
    """
    table = open_table(source, predictor.manifest, parse=parse)
    bad_path, state_path = out.with_name(out.name + ".bad.csv"), out.with_name(out.name + ".progress.json")
    refuse_own_input(source, (out, bad_path, state_path))
    identity = _identify(source, predictor, parse)
    progress = _read_progress(state_path, identity, overwrite)
    if progress is None:
        _refuse_existing(out, bad_path, overwrite)
        progress = _begin(out, bad_path, table, predictor.manifest, identity)
        _keep(state_path, progress)
    resumed_at = progress.row
    encoding = table.file.dialect.encoding
    size = encoding.start + encoding.size
    with out.open("r+b") as good, bad_path.open("r+b") as poor:
        good.truncate(progress.out_bytes)
        poor.truncate(progress.bad_bytes)
        good.seek(progress.out_bytes)
        poor.seek(progress.bad_bytes)
        for block in read_blocks(table, predictor.manifest, offset=progress.offset, row=progress.row, size=block_bytes):
            good.write(_render_block(block, predictor))
            poor.write(_render_bad(block.bad))
            for stream in (good, poor):
                stream.flush()
                os.fsync(stream.fileno())
            progress = Progress(
                identity,
                block.end,
                block.last,
                good.tell(),
                poor.tell(),
                progress.predicted + len(block.numbers),
                progress.bad + len(block.bad),
            )
            _keep(state_path, progress)
            announce("rows", block.end, size)
    state_path.unlink()
    if not progress.bad:
        bad_path.unlink()
    poor_path = str(bad_path) if progress.bad else ""
    return Summary(progress.predicted, progress.bad, resumed_at, str(out), poor_path, str(table.file.dialect))


def _identify(source: Path, predictor: Predictor, parse: Sequence[str]) -> str:
    stat = source.stat()
    said = f"{source.resolve()} {stat.st_size} {stat.st_mtime_ns} {predictor.digest}"
    return said + "".join(f" --parse {name}" for name in sorted(parse))


def _read_progress(path: Path, identity: str, overwrite: bool) -> Progress | None:
    if overwrite or not path.exists():
        return None
    progress = Progress(**json.loads(path.read_bytes()))
    if progress.of != identity:
        raise Refused(
            f"{path} is of a run with another input or another model, so this run cannot go on from it",
            hint="give another --out, or begin anew with --overwrite",
        )
    return progress


def _refuse_existing(out: Path, bad_path: Path, overwrite: bool) -> None:
    for path in (out, bad_path):
        if path.exists() and not overwrite:
            raise Refused(f"{path} exists, and no unfinished run left it", hint="give another --out, or --overwrite")
    if not out.parent.is_dir():
        raise InvalidInput(f"there is no folder {out.parent}", hint="make it, or give another --out")


def _begin(out: Path, bad_path: Path, table: Table, manifest: Manifest, identity: str) -> Progress:
    heads = ["row", *table.carried_names, "label", *(f"probability_{c}" for c in manifest.classes), "note"]
    head, bad_head = _render_lines([heads]), _render_lines([["row", "reason", *table.columns]])
    out.write_bytes(head)
    bad_path.write_bytes(bad_head)
    return Progress(identity, table.file.body, 0, len(head), len(bad_head), 0, 0)


def _keep(path: Path, progress: Progress) -> None:
    write_whole(path, json.dumps(asdict(progress)))


def _render_block(block: Block, predictor: Predictor) -> bytes:
    if not block.numbers:
        return b""
    labels, probabilities = predictor.predict(block.rows)
    # Seven digits are what a float32 holds.
    shares = np.char.mod("%.7g", probabilities.astype(np.float64)).tolist()
    together = zip(block.numbers, block.kept, labels.tolist(), shares, block.notes, strict=True)
    return _render_lines([number, *kept, label, *share, note] for number, kept, label, share, note in together)


def _render_bad(rows: Sequence[BadRow]) -> bytes:
    return _render_lines([bad.row, bad.reason, *bad.fields] for bad in rows)


def _render_lines(lines: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


@click.command("predict", cls=Command)
@click.option("--csv", "source", type=click.Path(path_type=Path), required=True, help="The rows, with a header.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where predictions go, in the same order.")
@model_option
@problem_option
@click.option("--url", "urls", multiple=True, help="An endpoint, several for several sites; default: predict here.")
@click.option("--api-key", envvar="OUTLAST_API_KEY", default=None, help="The endpoint's key.  [OUTLAST_API_KEY]")
@click.option("--ca-file", type=click.Path(path_type=Path), default=None, help="A CA to trust beside the system's.")
@click.option("--batch", type=click.IntRange(1, 10_000), default=500, show_default=True, help="Rows a request.")
@click.option("--parse", multiple=True, metavar="COLUMN", help="Read amounts or dates as numbers, as in training.")
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever --out holds.")
@json_option
def predict(
    source: Path,
    out: Path,
    model: str | None,
    problem: str | None,
    urls: tuple[str, ...],
    api_key: str | None,
    ca_file: Path | None,
    batch: int,
    parse: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Classify the rows of a CSV file, here or by an endpoint. A killed run goes on where it was."""
    local = Classifier.load(choose_released(problem or model))
    sites = [url for url in urls if url != "local"]
    if sites and "local" in urls:
        raise InvalidInput("--url names endpoints and `local` together", hint="leave out one or the other")
    # A block is what a kill costs at most: small where each row crosses a network.
    block = BLOCK_BYTES // 10 if sites else BLOCK_BYTES
    with ExitStack() as stack:
        announce, predictor = stack.enter_context(show_progress()), cast(Predictor, local)
        if sites:
            endpoint = RemoteClassifier(
                local.manifest, local.digest, sites, api_key=api_key, ca_file=ca_file, batch=batch
            )
            predictor = stack.enter_context(endpoint)
        done = predict_file(
            predictor, source, out, overwrite=overwrite, parse=parse, block_bytes=block, announce=announce
        )
    words = f"{done.predicted} rows predicted into {done.out}"
    words += f"; {done.bad} set apart, with reasons, in {done.bad_rows}" if done.bad else ""
    words += f" (went on after row {done.resumed_at})" if done.resumed_at else ""
    words += f"; the file was read with: {done.read_as}" if done.read_as else ""
    print_json(asdict(done)) if as_json else click.echo(words)


COMMANDS = {"predict": predict}
