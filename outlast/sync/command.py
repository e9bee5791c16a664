"""`outlast sync`: copy a set of files to several stores, check what they hold, or get a set back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from outlast.sync import reckoning
from outlast.sync.checking import Checked, check, measure
from outlast.sync.copying import Target, worst_of
from outlast.sync.manifest import SETS
from outlast.sync.meter import count_bytes
from outlast.sync.reading import read_source
from outlast.sync.reckoning import Leg, describe_bytes, describe_usd
from outlast.sync.restoring import restore
from outlast.sync.run import Run, prepare
from service.command_line import Command, json_option, print_json, say, say_error, working
from service.errors import Deviated, InvalidInput, Mistake, OutlastError
from service.stores.opening import open_store
from service.stores.store import Store

T = TypeVar("T")
GUIDE = "docs/guides/sync-stores.md"


@click.command("sync", cls=Command)
@click.option("--what", type=click.Choice(SETS), default="models", show_default=True, help="Which set of files.")
@click.option("--from", "source", metavar="PLACE", help="A folder, or a store: s3://…, az://ACCOUNT/…, gs://…")
@click.option("--to", "to", multiple=True, metavar="PLACES", help="Stores to make alike, with commas between.")
@click.option("--into", type=click.Path(path_type=Path), help="Get the files back from a store into this folder.")
@click.option("--check", "checks", is_flag=True, help="Read back all that the stores of --to hold, of every set.")
@click.option("--dry-run", is_flag=True, help="Say what would be moved and what it costs; move nothing.")
@click.option(
    "--as-newest", is_flag=True, help="Copy files that the stores held earlier: they become the newest again."
)
@json_option
def sync(
    what: str,
    source: str | None,
    to: tuple[str, ...],
    into: Path | None,
    checks: bool,
    dry_run: bool,
    as_newest: bool,
    as_json: bool,
) -> None:
    """Keep models, feedback or data alike in several object stores. Nothing is overwritten or deleted.

    What died on the way goes on from there when the same command is repeated. Leaves with 5 and names the key where an
    object is not what was written, with 3 where a store holds something newer, with 4 where one does not answer.
    """
    places = split_places(to)
    refuse_misfits(source, places, into, checks)
    if checks:
        _check(places, dry_run, as_json)
    elif into:
        _restore(str(source), what, into, dry_run, as_json)
    else:
        with working("reading the source and the stores"):
            run = prepare(Path.cwd(), what, str(source), places, as_newest=as_newest)
        _copy(run, dry_run, as_json)


def split_places(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses of `--to`, each once."""
    return tuple(
        dict.fromkeys(place.strip().rstrip("/") for text in texts for place in text.split(",") if place.strip())
    )


def refuse_misfits(source: str | None, places: tuple[str, ...], into: Path | None, checks: bool) -> None:
    """Raises InvalidInput where the options do not make one task."""
    mistakes = []
    if bool(places) == bool(into):
        mistakes.append(Mistake("--to", "or --into is needed, and not both", "--to s3://…,az://…,gs://…"))
    if checks and (source or into):
        mistakes.append(Mistake("--check", "reads what --to names, and nothing else", "leave out --from and --into"))
    if not checks and not source:
        mistakes.append(Mistake("--from", "is missing", "--from service/released, or a store"))
    if source and source.rstrip("/") in places:
        mistakes.append(Mistake("--to", f"{source} is where it is copied from", "leave it out"))
    if mistakes:
        raise InvalidInput("these options make no copy", mistakes, hint=f"{GUIDE} tells how")


def _copy(run: Run, dry_run: bool, as_json: bool) -> None:
    for line in run.describe_plan():
        say(line)
    if dry_run:
        if as_json:
            print_json(run.document())
        _leave(run.unread, run.targets)
        return
    with count_bytes("copying", run.size) as add:
        run.execute(add)
    if as_json:
        print_json(run.document())
    else:
        for line in run.describe_result():
            click.echo(line)
    _leave(run.unread, run.targets)


def _restore(address: str, what: str, folder: Path, dry_run: bool, as_json: bool) -> None:
    with working(f"reading {address}"):
        source = read_source(address, what)
    leg = Leg(address, out=sum(file.size for file in source.files))
    say(f"{len(source.files)} files, {describe_bytes(leg.out)}; at most {describe_usd(leg.usd)} of egress")
    written = None
    if not dry_run:
        with count_bytes("writing", leg.out) as add:
            written = restore(source, folder, add)
    if as_json:
        about = {"set": what, "source": address, "files": len(source.files), "bytes": leg.out}
        print_json({**about, "egress_usd": leg.usd, "into": str(folder), "written": written})
    elif written is not None:
        click.echo(f"{folder}: {written} files written, {len(source.files) - written} were there")


def _check(places: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    stores = {place: open_store(place) for place in places}
    unread: dict[str, OutlastError] = {}
    with working("listing what the stores hold"):
        sizes = _ask_each(stores, lambda store, _: measure(store), unread)
    legs = [Leg(place, out=size) for place, size in sizes.items()]
    seconds = reckoning.predict_seconds(legs, None)
    total = f"{describe_bytes(sum(sizes.values()))} to read back, about {seconds:.0f} s"
    say(f"{total}, at most {describe_usd(reckoning.sum_usd(legs))} of egress ({reckoning.describe_prices()})")
    if dry_run:
        if as_json:
            print_json([{"address": leg.address, "bytes": leg.out, "egress_usd": leg.usd} for leg in legs])
        _leave(unread)
        return
    with count_bytes("reading back", sum(sizes.values())) as add:
        answering = {place: stores[place] for place in sizes}
        found = _ask_each(answering, lambda store, place: check(store, place, add), unread)
    _print_checks(list(found.values()), unread, as_json)
    findings = [finding for one in found.values() for finding in one.findings]
    if findings:
        for error in unread.values():
            say_error(error)
        hint = "delete what was changed, and repeat the `outlast sync` that wrote it: it writes it again"
        raise Deviated("not all copies are what was written:\n- " + "\n- ".join(findings), hint=hint)
    _leave(unread)


def _ask_each(
    stores: dict[str, Store], ask: Callable[[Store, str], T], unread: dict[str, OutlastError]
) -> dict[str, T]:
    """What each store answers; one that does not is added to `unread`, and the next is asked."""
    answers = {}
    for place, store in stores.items():
        try:
            answers[place] = ask(store, place)
        except OutlastError as error:
            unread[place] = error
    return answers


def _print_checks(found: list[Checked], unread: dict[str, OutlastError], as_json: bool) -> None:
    if as_json:
        print_json([*(one.document() for one in found), *({"address": a, "error": str(e)} for a, e in unread.items())])
        return
    for one in found:
        click.echo(describe_check(one))
    for place in unread:
        click.echo(f"{place}: not read back")


def describe_check(one: Checked) -> str:
    """A store in one line."""
    told = f"{one.address}: {one.manifests} manifests, {one.blobs} blobs, {describe_bytes(one.size)} read back"
    if one.extra:
        told += f"; {one.extra} ({describe_bytes(one.extra_bytes)}) that no manifest names"
    if one.gone:
        told += f"; {one.gone} of earlier manifests are no longer there"
    return told + (f"; {len(one.findings)} wrong" if one.findings else "; all as written")


def _leave(unread: dict[str, OutlastError], targets: Sequence[Target] = ()) -> None:
    """Tell every error; the command leaves with that of the worst."""
    errors = [*unread.values(), *(error for target in targets if (error := target.error))]
    worst = worst_of(errors)
    for error in errors:
        if error is not worst:
            say_error(error)
    if worst:
        raise worst


COMMANDS = {"sync": sync}
